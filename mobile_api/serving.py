"""Serving: granian with one worker process of many threads, and what it takes to start and stop it well."""

import http.client
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from mobile_api.config import ApiSettings
from mobile_api.errors import AddressTakenError
from mobile_api.logs import SERVER_LOGS

STOP_S = 4
"""Requests that have not ended by then after SIGTERM are cut off [s]."""

KEEP_ALIVE_S = 0.5
"""How often the worker looks whether its parent still lives [s]."""

READY_POLL_S = 0.02
"""How often a starting server is asked whether it answers [s]."""


def serve(settings: ApiSettings, make_app: Callable[[], Flask], *, drain: Callable[[Flask], None]) -> None:
    """Serve until SIGTERM; `run/api.ready` stands below the data directory while requests are answered.

    SIGTERM drains first: the app is told, and goes on answering for `settings.drain_s`; then it stops to
    listen, and what it has begun to answer has `STOP_S` to end.

    Args:
        settings: Address, threads and data directory.
        make_app: Called in the worker process, so that nothing opened here crosses a fork.
        drain: Tells the app, in the worker process, that it is about to end.

    Raises:
        AddressTakenError: Somebody else listens there.
    """
    _check_address(settings)
    server = MPServer(
        "mobile_api",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads,
        workers_kill_timeout=STOP_S,
        log_level=LogLevels.error,
        log_dictconfig=SERVER_LOGS,
    )
    ready = settings.data_dir / "run" / "api.ready"
    stopping, draining = threading.Event(), multiprocessing.Event()
    server.on_startup(lambda: _announce(settings, ready, stopping))
    server.on_startup(lambda: _drain_first(draining, settings.drain_s))
    server.on_shutdown(stopping.set)
    try:
        server.serve(target_loader=_Worker(make_app, drain, draining))
    finally:
        stopping.set()
        ready.unlink(missing_ok=True)


def _check_address(settings: ApiSettings) -> None:
    """Look first: granian shares a port with whoever allows it, and says little when nobody does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just freed is free
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise AddressTakenError(settings.host, settings.port, error.strerror or str(error)) from error


class _Worker:
    """Makes the app inside the worker process, which ends when its parent has been killed."""

    def __init__(
        self, make_app: Callable[[], Flask], drain: Callable[[Flask], None], draining: Event
    ) -> None:
        self._make_app = make_app
        self._drain = drain
        self._draining = draining
        self._parent = os.getpid()

    def __call__(self, _target: str) -> Flask:
        app = self._make_app()
        threading.Thread(target=self._follow_parent, args=(app,), name="parent-watch", daemon=True).start()
        return app

    def _follow_parent(self, app: Flask) -> None:
        told = False
        while os.getppid() == self._parent:
            if told:
                time.sleep(KEEP_ALIVE_S)
            elif self._draining.wait(KEEP_ALIVE_S):
                self._drain(app)
                told = True
        os.kill(os.getpid(), signal.SIGTERM)


def _drain_first(draining: Event, drain_s: float) -> None:
    """Let the signals that end the server drain it first; the second one ends it at once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        end = signal.getsignal(number)
        if not callable(end):
            continue
        signal.signal(number, partial(_drain_then, draining, drain_s, end))


def _drain_then(
    draining: Event,
    drain_s: float,
    end: Callable[[int, FrameType | None], object],
    number: int,
    frame: FrameType | None,
) -> None:
    if draining.is_set():
        end(number, frame)
        return
    draining.set()
    timer = threading.Timer(drain_s, end, (number, frame))
    timer.daemon = True
    timer.start()


def _announce(settings: ApiSettings, ready: Path, stopping: threading.Event) -> None:
    """Write the ready file as soon as the worker answers."""
    ready.parent.mkdir(parents=True, exist_ok=True)
    ready.unlink(missing_ok=True)

    def wait() -> None:
        while not stopping.wait(READY_POLL_S):
            if _answers(settings):
                ready.touch()
                if stopping.is_set():
                    ready.unlink(missing_ok=True)
                return

    threading.Thread(target=wait, name="ready-watch", daemon=True).start()


def _answers(settings: ApiSettings) -> bool:
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
