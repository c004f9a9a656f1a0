# The demo: a chat. chat.html is its page.
# Start it with:  wszero demo
from collections import deque

from wszero import *

LONGEST_LINE = 300      # letters
LONGEST_NAME = 20
lines = deque(maxlen=50)        # for those who come later; the oldest line drops out


def tell_who_is_here():
    broadcast('who', people=[{'id': client.id, 'name': client.name} for client in clients])


def news(text):
    broadcast('news', text=text)


@on('connect')
def connect(client):
    client.send('lines', lines=list(lines))
    tell_who_is_here()
    news(f'{client.name} is here')


@on('disconnect')
def disconnect(client):
    tell_who_is_here()
    news(f'{client.name} has gone')


@on('say')
def say(client, text):
    # Never trust what comes in: a page can send anything.
    text = str(text).strip()
    if len(text) > LONGEST_LINE:
        client.send('refused', why=f'That is too long: at most {LONGEST_LINE} letters, please.')
    elif text:
        line = {'id': client.id, 'name': client.name, 'text': text}
        lines.append(line)
        broadcast('line', **line)


@on('rename')
def rename(client, name):
    name = ' '.join(str(name).split())[:LONGEST_NAME]
    if any(other.name.lower() == name.lower() for other in clients):
        client.send('refused', why=f'There is a {name} here already. Choose another name.')
    elif name:
        old = client.name
        client.name = name
        tell_who_is_here()
        news(f'{old} is now called {name}')


run_server()
