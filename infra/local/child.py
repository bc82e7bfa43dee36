"""A child process of this machine's stack: launched, asked whether it serves, and ended."""

import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.local.errors import ProcessFailedError

READY_POLL_S = 0.02
"""How often a starting process is asked whether it serves [s]."""

STOP_TIMEOUT_S = 10.0
"""A process that has not ended by then after SIGTERM is killed [s]; what it acknowledged is on disk."""

MAX_LINE_LENGTH = 300
"""Of a log's last line in a message [characters]."""


class ChildProcess(ABC):
    """One process that can be started again on the same files.

    Args:
        name: What messages call it.
        log_path: Where what it says goes.
        ready_timeout_s: A process that does not serve by then will not [s].

    Attributes:
        restarts: How often it had to be started again.
    """

    def __init__(self, name: str, log_path: Path, ready_timeout_s: float) -> None:
        self.name = name
        self.log_path = log_path
        self.ready_timeout_s = ready_timeout_s
        self.restarts = 0
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def launch(self) -> None:
        """Start it and return at once."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it runs and serves."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            LocalError: It cannot be started, has ended, or does not serve in time.
        """
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it serves.

        Raises:
            ProcessFailedError: It has ended, or does not serve in time; it does not run any more.
        """
        deadline = time.monotonic() + self.ready_timeout_s
        while not self.is_ready():
            if self.pid is None or time.monotonic() > deadline:
                self.stop()
                raise self.failure()
            time.sleep(READY_POLL_S)

    def failure(self) -> ProcessFailedError:
        """The error that says that it does not run, with the last that it said."""
        return ProcessFailedError(self.name, str(self.log_path), last_line(self.log_path))

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        process = self._process
        if process is not None:
            process.send_signal(number)

    def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL when it does not listen."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def _spawn(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops us in order
            )


def last_line(log: Path) -> str:
    """The last line of a log, for an error message."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:MAX_LINE_LENGTH] if lines else ""
