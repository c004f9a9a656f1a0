# A quiz buzzer: whoever presses first may answer.
from wszero import *

winner = None                   # nobody has pressed yet


@on('connect')
def connect(client):
    client.send('you', name=client.name)
    if winner:
        client.send('first', text=f'{winner} was first')


@on('buzz')
def buzz(client):
    global winner               # this function changes the winner from above
    if winner is None:
        winner = client.name
        broadcast('first', text=f'{winner} was first')
        broadcast('note', text='')
    else:
        client.send('note', text='Too late!')


@on('reset')
def reset(client):
    global winner
    winner = None
    broadcast('first', text='Get ready …')
    broadcast('note', text='')


run_server()
