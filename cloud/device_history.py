"""A device's whole history: the last days from the log, which is quick, what was before from the lake."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa
from typing_extensions import override

from cloud.history_steps import steps_of
from cloud.lake_sealer import KEEP_IN_LOG
from cloud.ports.history import DeviceHistory, HistoryStep
from cloud.ports.telemetry import Lake, Readings
from cloud.reading_columns import SCAN_SCHEMA, ReadingColumns
from edge.contract import Telemetry

AROUND: Final = timedelta(hours=6)
"""So far before and after a span a counter is looked up: a gap that is longer loses energy at its ends."""

PIECE: Final = timedelta(days=8)
"""What is read at once: bounds the memory, also of a device that reports every second."""

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WholeHistory(DeviceHistory):
    """Log and lake as one; where both have a reading, the log's came last.

    Attributes:
        log: What the last days brought, and when the device was heard last.
        lake: Everything that is older, and most of the rest.
    """

    log: Readings
    lake: Lake

    @override
    def readings(self, device_id: str, start: datetime, end: datetime, limit: int) -> list[Telemetry]:
        found: list[Telemetry] = []
        while start < end and len(found) < limit:
            stop = _later(start, PIECE, end)
            table = self._table(device_id, start, stop).slice(0, limit - len(found)).combine_chunks()
            found += [reading for batch in table.to_batches() for reading in ReadingColumns(batch)]
            start = stop
        return found

    @override
    def steps(self, device_id: str, edges: Sequence[datetime]) -> list[HistoryStep]:
        return [
            step
            for piece in _pieces(edges)
            for step in steps_of(
                self._table(device_id, _later(piece[0], -AROUND, _FIRST), _later(piece[-1], AROUND, _LAST)),
                piece,
            )
        ]

    @override
    def check(self) -> None:
        self.log.latest("")
        self.lake.snapshot()

    def _table(self, device_id: str, start: datetime, end: datetime) -> pa.Table:
        """The readings with start <= sampled_at < end, with the columns of a scan, ascending."""
        newest = self.log.latest(device_id)
        floor = _FIRST if newest is None else _later(newest.sampled_at, -KEEP_IN_LOG, _FIRST)
        recent = self.log.between(device_id, max(start, floor), end) if floor < end else []
        logged = pa.Table.from_batches([ReadingColumns.of(recent).batch])
        if start >= floor and _begins_at(recent, start):
            return logged
        return _overlaid(self.lake.scan(start, end, device_id), logged)


def _begins_at(recent: Sequence[Telemetry], start: datetime) -> bool:
    """Whether nothing is missing at the beginning, so that the log was not cut there."""
    if not recent:
        return False
    first = recent[0]
    return first.sampled_at - start <= timedelta(seconds=first.interval_s)


def _overlaid(older: pa.Table, newer: pa.Table) -> pa.Table:
    """Both, ascending; of one instant the newer one's."""
    if newer.num_rows == 0:
        return older
    both = pa.concat_tables([older.cast(SCAN_SCHEMA), newer.cast(SCAN_SCHEMA)]).combine_chunks()
    at_ms = np.asarray(both["sampled_at"].cast(pa.int64()))
    order = np.argsort(at_ms, kind="stable")
    is_last = np.append(np.diff(at_ms[order]) != 0, np.True_)
    return both.take(pa.array(order[is_last]))


def _pieces(edges: Sequence[datetime]) -> Iterator[Sequence[datetime]]:
    """Neighbouring steps that begin within `PIECE` of each other, each piece with both its ends."""
    starts = range(len(edges) - 1)
    for _, group in groupby(starts, lambda place: (edges[place] - edges[0]) // PIECE):
        places = list(group)
        yield edges[places[0] : places[-1] + 2]


def _later(instant: datetime, span: timedelta, bound: datetime) -> datetime:
    """`instant + span`, but not beyond `bound`."""
    if span < timedelta(0):
        return instant + span if instant - bound > -span else bound
    return instant + span if bound - instant > span else bound
