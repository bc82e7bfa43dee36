"""The lake as Parquet files (zstd) in Hive partitions: `day=YYYY-MM-DD/bucket=NN/*.parquet`.

`day` is the UTC day of `sampled_at`, `bucket` the CRC-32 of the device id modulo 8. A run of the log makes
one file in each partition that it touches; the manifest says which files make up the lake, and a run, a merge
or a removal changes it all at once. The same key may stand in several files; the highest `position` is the
last arrival, and `scan` gives one row for each key.
"""

import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from math import log
from typing import Final, TypeVar

import pyarrow as pa
from typing_extensions import override

from cloud.adapters import lake_query
from cloud.adapters.lake_eraser import LakeEraser
from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.lake_forgetting import without_forgotten
from cloud.adapters.lake_manifest import Change, LakeFile, Snapshot
from cloud.adapters.lake_query import Wanted
from cloud.adapters.lake_store import LakeStore
from cloud.adapters.lake_table import (
    FILE_SCHEMA,
    bucket_of,
    file_rows,
    file_table,
    logged_table,
    split_table,
)
from cloud.ports.ingest import CompactingLake, Forgetting
from cloud.ports.telemetry import LakeReader, LoggedReading
from cloud.reading_columns import LoggedTable

BUCKETS: Final = 8
"""Partitions of a day; fixed, for a device must not move."""

MAX_FILES: Final = 8
"""A bucket of a closed day with more files than this is merged; of an open one, so many of about a size."""

LATE_RATIO: Final = 1 / 8
"""A bucket of a closed day is merged when more of its rows than this are not in its largest file."""

GRACE_S: Final = 900.0
"""How long a file that was replaced stays for readers that began before [s]."""

ORPHAN_AFTER_S: Final = 3600.0
"""A file that never came to belong to the lake is taken for a killed writer's after this time [s]."""

ATTEMPTS: Final = 5
"""How often a reading of the newest snapshot begins anew because one of its files was removed meanwhile."""

_Answer = TypeVar("_Answer")
_Part = tuple[date, int]


