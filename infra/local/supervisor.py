"""The supervisor: starts the processes of one machine in order, restarts what dies, stops all in reverse."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from infra.local.broker import Broker, last_line
from infra.local.errors import ProcessFailedError

READY_TIMEOUT_S = 60.0
"""A process that is not ready by then does not come up [s]."""

STOP_TIMEOUT_S = 10.0
"""A process that has not ended by then after SIGTERM is killed [s]; what it acknowledged is on disk."""

CHECK_INTERVAL_S = 0.25
"""How often the supervisor looks whether everybody lives [s]."""

MAX_RESTARTS = 20
"""Restarts of one process before the supervisor gives up and says so."""

log = structlog.get_logger()


@dataclass(slots=True)
class Worker:
    """One Python process of ours.

    Attributes:
        name: What messages call it.
        module: What `python -m` runs, with its arguments.
        settings: Its environment variables.
        ready_path: The file that it writes when it can serve.
        log_path: Where what it says goes.
    """

    name: str
    module: Sequence[str]
    settings: Mapping[str, str]
    ready_path: Path
    log_path: Path
    restarts: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it and wait until it is ready.

        Raises:
            ProcessFailedError: It ended, or is not ready in time.
        """
        self.ready_path.unlink(missing_ok=True)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.module],
                env={**environment, **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops us in order
            )
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self.ready_path.exists():
            if not self.alive() or time.monotonic() > deadline:
                self.stop()
                raise ProcessFailedError(self.name, str(self.log_path), last_line(self.log_path))
            time.sleep(0.02)

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL when it does not listen."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """SIGKILL it, as a crash would; the supervisor starts it again."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)


class Supervisor:
    """Keeps the broker and the workers running until told to stop."""

    def __init__(self, broker: Broker, workers: Sequence[Worker], environment: Mapping[str, str]) -> None:
        self.broker = broker
        self.workers = tuple(workers)
        self.failure: ProcessFailedError | None = None
        self._environment = dict(environment)
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start the broker, then each worker in order (ingest first: PUBACK is durable only with it).

        Raises:
            ProcessFailedError: Something does not come up; what was started is stopped again.
        """
        try:
            self.broker.start()
            for worker in self.workers:
                worker.start(self._environment)
        except ProcessFailedError:
            self.stop()
            raise
        self._watcher.start()

    def worker(self, name: str) -> Worker:
        """A worker by name."""
        return next(worker for worker in self.workers if worker.name == name)

    def stop(self) -> None:
        """Stop everything, devices' side first, the broker last."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for worker in reversed(self.workers):
            worker.stop()
        self.broker.stop()

    def wait(self) -> None:
        """Until something cannot be kept running.

        Raises:
            ProcessFailedError: What it is.
        """
        while self.failure is None:
            time.sleep(CHECK_INTERVAL_S)
        raise self.failure

    def _watch(self) -> None:
        while not self._stopping.wait(CHECK_INTERVAL_S):
            try:
                self._revive()
            except ProcessFailedError as error:
                self.failure = error
                log.exception("supervision_ended")
                return

    def _revive(self) -> None:
        if self.broker.pid is None:
            log.warning("broker_restarted")
            self.broker.start()
        for worker in self.workers:
            if not worker.alive():
                worker.restarts += 1
                log.warning("worker_restarted", worker=worker.name, restarts=worker.restarts)
                if worker.restarts > MAX_RESTARTS:
                    raise ProcessFailedError(worker.name, str(worker.log_path), last_line(worker.log_path))
                worker.start(self._environment)
