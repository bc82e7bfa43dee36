"""How far ingest is behind, in a file that anybody may read at any time (as the gateway's status)."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cloud.ports.telemetry import IngestCommit
from cloud.reading_columns import ReadingColumns


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """One ingest worker at one moment.

    Attributes:
        at: When (UTC).
        session: Its durable session at the broker.
        topics: What it subscribes to.
        connected: Whether the broker can be reached.
        readings: Readings committed since the start.
        dead_letters: Elements refused since the start.
        readings_per_s: Readings committed in the last interval, over its length.
        waiting_bytes: What came from the broker and is not taken yet; at its limit the broker is held back.
        oldest_age_s: How old the oldest reading of the last interval was when it came; what was spooled
            somewhere is old, and so is what waited at the broker; None without one [s].
        longest_commit_s: The longest commit of the last interval, its retries included [s].
        failing_since: Since when nothing can be committed (UTC); None when all is well.
        unsealed_readings: Readings in the log that the lake does not have yet.
    """

    at: datetime
    session: str
    topics: Sequence[str]
    connected: bool
    readings: int
    dead_letters: int
    readings_per_s: float
    waiting_bytes: int
    oldest_age_s: float | None
    longest_commit_s: float
    failing_since: datetime | None
    unsealed_readings: int


@dataclass(slots=True)
class IngestMeter:
    """What the worker has done, to be read from time to time; of one thread."""

    readings: int = 0
    dead_letters: int = 0
    failing_since: datetime | None = None
    interval_readings: int = 0
    oldest_age_s: float | None = None
    longest_commit_s: float = 0.0

    def failed(self, at: datetime) -> None:
        """The log did not take what is in hand."""
        self.failing_since = self.failing_since or at

    def committed(self, commit: IngestCommit, took_s: float) -> None:
        """A round is on disk."""
        self.failing_since = None
        self.readings += len(commit.readings)
        self.dead_letters += len(commit.dead_letters)
        self.interval_readings += len(commit.readings)
        self.longest_commit_s = max(self.longest_commit_s, took_s)
        oldest = ReadingColumns.of(commit.readings).oldest_at()
        if oldest is not None and commit.received_at is not None:
            age_s = (commit.received_at - oldest).total_seconds()
            self.oldest_age_s = age_s if self.oldest_age_s is None else max(age_s, self.oldest_age_s)

    def begin_interval(self) -> None:
        """From here on the next interval counts."""
        self.interval_readings, self.oldest_age_s, self.longest_commit_s = 0, None, 0.0


def write_status(path: Path, status: IngestStatus) -> None:
    """Replace the file at once: a reader sees the old status or the new one, never half of it."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(status), indent=1, default=datetime.isoformat))
    temporary.replace(path)
