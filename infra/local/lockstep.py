"""Lock-step: simulated time waits until the cloud has thought and the devices have heard.

Without it a simulated hour would pass in milliseconds and every command would come hours late. Nothing is
short-cut: readings and commands take the same way as always, only the fleet's clock waits for them.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Generic, TypeVar

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_watch import SqliteWatch
from cloud.ports.records import ADVISOR_PK, PROGRESS_SK, AdvisorProgress
from cloud.ports.state import StateStore
from infra.local.errors import LocalError

INGEST_TIMEOUT_S = 90.0
"""Readings that have not arrived by then will not come [s]."""

COMMAND_TIMEOUT_S = 1.0
"""How long simulated time waits for commands on their way [s]; a later one is obeyed late, as in life."""


POLL_S = 0.001
"""How soon a change in the files is seen [s]; what arrives by network is carried at once."""

Figure = TypeVar("Figure")


class StalledError(LocalError):
    """Something on the way has stopped."""

    def __init__(self, expected: int, arrived: int) -> None:
        super().__init__(
            f"{expected} readings were sent and {arrived} arrived within {INGEST_TIMEOUT_S:.0f} s"
        )


class _Followed(Generic[Figure]):
    """A figure that is read again only when its file has changed."""

    def __init__(self, path: Path, read: Callable[[], Figure]) -> None:
        self._watch = SqliteWatch(path)
        self._read = read
        self._figure: Figure | None = None

    def now(self) -> Figure:
        """The figure as it is now."""
        if self._watch.has_changed() or self._figure is None:
            self._figure = self._read()
        return self._figure

    def close(self) -> None:
        self._watch.close()


class Lockstep:
    """Follows what one machine's processes have done, by their files."""

    def __init__(self, data_dir: Path, state: StateStore) -> None:
        log_path, spool_path = data_dir / "ingest.sqlite", data_dir / "edge" / "spool.sqlite"
        self._log = log = SqliteReadingLog(log_path, read_only=True)
        self._state = state
        self._head = _Followed(log_path, log.head)
        self._letters = _Followed(log_path, log.count)
        self._edge_letters = _Followed(spool_path, lambda: _count(spool_path, "dead_letter"))
        self._answered_commands = _Followed(
            log_path, lambda: _count(log_path, "events WHERE kind = 'command_result'")
        )
        self._progress = _Followed(data_dir / "state.sqlite", self._read_progress)
        self.late_rounds = 0
        self._late_commands = 0

    def close(self) -> None:
        """Stop following."""
        for followed in (self._head, self._letters, self._edge_letters, self._answered_commands):
            followed.close()
        self._progress.close()
        self._log.close()

    def progress(self) -> AdvisorProgress:
        """How far the advisor has come."""
        return self._progress.now()

    def refused(self) -> int:
        """Distinct dead letters, at the edge and in the cloud."""
        return self._letters.now() + self._edge_letters.now()

    def arrived(self) -> int:
        """Distinct readings that reached the log or a dead-letter store."""
        return self._head.now() + self.refused()

    def wait_ingested(self, published: int, pump: Callable[[float], None]) -> None:
        """Until `published` distinct readings have arrived.

        Raises:
            StalledError: They do not.
        """
        deadline = time.monotonic() + INGEST_TIMEOUT_S
        while (arrived := self.arrived()) < published:
            if time.monotonic() > deadline:
                raise StalledError(published, arrived)
            pump(POLL_S)

    def wait_decided(self, pump: Callable[[float], None]) -> AdvisorProgress:
        """Until the advisor has taken every reading in the log into account and sent its commands.

        Raises:
            StalledError: It does not.
        """
        head = self._head.now()
        deadline = time.monotonic() + INGEST_TIMEOUT_S
        while (progress := self.progress()).position < head or progress.commands_pending:
            if time.monotonic() > deadline:
                raise StalledError(head, progress.position)
            pump(POLL_S)
        return progress

    def wait_heard(self, commands_sent: int, heard: Callable[[], int], pump: Callable[[float], None]) -> None:
        """Until every command was heard by its device or answered by the edge, or has become late.

        The edge answers what it refuses, and what a newer command overtakes on its way. Late ones are not
        waited for again.
        """
        deadline = time.monotonic() + COMMAND_TIMEOUT_S
        while heard() + self._late_commands < commands_sent:
            pump(POLL_S)
            done = heard() + self._answered_commands.now()
            if done + self._late_commands >= commands_sent:
                return
            if time.monotonic() > deadline:
                self.late_rounds += 1
                self._late_commands = commands_sent - done
                return

    def _read_progress(self) -> AdvisorProgress:
        item = self._state.get(ADVISOR_PK, PROGRESS_SK)
        return AdvisorProgress() if item is None else AdvisorProgress.model_validate(item.body)


def _count(path: Path, what: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608 (ours)
    return int(count)
