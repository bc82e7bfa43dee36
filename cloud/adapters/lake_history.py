"""Readings with their places in the log, as they lie in a lake or in a log: what a replay takes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from cloud.adapters import lake_query
from cloud.adapters.file_lake import FileLake
from cloud.adapters.sqlite_log import SqliteReadingLog

RUN_ROWS: Final = 20_000
"""Of a log at a time [readings]."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which readings: start <= sampled_at < end, of some devices or, when none is named, of all."""

    start: datetime
    end: datetime
    device_ids: frozenset[str] = field(default=frozenset())

    def of(self, rows: pa.Table) -> pa.Table:
        """Those rows that are within."""
        times = rows["sampled_at"]
        within = pc.and_(
            pc.greater_equal(times, pa.scalar(self.start, times.type)),
            pc.less(times, pa.scalar(self.end, times.type)),
        )
        if self.device_ids:
            devices = pa.array(sorted(self.device_ids))
            within = pc.and_(within, pc.is_in(rows["device_id"], value_set=devices))
        return rows.filter(within)


def rows_of_lake(lake: FileLake, span: Span) -> Iterator[pa.Table]:
    """One row a key, with its position; a bucket of a day at a time, so that a season needs no more memory.

    Raises:
        UnavailableError: The lake cannot be read now.
    """
    first, last = span.start.astimezone(UTC).date(), span.end.astimezone(UTC).date()
    for day in lake.days():
        if first <= day <= last:
            now = lake.snapshot()  # of each day: what is replaced does not stay for long
            files = now.snapshot.files(day, day)
            for _, part in groupby(files, key=lambda file: file.partition):
                yield span.of(now.store.ask(list(part), lake_query.merge))


def rows_of_log(log: SqliteReadingLog, span: Span) -> Iterator[pa.Table]:
    """All that the log still has, in order, with its position.

    Raises:
        UnavailableError: The log cannot be read now.
    """
    after, head = 0, log.head()
    while run := log.read_run(after, head, RUN_ROWS):
        yield span.of(run.table)
        after = run[-1].position
