# A lamp and a button on a Raspberry Pi: the page switches the lamp, the button writes to the page.
# An LED on GPIO 17, a push button on GPIO 2. Without a Raspberry Pi, pretend ones do.
import glob

from gpiozero import LED, Button, Device
from gpiozero.pins.mock import MockConnectedPin, MockFactory

from wszero import *

pretend = not glob.glob('/dev/gpiomem*')
if pretend:
    Device.pin_factory = pins = MockFactory()
    # The pretend finger is a lamp on pin 3, wired to the button's pin: it presses by lighting up.
    pins.pin(3, pin_class=MockConnectedPin, input_pin=pins.pin(2))
    finger = LED(3, active_high=False)

lamp = LED(17)
button = Button(2)


@on('connect')
def connect(client):
    client.send('lamp', is_on=lamp.is_lit)
    client.send('button', text='Pressed' if button.is_pressed else 'Not pressed')


@on('switch')
def switch(client, is_on):
    lamp.value = bool(is_on)
    broadcast('lamp', is_on=lamp.is_lit)


@on('press')
def press(client):
    if pretend:
        finger.blink(on_time=0.5, n=1)      # a press of half a second


# gpiozero calls these two from a thread of its own. broadcast() works from any thread.
button.when_pressed = lambda: broadcast('button', text='Pressed')
button.when_released = lambda: broadcast('button', text='Not pressed')

run_server()
