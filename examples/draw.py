# A drawing board for everybody. Whoever comes late gets the picture so far.
from collections import deque

from wszero import *

strokes = deque(maxlen=5000)    # the newest 5000: a picture that grows for ever would get slow


@on('connect')
def connect(client):
    client.send('picture', strokes=list(strokes))


@on('stroke')
def stroke(client, colour, points):
    if len(points) > 200:       # our page sends a few points at a time
        return
    strokes.append({'colour': colour, 'points': points})
    client.send_others('stroke', colour=colour, points=points)


@on('clear')
def clear(client):
    strokes.clear()
    broadcast('picture', strokes=[])


run_server()
