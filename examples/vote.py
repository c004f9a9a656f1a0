# A class vote. The program remembers the votes, so whoever comes late sees them too.
from wszero import *

votes = {'cat': 0, 'dog': 0, 'fish': 0}


@on('connect')
def connect(client):
    client.choice = None
    client.send('votes', **votes)       # the same as: cat=votes['cat'], dog=votes['dog'] …


@on('vote')
def vote(client, animal):
    if animal not in votes:
        return                          # our page never sends that, but somebody could
    if client.choice:
        votes[client.choice] -= 1       # everybody has one vote, and may change it
    client.choice = animal
    votes[animal] += 1
    client.send('thanks', text=f'You voted for: {animal}')
    broadcast('votes', **votes)


@on('again')
def again(client):
    for animal in votes:
        votes[animal] = 0
    for everybody in clients:
        everybody.choice = None
    broadcast('votes', **votes)
    broadcast('thanks', text='A new vote!')


run_server()
