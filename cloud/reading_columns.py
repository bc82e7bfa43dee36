"""Many readings as columns: what ingest makes of packets and the log stores, without an object a reading."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias, overload

import pyarrow as pa
import pyarrow.compute as pc
from typing_extensions import override

from cloud.ports.telemetry import LoggedReading
from cloud.reading_rows import FIELDS, Row, milliseconds, reading_of, row_of
from edge.contract import Telemetry

Columns: TypeAlias = tuple[Sequence[Any], ...]
"""One sequence for each of `FIELDS`, all of the same length; `sampled_at` as UTC milliseconds since 1970."""

NO_COLUMNS: Columns = ((),) * len(FIELDS)


@dataclass(frozen=True, slots=True, eq=False)
class ReadingColumns(Sequence[Telemetry]):
    """Readings that become `Telemetry` only when somebody looks at one.

    Attributes:
        columns: Valid values, as the contract has them.
    """

    columns: Columns

    @classmethod
    def of(cls, readings: Iterable[Telemetry]) -> "ReadingColumns":
        """The same readings as columns."""
        if isinstance(readings, ReadingColumns):
            return readings
        rows = [row_of(reading) for reading in readings]
        return cls(tuple(zip(*rows, strict=True)) if rows else NO_COLUMNS)

    def rows(self) -> Iterator[Row]:
        """A tuple for each reading, in the order of `FIELDS`."""
        return zip(*self.columns, strict=True)

    @override
    def __len__(self) -> int:
        return len(self.columns[0])

    @override
    def __iter__(self) -> Iterator[Telemetry]:
        return map(reading_of, self.rows())

    @overload
    def __getitem__(self, index: int) -> Telemetry: ...
    @overload
    def __getitem__(self, index: slice) -> "ReadingColumns": ...
    @override
    def __getitem__(self, index: int | slice) -> "Telemetry | ReadingColumns":
        if isinstance(index, slice):
            return ReadingColumns(tuple(column[index] for column in self.columns))
        return reading_of(tuple(column[index] for column in self.columns))

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # as of a list


@dataclass(frozen=True, slots=True)
class LoggedTable(Sequence[LoggedReading]):
    """A run of the log that becomes readings only when somebody looks at one.

    Attributes:
        table: The columns of a file of the lake: the place in the log, ascending, and the reading.
    """

    table: pa.Table

    def days(self) -> set[date]:
        """The UTC days that it touches."""
        return set(pc.unique(self.table["sampled_at"].cast(pa.date32())).to_pylist())

    @override
    def __len__(self) -> int:
        return int(self.table.num_rows)

    @overload
    def __getitem__(self, index: int) -> LoggedReading: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LoggedReading]: ...
    @override
    def __getitem__(self, index: int | slice) -> LoggedReading | Sequence[LoggedReading]:
        places = range(len(self))[index]
        if isinstance(places, int):
            return self._reading(places)
        return [self._reading(place) for place in places]

    def _reading(self, place: int) -> LoggedReading:
        position, device_id, sampled_at, *rest = (column[place].as_py() for column in self.table.columns)
        row = (device_id, milliseconds(sampled_at), *rest)
        return LoggedReading(position, reading_of(row))


def days_of(run: Sequence[LoggedReading]) -> set[date]:
    """The UTC days that a run of the log touches."""
    if isinstance(run, LoggedTable):
        return run.days()
    return {logged.reading.sampled_at.date() for logged in run}
