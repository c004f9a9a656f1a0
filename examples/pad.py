# Phones are the game pads, the computer is the screen: who catches the most stars?
import random

from wszero import *

star = [50, 50]                 # across and down, from 0 to 100


@on('connect')
def connect(client):
    client.x, client.y = random.randint(10, 90), random.randint(10, 90)
    client.dx = client.dy = client.points = 0
    client.add_to_group('players')
    client.send('you', name=client.name, points=0)


@on('be_the_screen')
def be_the_screen(client):
    client.remove_from_group('players')
    client.add_to_group('screens')


@on('steer')
def steer(client, dx, dy):      # a thumb is on an arrow: -1, 0 or 1. Off it: 0 and 0
    client.dx, client.dy = max(-1, min(1, dx)), max(-1, min(1, dy))


@every(0.05)
def move():
    players = [client for client in clients if 'players' in client.groups]
    for player in players:
        player.x = max(0, min(100, player.x + player.dx))
        player.y = max(0, min(100, player.y + player.dy))
        if abs(player.x - star[0]) < 5 and abs(player.y - star[1]) < 5:
            star[:] = random.randint(5, 95), random.randint(5, 95)
            player.points += 1
            player.send('you', name=player.name, points=player.points)
    scene = [{'name': p.name, 'x': p.x, 'y': p.y, 'points': p.points} for p in players]
    broadcast('scene', 'screens', star=star, players=scene)


run_server()
