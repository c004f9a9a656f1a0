"""wszero: put a message on every screen in the room, with six lines of Python.

    from wszero import *

    @on('connect')
    def hello(client):
        broadcast('hello', text=f'{client.name} is here')

    run_server()

General layout, from the bottom up; a module knows only those before it:

- `hiding_files`: looks, before all else, whether Python's own modules can be found
- `errors`, `places`, `python_words`, `name_words`, `call_words`, `program_text`, `mistakes`,
  `console`, `reporter`: plain words for what goes wrong
- `protocol`, `monitor_protocol`: the messages to pages and to the editor's panel, pure
- `groups`, `client`, `handlers`, `app`: the core, without sockets, threads or asyncio
- `clock`, `baton`, `sleeping`, `naps`, `asyncside`, `runtime`: whose turn it is to run the child's
  code
- `file_names`, `pages`, `script_tag`, `watch`: the files that pages are made of
- `origins`, `listening`, `runs`, `network`, `browsers`: who may come in, ports, addresses, the
  browser
- `heads`, `requests`, `handshake`, `ranges`, `file_answers`, `visitors`, `accepting`, `web`: HTTP
- `frames`, `pipe`, `wire`, `link`: one socket, and one client over one socket after another
- `hangups`, `holding`, `limits`, `sessions`, `waiting`, `outgoing`, `server`: the network thread
- `monitor`, `panel` …: the link to an editor's panel, and its model
- `driver`: puts all of it together
- `names`: the child's functions; `testing`: pretend browsers; `cli`: the command line
"""

from __future__ import annotations

from . import hiding_files as hiding_files  # first of all: it may end the program
from . import hooks
from .app import App
from .client import Client as Client
from .driver import Driver
from .errors import WszeroError as WszeroError
from .names import broadcast, clients, default_app, every, on, run_server
from .sleeping import sleep

__version__ = "0.1.0"

# Client and WszeroError are for annotations and for `except`: not among the child's names.
__all__ = ["App", "broadcast", "clients", "every", "on", "run_server", "sleep"]

App.make_driver = Driver
hooks.install(default_app)
