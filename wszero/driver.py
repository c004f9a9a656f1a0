"""Puts a running server together: port, threads, panel link, browser; and takes it apart again."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

from . import hooks
from .app import App
from .browsers import may_show, open_page
from .busy import BusyWatch
from .console import console
from .errors import WszeroError
from .forced_end import end_after, end_with_the_program
from .listening import listen
from .monitor import MonitorLink
from .monitor_protocol import (
    Broadcast,
    Command,
    Kick,
    Mute,
    Send,
    Started,
    Stop,
    Stopping,
)
from .options import Options, make_options
from .pages import Pages
from .places import program_file
from .program_text import findings
from .runs import Runs
from .runtime import Runtime
from .server import Server
from .welcome import Addresses, welcome

SHOW_AFTER_S = 1.0
"""A page of an earlier run that comes back within this time is used instead of a new one."""
STOP_PATIENCE_S = 0.4
LOST_PANEL_EXIT_S = 2.0


class Driver:
    """Runs one app on the network.

    Args:
        app: The app.
        port: What the program asked for.
        given: The other settings, see ``run_server``.

    Raises:
        BadOption: A setting makes no sense.
        BadPort: The port makes no sense.
    """

    def __init__(self, app: App, port: object, given: Dict[str, Any]) -> None:
        self._app = app
        self._options: Options = make_options(port, given)
        self._runtime = Runtime(app)
        self._busy = BusyWatch(app, self._runtime)
        self._stop_asked = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._is_stopping = False
        self._has_console = False
        self._runs: Optional[Runs] = None
        self._runs_in_front = False
        self._got_sigterm = False
        self._reason = ""
        self._sockets: List[socket.socket] = []
        self._server: Optional[Server] = None
        self._undo_hook: Callable[[], None] = lambda: None
        self._link: Optional[MonitorLink] = None
        self._addresses = Addresses(0)

    @property
    def port(self) -> int:
        """The port that pages use."""
        return self._addresses.port

    # ---- start and stop -----------------------------------------------------------------------

    def run(self) -> None:
        """Run until Ctrl-C, Stop or a signal."""
        self._runs_in_front = True
        before = self._catch_sigterm()
        try:
            with _ctrl_c_later():
                self.start()
            # Not one long wait: on Windows Ctrl-C does not end a wait before its time.
            while not (self._stop_asked.wait(0.3) or self._got_sigterm):
                pass
        except KeyboardInterrupt:
            self._reason = self._reason or "Ctrl-C"
        finally:
            with _no_more_ctrl_c():
                self._shut_down()
            if before is not None:
                signal.signal(signal.SIGTERM, before)

    def start(self) -> None:
        """Run in the background."""
        try:
            self._start()
        except BaseException:
            self._shut_down()
            raise

    def _start(self) -> None:
        program = program_file()
        runs = self._runs = Runs(program)
        sockets = self._sockets = listen(
            self._options.host,
            self._options.port,
            search=not self._options.port_is_named,
            named_by="WSZERO_PORT" if self._options.port_is_forced else "",
            make_room=runs.make_room,
        )
        port = sockets[0].getsockname()[1]
        runs.register(port, os.environ.get("WSZERO_MONITOR", ""))
        self._addresses = Addresses(port, self._options.host)
        path = Path(program) if program else None
        name = path.name if path else "Your program"
        run = secrets.token_hex(4)
        pages = Pages(path, self._options.folder)
        server = self._server = Server(
            self._app,
            self._runtime,
            pages,
            self._options,
            run,
            name,
        )
        server.every_sweep = self._look_round
        self._app.transport = server
        console.begin()
        self._has_console = True
        # From here on the app itself schedules those that are new.
        everies = tuple(self._app.everies)
        self._app.later = self._runtime.clock.call_later
        self._app.schedule = self._runtime.schedule
        self._open_panel_link(program, run)
        self._start_server(server)
        for every in everies:
            self._runtime.schedule(every)
        self._undo_hook = hooks.explain_forgotten_awaits(self._app)
        self._greet(name)
        self._look_over(program, pages)

    def _look_round(self) -> None:
        """Twice a second, on the network thread."""
        self._busy.look()
        if self._runs is not None and not self._is_stopping and self._runs.is_asked_to_stop():
            self._app.reporter.say("\nThe program was started again elsewhere: this run ends.")
            self._ask_to_stop("The program was started again.")

    def _look_over(self, program: str, pages: Pages) -> None:
        """Tell of mistakes that raise nothing: the server runs, and does not what is expected."""
        for finding in findings(program) if program else ():
            self._app.report("program", *finding)
        if pages.folder is not None and not pages.folder.is_dir():
            what = f"There is no folder called {self._options.folder} beside the program."
            self._app.report(
                "folder", what, "Build the page first, or choose another: folder='dist'"
            )

    def _start_server(self, server: Server) -> None:
        async def on_loop() -> None:
            if self._link is not None:
                await self._link.start()

        async def before_end() -> None:
            if self._link is not None:
                await self._link.close(Stopping(self._reason))

        server.before_end = before_end
        server.start(self._sockets, on_loop)

    def stop(self) -> None:
        """Stop, and return when all is over: from another thread, or in the middle of a handler."""
        self._ask_to_stop("The program stopped the server.")
        mine = threading.current_thread().name.startswith("wszero-")
        if not mine:
            self._over.wait(5)

    def _ask_to_stop(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._stop_asked.set()
        if not self._runs_in_front:
            threading.Thread(target=self._shut_down, name="wszero-stop", daemon=True).start()

    def _shut_down(self) -> None:
        with self._lock:
            if self._is_stopping:
                return
            self._is_stopping = True
        if self._server is not None:
            self._server.end(1001, self._reason)
        all_ended = self._runtime.stop(STOP_PATIENCE_S)
        if self._server is not None:
            self._server.stop()
        for each in self._sockets:
            each.close()
        if self._runs is not None:
            self._runs.unregister()
        self._undo_hook()
        self._app.reporter.sum_up()
        is_written = console.end() if self._has_console else True
        if not all_ended or not is_written:
            # First of all: from `driver_ended` on, nobody waits for us any more.
            end_with_the_program()
        self._app.driver_ended()
        self._over.set()

    def _catch_sigterm(self) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return None

        def on_sigterm(number: int, frame: object) -> None:
            # No more than this: the main thread may hold any lock just now.
            self._reason = self._reason or "The system asked it to stop."
            self._got_sigterm = True

        return signal.signal(signal.SIGTERM, on_sigterm)

    # ---- the first words, the browser ---------------------------------------------------------

    def _greet(self, name: str) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            # Into a pipe Python writes in blocks: what a handler prints would come much too late.
            # This writes what waits there, so it may take its time.
            console.do(partial(sys.stdout.reconfigure, line_buffering=True))
        replaced = self._runs.replaced if self._runs is not None else None
        if replaced is not None and replaced.port == self._addresses.port:
            self._app.reporter.tell(
                f"An earlier run of {replaced.name} was still going: it has been stopped.\n"
            )
        taken = self._options.port if self._addresses.port != self._options.port else 0
        self._app.reporter.tell(welcome(name, self._addresses, taken if self._options.port else 0))
        if may_show(self._options.show, os.environ):
            self._runtime.clock.call_later(SHOW_AFTER_S, self._show)

    def _show(self) -> None:
        if self._server is not None and not self._server.old_page_came:
            open_page(self._addresses.local, self._app.reporter.tell)

    # ---- the panel ----------------------------------------------------------------------------

    def _open_panel_link(self, program: str, run: str) -> None:
        address = os.environ.get("WSZERO_MONITOR", "")
        if not address:
            return
        self._link = MonitorLink(address, self._obey, self._panel_lost)
        self._app.observer = self._link.emit
        self._link.emit(
            Started(
                program=program,
                run=run,
                url=self._addresses.local,
                tablet_url=self._addresses.tablet,
                other_urls=list(self._addresses.others),
                port=self._addresses.port,
                handlers=[handler.describe() for handler in self._app.handlers],
                python=sys.version.split()[0],
                pid=os.getpid(),
            )
        )

    def _obey(self, command: Command) -> None:
        """Do what the panel says. On the network thread: the child's code is not touched."""
        if isinstance(command, Stop):
            self._ask_to_stop("Stop was pressed.")
            return
        try:
            if isinstance(command, Broadcast):
                self._app.broadcast(command.op, command.group, **command.params)
                return
            assert isinstance(command, (Send, Kick, Mute))
            client = self._app.client_with_id(command.client)
            if client is None:
                return
            if isinstance(command, Send):
                client.send(command.op, **command.params)
            elif isinstance(command, Kick):
                client.kick(command.reason)
            else:
                self._app.mute(client, command.muted)
        except WszeroError as error:
            self._app.report("panel", f"From the panel: {error.what}", error.fix)

    def _panel_lost(self, reason: str) -> None:
        self._ask_to_stop(reason)
        # The editor has gone. Whatever the program still does, nobody can stop it any more.
        threading.Thread(
            target=end_after, args=(LOST_PANEL_EXIT_S,), name="wszero-exit", daemon=True
        ).start()


@contextlib.contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Let Ctrl-C wait for the end of something that must not be left half-way."""
    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if before is not signal.default_int_handler or not is_main:
        yield
        return
    presses: List[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: presses.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if presses:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _no_more_ctrl_c() -> Iterator[None]:
    """Ignore Ctrl-C for as long as the end takes: somebody may be impatient and press again."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
