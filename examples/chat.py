# A chat: what one person writes, everybody can read.
from wszero import *


def tell_who_is_here():
    names = [client.name for client in clients]
    broadcast('here', number=len(names), names=', '.join(names))


@on('connect')
def connect(client):
    client.send('you', name=client.name)
    broadcast('chat', text=f'{client.name} is here')
    tell_who_is_here()


@on('disconnect')
def disconnect(client):
    broadcast('chat', text=f'{client.name} has gone')
    tell_who_is_here()


@on('say')
def say(client, text):
    if len(text) > 100:         # the server makes the rules
        client.send('sorry', text='Please write less: at most 100 letters.')
    else:
        client.send('sorry', text='')
        broadcast('chat', text=f'{client.name}: {text}')


run_server()