@dataclass(frozen=True, slots=True)
class FileSnapshot(LakeReader):
    """The lake at one version, for as long as its files are there."""

    store: LakeStore
    snapshot: Snapshot

    @property
    @override
    def version(self) -> int:
        return self.snapshot.version

    @override
    def scan(
        self, start: datetime | None = None, end: datetime | None = None, device_id: str | None = None
    ) -> pa.Table:
        wanted = Wanted(start, end, device_id)
        if device_id is None:
            return self._scan(self._files(wanted), wanted)
        bucket = bucket_of(device_id, BUCKETS)
        return self._scan([file for file in self._files(wanted) if file.bucket == bucket], wanted)

    @override
    def parts(self, start: datetime | None = None, end: datetime | None = None) -> Iterator[pa.Table]:
        return (ask() for ask in self.questions(start, end))

    @override
    def questions(
        self, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[Callable[[], pa.Table]]:
        wanted = Wanted(start, end)
        return [partial(self._scan, files, wanted) for files in _by_bucket(self._files(wanted))]

    @override
    def days(self) -> list[date]:
        return self.snapshot.days()

    @override
    def count_readings(self) -> int:
        return sum(self.store.ask(files, lake_query.count) for files in _by_bucket(self.listing()))

    def listing(self) -> list[LakeFile]:
        """The files that the lake consists of, in a stable order."""
        return self.snapshot.files()

    def _files(self, wanted: Wanted) -> list[LakeFile]:
        """The files of the wanted days; none of the day that begins when it is over."""
        first = date.min if wanted.start is None else wanted.start.astimezone(UTC).date()
        end = None if wanted.end is None else wanted.end.astimezone(UTC) - timedelta.resolution
        return self.snapshot.files(first, date.max if end is None else end.date())

    def _scan(self, files: Sequence[LakeFile], wanted: Wanted) -> pa.Table:
        alike = all(file.columns == len(FILE_SCHEMA) for file in files)
        return self.store.ask(files, lambda paths: lake_query.scan(paths, wanted, alike=alike))


def _by_bucket(files: Iterable[LakeFile]) -> list[list[LakeFile]]:
    """The files that can have the same devices; all of a year at once would not fit in memory."""
    buckets: dict[int, list[LakeFile]] = {}
    for file in files:
        buckets.setdefault(file.bucket, []).append(file)
    return [buckets[bucket] for bucket in sorted(buckets)]


def _is_scattered(files: Sequence[LakeFile]) -> bool:
    """Whether a good part of the rows are not in the largest file."""
    rows = [file.rows for file in files]
    return sum(rows) - max(rows) > LATE_RATIO * sum(rows)


class FileLake(CompactingLake):
    """The lake in files, wherever they are; any number of writers and readers.

    Args:
        files: Where they are.
        grace_s: How long a file that was replaced stays [s].
        clock: Seconds since 1970.
    """

    def __init__(
        self, files: LakeFiles, *, grace_s: float = GRACE_S, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = LakeStore(files, clock)
        self._manifest = self._store.manifest
        self._eraser = LakeEraser(self._store, BUCKETS)
        self._grace_s = grace_s

    def close(self) -> None:
        """Give back connections; neither the lake nor its snapshots may be used afterwards."""
        self._store.files.close()

    @override
    def snapshot(self) -> FileSnapshot:
        return FileSnapshot(self._store, self._manifest.read())

    @override
    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        table = logged_table(readings) if isinstance(readings, LoggedTable) else file_table(readings)
        self._write_run(first_position, split_table(table, BUCKETS))

    def write_table(self, first_position: int, table: pa.Table) -> None:
        """Store a run that is a table, as `write` stores one of readings; for whole seasons at once.

        Args:
            first_position: Place of the first row in the log; the others follow.
            table: Has the columns of a scan; sorted by device, time.

        Raises:
            UnavailableError: Nothing was written; write the same run again.
        """
        self._write_run(first_position, split_table(file_rows(first_position, table), BUCKETS))

    @override
    def scan(
        self, start: datetime | None = None, end: datetime | None = None, device_id: str | None = None
    ) -> pa.Table:
        return self._newest(lambda snapshot: snapshot.scan(start, end, device_id))

    @override
    def count_readings(self) -> int:
        return self._newest(FileSnapshot.count_readings)

    @override
    def newest_position(self) -> int:
        return self._manifest.read().newest

    @override
    def days(self) -> list[date]:
        return self._manifest.read().days()

    @override
    def compact(self, day: date) -> int:
        parts = self._kinds(day, lambda file: file.partition)
        return sum(self._merge(files) for files in parts if len(files) > MAX_FILES or _is_scattered(files))

    @override
    def tidy(self, day: date) -> int:
        kinds = self._kinds(day, lambda file: (file.partition, int(log(max(file.rows, 1), MAX_FILES))))
        return sum(self._merge(files) for files in kinds if len(files) > MAX_FILES)

    @override
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self._manifest.read().files())

    @override
    def expire(self, before: date) -> int:
        expired: list[LakeFile] = []

        def propose(now: Snapshot) -> Change | None:
            expired[:] = [file for file in now.files() if file.day < before]
            at_ms = self._store.now_ms()
            return Change(retire={file.name: at_ms for file in expired}) if expired else None

        self._manifest.commit(propose)
        return len(expired)

    @override
    def sweep(self) -> int:
        now_ms = self._store.now_ms()
        snapshot = self._manifest.read()
        late = tuple(name for name, at in snapshot.retired.items() if now_ms - at >= self._grace_s * 1000)
        self._store.files.remove(late)
        if late:
            self._manifest.commit(lambda _: Change(removed=late))
        orphans = list(self._store.strangers(now_ms - ORPHAN_AFTER_S * 1000))
        self._store.files.remove(orphans)
        self._eraser.go_on()
        return len(late) + len(orphans)

    @override
    def forget(self, device_ids: Collection[str], up_to: int) -> Forgetting:
        return self._eraser.forget(device_ids, up_to)

    def _write_run(self, first_position: int, parts: Iterable[tuple[_Part, pa.Table]]) -> None:
        tables = {f"day={day.isoformat()}/bucket={bucket:02d}": table for (day, bucket), table in parts}
        while not self._try_run(first_position, tables):
            pass

    def _try_run(self, first_position: int, tables: Mapping[str, pa.Table]) -> bool:
        """Add a run; False if devices were forgotten meanwhile, which it may still contain."""
        forgotten = self._manifest.read().forgotten
        kept = {name: without_forgotten(table, forgotten, BUCKETS) for name, table in tables.items()}
        made = list[LakeFile]()

        def propose(now: Snapshot) -> Change | None:
            if now.forgotten != forgotten:
                return None
            return Change(add=tuple(made), retire=self._replaced(now, made))

        with self._store.all_or_nothing(made):
            made += (
                self._store.make(partition, "run", first_position, table)
                for partition, table in kept.items()
                if table.num_rows
            )
            if not made or self._manifest.commit(propose):
                return True
        self._store.files.remove([file.name for file in made])
        return False

    def _replaced(self, now: Snapshot, made: Sequence[LakeFile]) -> dict[str, int]:
        """What an interrupted writing of the same run has left in its partitions."""
        at_ms = self._store.now_ms()
        return {
            name: at_ms
            for file in made
            for name, known in now.parts.get(file.partition, {}).items()
            if known.first == file.first and known.kind == "run"
        }

    def _kinds(self, day: date, kind_of: Callable[[LakeFile], Hashable]) -> Collection[Sequence[LakeFile]]:
        """The files of a day, those of a kind together."""
        kinds: dict[Hashable, list[LakeFile]] = {}
        for file in self._manifest.read().files(day, day):
            kinds.setdefault(kind_of(file), []).append(file)
        return kinds.values()

    def _merge(self, files: Sequence[LakeFile]) -> int:
        """Merge files of a bucket into one, unless somebody changes them meanwhile."""
        by_age = sorted(files, key=lambda file: file.first)
        table = self._store.ask(by_age, lake_query.merge)
        merged = self._store.make(files[0].partition, "merged", by_age[-1].first, table)

        def propose(now: Snapshot) -> Change | None:
            if not all(now.holds(file) for file in files):
                return None
            at_ms = self._store.now_ms()
            return Change(add=(merged,), retire=dict.fromkeys((file.name for file in files), at_ms))

        with self._store.all_or_nothing([merged]):
            if self._manifest.commit(propose):
                return len(files)
        self._store.files.remove([merged.name])
        return 0

    def _newest(self, question: Callable[[FileSnapshot], _Answer]) -> _Answer:
        """The answer of the newest snapshot whose files are all there."""
        for _ in range(ATTEMPTS - 1):
            try:
                return question(self.snapshot())
            except lake_query.FileGoneError:
                continue
        return question(self.snapshot())
