"""The run folder of a data directory: who runs on it, also for whoever starts after a crash.

A lock says whether its `ac-advisor` lives: the system gives it back however that ends. What it has started
is in files, each with the process's id and the time of its creation, by which a process that got the same id
later is told from the one that is meant.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psutil
import structlog

from infra.local.child import STOP_TIMEOUT_S
from infra.local.errors import AlreadyRunningError, DataDirectoryError, LeftoverError

SAME_TIME_S = 1.0
"""Creation times that differ by less are the same [s]: they are counted from a start that is rounded."""

POLL_S = 0.05
"""How often a process that was told to end is looked at [s]."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trace:
    """What is kept of a process that was started.

    Attributes:
        name: What messages call it.
        pid: Its process id.
        created_at_s: When it was created [s since 1970, by the machine's clock].
        place: In the order of the start; ended in reverse.
    """

    name: str
    pid: int
    created_at_s: float
    place: int

    def find(self) -> psutil.Process | None:
        """The process, if it is this one that still runs."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.created_at_s) < SAME_TIME_S
        except psutil.NoSuchProcess:
            return None
        return process if is_same and _runs(process) else None


class RunFolder:
    """`run/` below a data directory.

    Args:
        data_dir: The data directory.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "run"
        self._lock: TextIO | None = None

    def claim(self) -> None:
        """Become the one that runs on the data directory, and end what a crashed one left running.

        Raises:
            AlreadyRunningError: The other one lives.
            LeftoverError: Something that was left running cannot be ended.
            DataDirectoryError: The folder cannot be written.
        """
        try:
            self._take_lock()
        except BlockingIOError as error:
            raise AlreadyRunningError(str(self._data_dir), self._lock_path().read_text()) from error
        except OSError as error:
            raise DataDirectoryError(str(self._data_dir), error.strerror or str(error)) from error
        try:
            for trace in sorted(self._traces(), key=lambda each: each.place, reverse=True):
                _end(trace)
        except LeftoverError:
            self._give_lock_back()
            raise
        self._clear()

    def holder(self) -> int | None:
        """Process id of the `ac-advisor` that runs on the data directory, if one does."""
        with suppress(FileNotFoundError), self._lock_path().open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read())
        return None

    def release(self) -> None:
        """Let another one run on the data directory: all that was started has ended."""
        if self._lock is not None:
            self._clear()
            self._give_lock_back()

    def record(self, name: str, pid: int, place: int) -> None:
        """Note that process `pid` was started, as number `place`."""
        try:
            trace = Trace(name, pid, psutil.Process(pid).create_time(), place)
        except psutil.NoSuchProcess:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}.pid"
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(trace)))
        temporary.replace(path)

    def _take_lock(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = self._lock_path().open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
        except OSError:
            lock.close()
            raise
        self._lock = lock

    def _give_lock_back(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _traces(self) -> list[Trace]:
        return [trace for path in self._folder.glob("*.pid") if (trace := _read(path)) is not None]

    def _clear(self) -> None:
        for path in self._folder.glob("*.pid"):
            path.unlink(missing_ok=True)

    def _lock_path(self) -> Path:
        return self._folder / "ac-advisor.lock"


def _read(path: Path) -> Trace | None:
    """What a file says; None when a power cut left it unfinished (nothing of then runs any more)."""
    try:
        return Trace(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        return None


def _end(trace: Trace) -> None:
    """End a process as its supervisor would have: SIGTERM, and SIGKILL when it does not listen."""
    process = trace.find()
    if process is None:
        return
    log.warning("leftover_ended", process=trace.name, pid=trace.pid)
    try:
        if not _goes(process, process.terminate) and not _goes(process, process.kill):
            raise LeftoverError(trace.name, trace.pid)
    except psutil.AccessDenied as error:
        raise LeftoverError(trace.name, trace.pid) from error


def _goes(process: psutil.Process, ask: Callable[[], None]) -> bool:
    """Whether a process ends in time when it is asked to."""
    try:
        ask()
    except psutil.NoSuchProcess:
        return True
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _runs(process) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return not _runs(process)


def _runs(process: psutil.Process) -> bool:
    """Whether it is more than an entry for which nobody has asked yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
