"""Lock-step: simulated time waits until the cloud has thought and the devices have heard.

Without it a simulated hour would pass in milliseconds and every command would come hours late. Nothing is
short-cut: readings and commands take the same way as always, only the fleet's clock waits for them.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.ports.records import ADVISOR_PK, PROGRESS_SK, AdvisorProgress
from cloud.ports.state import StateStore
from infra.local.errors import LocalError

INGEST_TIMEOUT_S = 90.0
"""Readings that have not arrived by then will not come [s]."""

COMMAND_TIMEOUT_S = 1.0
"""How long simulated time waits for commands on their way [s]; a later one is obeyed late, as in life."""


class StalledError(LocalError):
    """Something on the way has stopped."""

    def __init__(self, expected: int, arrived: int) -> None:
        super().__init__(
            f"{expected} readings were sent and {arrived} arrived within {INGEST_TIMEOUT_S:.0f} s"
        )


class Lockstep:
    """Follows what one machine's processes have done, by their files."""

    def __init__(self, data_dir: Path, state: StateStore) -> None:
        self._log_path = data_dir / "ingest.sqlite"
        self._spool_path = data_dir / "edge" / "spool.sqlite"
        self._log = SqliteReadingLog(self._log_path, read_only=True)
        self._state = state
        self.late_rounds = 0

    def close(self) -> None:
        """Stop following."""
        self._log.close()

    def progress(self) -> AdvisorProgress:
        """How far the advisor has come."""
        item = self._state.get(ADVISOR_PK, PROGRESS_SK)
        return AdvisorProgress() if item is None else AdvisorProgress.model_validate(item.body)

    def refused(self) -> int:
        """Distinct dead letters, at the edge and in the cloud."""
        return self._log.count() + self._scalar(self._spool_path, "SELECT count(*) FROM dead_letter")

    def arrived(self) -> int:
        """Distinct readings that reached the log or a dead-letter store."""
        return self._log.head() + self.refused()

    def wait_ingested(self, published: int, pump: Callable[[float], None]) -> None:
        """Until `published` distinct readings have arrived.

        Raises:
            StalledError: They do not.
        """
        deadline = time.monotonic() + INGEST_TIMEOUT_S
        while (arrived := self.arrived()) < published:
            if time.monotonic() > deadline:
                raise StalledError(published, arrived)
            pump(0.002)

    def wait_decided(self, pump: Callable[[float], None]) -> AdvisorProgress:
        """Until the advisor has taken every reading in the log into account and sent its commands.

        Raises:
            StalledError: It does not.
        """
        head = self._log.head()
        deadline = time.monotonic() + INGEST_TIMEOUT_S
        while (progress := self.progress()).position < head or progress.commands_pending:
            if time.monotonic() > deadline:
                raise StalledError(head, progress.position)
            pump(0.002)
        return progress

    def wait_heard(self, commands_sent: int, heard: Callable[[], int], pump: Callable[[float], None]) -> None:
        """Until every command was heard by its device or refused by the edge, or has become late."""
        deadline = time.monotonic() + COMMAND_TIMEOUT_S
        while heard() < commands_sent:
            pump(0.002)
            if heard() + self._refused_commands() >= commands_sent:
                return
            if time.monotonic() > deadline:
                self.late_rounds += 1
                return

    def _refused_commands(self) -> int:
        return self._scalar(self._log_path, "SELECT count(*) FROM events WHERE kind = 'command_result'")

    @staticmethod
    def _scalar(path: Path, query: str) -> int:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            (value,) = connection.execute(query).fetchone()
        return int(value)
