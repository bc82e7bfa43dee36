"""Many readings as columns: what ingest makes of packets and the log stores, without an object a reading."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, overload

import pyarrow as pa
import pyarrow.compute as pc
from typing_extensions import override

from cloud.ports.telemetry import LoggedReading
from cloud.reading_rows import FIELDS, Row, instant_of, milliseconds, reading_of, row_of
from edge.contract import Telemetry

SCAN_SCHEMA: Final = pa.schema(
    [
        pa.field("device_id", pa.string(), nullable=False),
        pa.field("sampled_at", pa.timestamp("ms", "UTC"), nullable=False),
        pa.field("interval_s", pa.float64(), nullable=False),
        pa.field("seq", pa.int64()),
        pa.field("mode", pa.string(), nullable=False),
        pa.field("fan", pa.string()),
        pa.field("setpoint_c", pa.float64()),
        pa.field("indoor_dry_bulb_c", pa.float64()),
        pa.field("indoor_rh_pct", pa.float64()),
        pa.field("outdoor_dry_bulb_c", pa.float64()),
        pa.field("electric_power_w", pa.float64()),
        pa.field("energy_total_kwh", pa.float64()),
        pa.field("compressor_ratio", pa.float64()),
        pa.field("motion", pa.bool_()),
        pa.field("changed_by", pa.string()),
        pa.field("advice_id", pa.string()),
    ]
)
"""What a scan gives: the fields of a reading, without `schema_version`, which is 1."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadingColumns(Sequence[Telemetry]):
    """Readings that become `Telemetry` only when somebody looks at one.

    Attributes:
        batch: The columns of a scan; valid values, as the contract has them.
    """

    batch: pa.RecordBatch

    @classmethod
    def of(cls, readings: Iterable[Telemetry]) -> "ReadingColumns":
        """The same readings as columns."""
        if isinstance(readings, ReadingColumns):
            return readings
        return cls(batch_of([row_of(reading) for reading in readings]))

    def rows(self) -> Iterator[Row]:
        """A tuple for each reading, in the order of `FIELDS`."""
        return rows_of(self.batch)

    def oldest_at(self) -> datetime | None:
        """The earliest `sampled_at`; None of nothing."""
        oldest_ms = pc.min(self.batch.column("sampled_at").view(pa.int64())).as_py()
        return None if oldest_ms is None else instant_of(oldest_ms)

    @override
    def __len__(self) -> int:
        return int(self.batch.num_rows)

    @override
    def __iter__(self) -> Iterator[Telemetry]:
        return map(reading_of, self.rows())

    @overload
    def __getitem__(self, index: int) -> Telemetry: ...
    @overload
    def __getitem__(self, index: slice) -> "ReadingColumns": ...
    @override
    def __getitem__(self, index: int | slice) -> "Telemetry | ReadingColumns":
        places = range(len(self))[index]
        if isinstance(places, int):
            return reading_of(next(rows_of(self.batch.slice(places, 1))))
        return ReadingColumns(self.batch.take(pa.array(places, pa.int64())))

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


def batch_of(rows: Iterable[Row]) -> pa.RecordBatch:
    """The columns of a scan, of rows."""
    return batch_of_columns(list(zip(*rows, strict=True)))


def batch_of_columns(columns: Sequence[Sequence[object]]) -> pa.RecordBatch:
    """The columns of a scan, of a sequence for each of `FIELDS`, or none at all; what follows is left out."""
    columns = columns or [()] * len(SCAN_SCHEMA)
    arrays = [array_of(values, field) for values, field in zip(columns, SCAN_SCHEMA, strict=False)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCAN_SCHEMA)


def rows_of(batch: pa.RecordBatch) -> Iterator[Row]:
    """The rows of a scan's columns."""
    times_ms = batch.column(1).view(pa.int64())
    columns = (batch.column(0), times_ms, *batch.columns[2:])
    return zip(*[column.to_pylist() for column in columns], strict=True)


def array_of(values: Sequence[object], field: pa.Field) -> pa.Array:
    """The values of a column; `sampled_at` is told as UTC milliseconds since 1970."""
    if field.name == FIELDS[1]:
        return pa.array(values, pa.int64()).cast(field.type)  # whole milliseconds
    try:
        return pa.array(values, field.type)
    except pa.ArrowInvalid:
        if field.type != pa.bool_():
            raise
        truths = [None if value is None else bool(value) for value in values]  # SQLite has no booleans
        return pa.array(truths, field.type)


def days_of(run: Sequence[LoggedReading]) -> set[date]:
    """The UTC days that a run of the log touches."""
    if isinstance(run, LoggedTable):
        return run.days()
    return {logged.reading.sampled_at.date() for logged in run}
