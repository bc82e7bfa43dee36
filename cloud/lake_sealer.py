"""The sealer: moves runs of the reading log into the lake, merges small files, prunes the log.

It works beside the ingest worker, on a thread and a connection of its own, so that acknowledgements never
wait for a Parquet file. A run that was interrupted is written again under the same name.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Event as Flag

import structlog

from cloud.errors import UnavailableError
from cloud.ports.ingest import CompactingLake, SealableLog
from cloud.ports.telemetry import LoggedReading
from cloud.reading_columns import days_of

MAX_RUN_ROWS = 100_000
"""Readings in one run [rows]: bounds the memory of the sealer."""

KEEP_IN_LOG = timedelta(days=7)
"""How much of each device the log keeps for apps and late readers."""

KEEP_FOR_READERS_S = 3600.0
"""How long a sealed reading stays in the log, whatever its own time, for readers that follow the log [s]."""

PRUNE_INTERVAL_S = 60.0
CLOSED_AFTER = timedelta(days=1)
"""A day is compacted when the newest day is later by more than this."""

LAST_RUNS_S = 3.0
"""How long a clean stop may go on sealing before the last run begins [s]."""

MAX_LAST_DAYS = 20
"""A run at a clean stop touches no more days: each costs files, and stopping may take seconds only."""

POLL_S = 0.2
RETRY_S = 2.0
"""Wait after the disk was full or the log locked [s]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SealPolicy:
    """When a run is due, and what the log may keep of what is in the lake.

    Attributes:
        rows: It is due at so many readings.
        interval_s: Or when its first one has waited for so long [s].
        log_bytes: What the log may keep of sealed readings that came many at once [bytes].
    """

    rows: int
    interval_s: float
    log_bytes: int = 1024**3


class LakeSealer:
    """Keeps the lake close behind the log; one sealer a log.

    Args:
        readings: The log, safe to use beside the worker's use of it.
        lake: Where runs go.
        policy: When a run is due.
        monotonic: Clock of the intervals [s].
        upkeep: What else the lake needs, about once a minute.
    """

    def __init__(
        self,
        readings: SealableLog,
        lake: CompactingLake,
        policy: SealPolicy,
        monotonic: Callable[[], float] = time.monotonic,
        upkeep: Callable[[], None] = lambda: None,
    ) -> None:
        self._readings = readings
        self._lake = lake
        self._policy = policy
        self._monotonic = monotonic
        self._upkeep = upkeep
        self._wake = Flag()
        self._asked = Flag()
        self._waiting_since: float | None = None
        self._sealed_at: deque[tuple[float, int]] = deque()
        self._pruned_at = monotonic()
        self._touched: set[date] = set(lake.days())
        self._newest_day = max(self._touched, default=date.min)
        self._untidy = set(self._touched)
        self._prunable = 0

    def request(self) -> None:
        """Seal what the log holds as soon as possible, whether due or not."""
        self._asked.set()
        self._wake.set()

    def run(self, stop: Flag) -> None:
        """Seal what is due until `stop`, then what is left."""
        failing = False
        while not stop.is_set():
            self._wake.wait(RETRY_S if failing else POLL_S)
            self._wake.clear()
            try:
                self.step(stop)
                failing = False
            except UnavailableError as error:
                if not failing:
                    log.warning("seal_failed", reason=str(error))
                failing = True
        self._seal_last()

    def step(self, stop: Flag | None = None) -> None:
        """Seal if due; then, unless stopping, compact closed days and prune.

        Raises:
            UnavailableError: Log or lake do not take it; step again.
        """
        asked = self._asked.is_set()
        self._asked.clear()
        if asked or self._due():
            try:
                self.seal(stop)
            except UnavailableError:
                if asked:
                    self._asked.set()
                raise
        if stop is None or not stop.is_set():
            self._compact()
            self._prune()

    def seal(self, stop: Flag | None = None) -> int:
        """Move everything that the log holds now into the lake; what is left at `stop` is the last run's.

        Returns:
            The position up to which everything is sealed.

        Raises:
            UnavailableError: Log or lake do not take it; what was moved so far is recorded.
        """
        head = self._readings.head()
        sealed = self._readings.sealed()
        while sealed < head and not (stop and stop.is_set()):
            sealed = self._seal_run(head)
        self._waiting_since = None
        return sealed

    def _due(self) -> bool:
        waiting = self._readings.head() - self._readings.sealed()
        if not waiting:
            self._waiting_since = None
            return False
        now = self._monotonic()
        if self._waiting_since is None:
            self._waiting_since = now
        return waiting >= self._policy.rows or now - self._waiting_since >= self._policy.interval_s

    def _remember(self, sealed: int, run: Sequence[LoggedReading]) -> None:
        days = days_of(run)
        self._touched |= days
        self._untidy |= days
        self._newest_day = max(days | {self._newest_day})
        self._sealed_at.append((self._monotonic(), sealed))
        log.debug("run_sealed", rows=len(run), position=sealed)

    def _compact(self) -> None:
        """Merge the files of days that were written to: all of those that are over, else what piles up."""
        for day in sorted(self._touched):
            if self._newest_day - day > CLOSED_AFTER:
                files = self._lake.compact(day)
                self._touched.discard(day)
                self._untidy.discard(day)
                if files:
                    log.info("day_compacted", day=day.isoformat(), files_merged=files)
        for day in sorted(self._untidy):
            self._lake.tidy(day)
            self._untidy.discard(day)

    def _prune(self) -> None:
        now = self._monotonic()
        if now - self._pruned_at < PRUNE_INTERVAL_S:
            return
        self._pruned_at = now
        self._upkeep()
        while self._sealed_at and now - self._sealed_at[0][0] >= KEEP_FOR_READERS_S:
            self._prunable = self._sealed_at.popleft()[1]
        rows = self._readings.prune(self._prunable, KEEP_IN_LOG) if self._prunable else 0
        if rows:
            log.info("log_pruned", rows=rows)
        cut = self._readings.cut(self._policy.log_bytes)
        if cut:
            log.warning("log_cut", rows=cut, kept_bytes=self._policy.log_bytes)

    def _seal_last(self) -> None:
        """Seal what is left, as far as there is time; the log keeps the rest for the next start."""
        deadline = self._monotonic() + LAST_RUNS_S
        try:
            while self._readings.sealed() < (head := self._readings.head()):
                if self._monotonic() >= deadline:
                    log.warning("last_runs_left_in_log", readings=head - self._readings.sealed())
                    return
                self._seal_run(head, MAX_LAST_DAYS)
        except UnavailableError as error:
            log.warning("last_run_left_in_log", reason=str(error))

    def _seal_run(self, head: int, max_days: int | None = None) -> int:
        """Move a run that begins where the lake ends; how far everything is sealed now."""
        sealed = self._readings.sealed()
        run = self._readings.read_run(sealed, head, MAX_RUN_ROWS)
        while max_days and len(days_of(run)) > max_days:
            run = self._readings.read_run(sealed, head, len(run) // 2)
        if run:
            self._lake.write(sealed + 1, run)
        sealed = run[-1].position if run else head
        self._readings.record_sealed(sealed)
        self._remember(sealed, run)
        return sealed
