"""The memory twin of the lake, for tests and for logic that runs without a disk."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

import pyarrow as pa
from typing_extensions import override

from cloud.adapters.lake_table import scan_table
from cloud.ports.ingest import CompactingLake, Forgetting
from cloud.ports.telemetry import LakeReader, LoggedReading


@dataclass(frozen=True, slots=True)
class MemorySnapshot(LakeReader):
    """Some readings, in order of arrival."""

    rows: Sequence[LoggedReading]
    number: int = 0

    @property
    @override
    def version(self) -> int:
        return self.number

    @override
    def scan(
        self, start: datetime | None = None, end: datetime | None = None, device_id: str | None = None
    ) -> pa.Table:
        found: dict[tuple[str, datetime], LoggedReading] = {}
        for logged in self.rows:
            found[logged.reading.device_id, logged.reading.sampled_at] = logged
        return scan_table(
            found[device, at].reading
            for device, at in sorted(found)
            if (start is None or at >= start) and (end is None or at < end)
            if device_id in (None, device)
        )

    @override
    def parts(self, start: datetime | None = None, end: datetime | None = None) -> Iterator[pa.Table]:
        return (ask() for ask in self.questions(start, end))

    @override
    def questions(
        self, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[Callable[[], pa.Table]]:
        devices = sorted({logged.reading.device_id for logged in self.rows})
        return [partial(self.scan, start, end, device_id) for device_id in devices]

    @override
    def days(self) -> list[date]:
        return sorted({logged.reading.sampled_at.date() for logged in self.rows})

    @override
    def count_readings(self) -> int:
        return int(self.scan().num_rows)


@dataclass(slots=True)
class MemoryLake(CompactingLake):
    """A lake that forgets everything with the process; it has no files, so there is nothing to merge."""

    runs: dict[int, list[LoggedReading]] = field(default_factory=dict[int, list[LoggedReading]])
    version: int = 0
    newest: int = 0
    forgotten: dict[str, int] = field(default_factory=dict[str, int])

    @override
    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        self.runs[first_position] = list(filter(self._may_stay, readings))
        self.version += 1
        self.newest = max(self.newest, *(logged.position for logged in readings))

    @override
    def forget(self, device_ids: Collection[str], up_to: int) -> Forgetting:
        before = len(list(self._rows()))
        for device_id in device_ids:
            self.forgotten[device_id] = max(up_to, self.forgotten.get(device_id, 0))
            self.newest = max(self.newest, up_to)
        self.runs = {first: list(filter(self._may_stay, run)) for first, run in self.runs.items()}
        return Forgetting(before - len(list(self._rows())), complete=True)

    @override
    def scan(
        self, start: datetime | None = None, end: datetime | None = None, device_id: str | None = None
    ) -> pa.Table:
        return self.snapshot().scan(start, end, device_id)

    @override
    def snapshot(self) -> MemorySnapshot:
        return MemorySnapshot(list(self._rows()), self.version)

    @override
    def newest_position(self) -> int:
        return self.newest

    @override
    def days(self) -> list[date]:
        return self.snapshot().days()

    @override
    def count_readings(self) -> int:
        return self.snapshot().count_readings()

    @override
    def tidy(self, day: date) -> int:
        return 0

    @override
    def compact(self, day: date) -> int:
        return 0

    @override
    def size_bytes(self) -> int:
        return 0

    @override
    def expire(self, before: date) -> int:
        self.runs = {
            first: [logged for logged in run if logged.reading.sampled_at.date() >= before]
            for first, run in self.runs.items()
        }
        return 0

    @override
    def sweep(self) -> int:
        return 0

    def _may_stay(self, logged: LoggedReading) -> bool:
        return logged.position > self.forgotten.get(logged.reading.device_id, 0)

    def _rows(self) -> Iterable[LoggedReading]:
        everything = [logged for run in self.runs.values() for logged in run]
        return sorted(everything, key=lambda logged: logged.position)
