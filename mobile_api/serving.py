"""Serving: granian with one worker process of many threads, and what it takes to start and stop it well."""

import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from mobile_api.config import ApiSettings
from mobile_api.errors import AddressTakenError

STOP_S = 4
"""Requests that have not ended by then after SIGTERM are cut off [s]."""

KEEP_ALIVE_S = 0.5
"""How often the worker looks whether its parent still lives [s]."""

READY_POLL_S = 0.02
"""How often a starting server is asked whether it answers [s]."""


def serve(settings: ApiSettings, make_app: Callable[[], Flask]) -> None:
    """Serve until SIGTERM; `run/api.ready` stands below the data directory while requests are answered.

    Args:
        settings: Address, threads and data directory.
        make_app: Called in the worker process, so that nothing opened here crosses a fork.

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
    )
    ready = settings.data_dir / "run" / "api.ready"
    stopping = threading.Event()
    server.on_startup(lambda: _announce(settings, ready, stopping))
    server.on_shutdown(stopping.set)
    try:
        server.serve(target_loader=_Worker(make_app))
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

    def __init__(self, make_app: Callable[[], Flask]) -> None:
        self._make_app = make_app
        self._parent = os.getpid()

    def __call__(self, _target: str) -> Flask:
        threading.Thread(target=self._follow_parent, name="parent-watch", daemon=True).start()
        return self._make_app()

    def _follow_parent(self) -> None:
        while os.getppid() == self._parent:
            time.sleep(KEEP_ALIVE_S)
        os.kill(os.getpid(), signal.SIGTERM)


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
