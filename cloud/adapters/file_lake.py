"""The lake as Parquet files (zstd) in Hive partitions: `day=YYYY-MM-DD/bucket=NN/*.parquet`.

`day` is the UTC day of `sampled_at`, `bucket` the CRC-32 of the device id modulo 8. A run of the log makes
one file in each partition that it touches; the manifest says which files make up the lake, and a run, a merge
or a removal changes it all at once. The same key may stand in several files; the highest `position` is the
last arrival, and `scan` gives one row for each key.
"""

import io
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from typing_extensions import override

from cloud.adapters import lake_query
from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.lake_manifest import Change, LakeFile, Manifest, Snapshot
from cloud.adapters.lake_table import FILE_SCHEMA, bucket_of, file_rows, file_table, split_table
from cloud.errors import NotFoundError, UnavailableError
from cloud.ports.ingest import CompactingLake
from cloud.ports.telemetry import LakeReader, LoggedReading

BUCKETS: Final = 8
"""Partitions of a day; fixed, for a device must not move."""

MAX_FILES: Final = 8
"""A bucket of a closed day with more files than this is merged."""

GRACE_S: Final = 900.0
"""How long a file that was replaced stays for readers that began before [s]."""

ORPHAN_AFTER_S: Final = 3600.0
"""A file that never came to belong to the lake is taken for a killed writer's after this time [s]."""

NEVER_REPEATED: Final = frozenset({"position", "sampled_at", "energy_total_kwh"})
"""Columns of which a dictionary would be as long as they are: without one, files are a third smaller."""

ATTEMPTS: Final = 5
"""How often a reading of the newest snapshot begins anew because one of its files was removed meanwhile."""

_ADOPTED: Final = re.compile(r"day=\d{4}-\d\d-\d\d/bucket=\d\d/(run|merged)-\d{20}\.parquet")
"""Files of a lake from before there was a manifest."""

_STAMPED: Final = re.compile(r"-(\d{13,})-[0-9a-f]{8}\.parquet")
"""When a file was made [ms since 1970]."""

_Answer = TypeVar("_Answer")
_Part = tuple[date, int]


@dataclass(frozen=True, slots=True)
class FileSnapshot(LakeReader):
    """The lake at one version, for as long as its files are there."""

    files: LakeFiles
    snapshot: Snapshot

    @property
    @override
    def version(self) -> int:
        return self.snapshot.version

    @override
    def scan(self, start: datetime | None = None, end: datetime | None = None) -> pa.Table:
        first = date.min if start is None else start.astimezone(UTC).date()
        last = date.max if end is None else end.astimezone(UTC).date()
        files = self.snapshot.files(first, last)
        alike = all(file.columns == len(FILE_SCHEMA) for file in files)
        return self.ask(files, lambda paths: lake_query.scan(paths, start, end, alike=alike))

    @override
    def days(self) -> list[date]:
        return self.snapshot.days()

    @override
    def count_readings(self) -> int:
        return self.ask(self.snapshot.files(), lake_query.count)

    def listing(self) -> list[LakeFile]:
        """The files that the lake consists of, in a stable order."""
        return self.snapshot.files()

    def ask(self, files: Sequence[LakeFile], question: Callable[[Sequence[str]], _Answer]) -> _Answer:
        """The answer to a question about some files.

        Raises:
            FileGoneError: One of them is not there any more.
            UnavailableError: They cannot be read.
        """
        try:
            with self.files.local([file.name for file in files]) as paths:
                return question(paths)
        except NotFoundError as error:
            raise lake_query.FileGoneError(str(error)) from error


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
        self._files = files
        self._manifest = Manifest(files, self._adopt)
        self._grace_s = grace_s
        self._clock = clock

    @override
    def snapshot(self) -> FileSnapshot:
        return FileSnapshot(self._files, self._manifest.read())

    @override
    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        parts: dict[_Part, list[LoggedReading]] = {}
        for logged in readings:
            reading = logged.reading
            part = reading.sampled_at.date(), bucket_of(reading.device_id, BUCKETS)
            parts.setdefault(part, []).append(logged)
        self._write_run(first_position, ((part, file_table(run)) for part, run in parts.items()))

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
    def scan(self, start: datetime | None = None, end: datetime | None = None) -> pa.Table:
        return self._newest(lambda snapshot: snapshot.scan(start, end))

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
        parts: dict[str, list[LakeFile]] = {}
        for file in self._manifest.read().files(day, day):
            parts.setdefault(file.partition, []).append(file)
        return sum(self._merge(files) for files in parts.values() if len(files) > MAX_FILES)

    @override
    def sweep(self) -> int:
        now_ms = self._now_ms()
        snapshot = self._manifest.read()
        late = [name for name, at in snapshot.retired.items() if now_ms - at >= self._grace_s * 1000]
        self._files.remove(late)
        if late:
            self._manifest.commit(lambda _: Change(removed=tuple(late)))
        orphans = list(self._orphans(now_ms - ORPHAN_AFTER_S * 1000))
        self._files.remove(orphans)
        return len(late) + len(orphans)

    def _write_run(self, first_position: int, parts: Iterable[tuple[_Part, pa.Table]]) -> None:
        made = [
            self._write_file(f"day={day.isoformat()}/bucket={bucket:02d}", "run", first_position, table)
            for (day, bucket), table in parts
        ]
        if made:
            self._manifest.commit(lambda now: Change(add=tuple(made), retire=self._replaced(now, made)))

    def _replaced(self, now: Snapshot, made: Sequence[LakeFile]) -> dict[str, int]:
        """What an interrupted writing of the same run has left in its partitions."""
        at_ms = self._now_ms()
        return {
            name: at_ms
            for file in made
            for name, known in now.parts.get(file.partition, {}).items()
            if known.first == file.first and "/run-" in name
        }

    def _merge(self, files: Sequence[LakeFile]) -> int:
        """Merge the files of a bucket into one, unless somebody changes them meanwhile."""
        by_age = sorted(files, key=lambda file: file.first)
        table = FileSnapshot(self._files, Snapshot()).ask(by_age, lake_query.merge)
        merged = self._write_file(files[0].partition, "merged", by_age[-1].first, table)

        def propose(now: Snapshot) -> Change | None:
            if not all(now.holds(file) for file in files):
                return None
            return Change(add=(merged,), retire=dict.fromkeys((file.name for file in files), self._now_ms()))

        if self._manifest.commit(propose).holds(merged):
            return len(files)
        self._files.remove([merged.name])
        return 0

    def _write_file(self, partition: str, kind: str, first_position: int, table: pa.Table) -> LakeFile:
        """Make a file that does not belong to the lake yet.

        Raises:
            UnavailableError: It was not written.
        """
        data = _encoded(table)
        stamp = f"{self._now_ms()}-{secrets.token_hex(4)}"
        name = f"{partition}/{kind}-{first_position:020d}-{stamp}.parquet"
        if not self._files.create(name, data):
            raise UnavailableError(f"lake: {name} is there already")
        last = pc.max(table["position"]).as_py()
        return LakeFile(name, table.num_rows, len(data), first_position, last, len(table.schema))

    def _newest(self, question: Callable[[FileSnapshot], _Answer]) -> _Answer:
        """The answer of the newest snapshot whose files are all there."""
        for _ in range(ATTEMPTS - 1):
            try:
                return question(self.snapshot())
            except lake_query.FileGoneError:
                continue
        return question(self.snapshot())

    def _orphans(self, before_ms: float) -> Iterator[str]:
        """Files that were made before then, by writers that did not live to add them to the lake."""
        names = self._files.names("day=")
        snapshot = self._manifest.read()
        for name in names:
            made = _STAMPED.search(name)
            known = name in snapshot.parts.get(name.rpartition("/")[0], {}) or name in snapshot.retired
            if made and not known and int(made[1]) < before_ms:
                yield name

    def _adopt(self) -> Iterator[LakeFile]:
        for name in self._files.names("day="):
            if _ADOPTED.fullmatch(name):
                data = self._files.read(name)
                table = pq.read_table(io.BytesIO(data))
                first = int(name[-len("00000000000000000000.parquet") : -len(".parquet")])
                last = pc.max(table["position"]).as_py()
                yield LakeFile(name, table.num_rows, len(data), first, last, len(table.schema))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _encoded(table: pa.Table) -> bytes:
    repeated = [name for name in table.schema.names if name not in NEVER_REPEATED]
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", use_dictionary=repeated)
    return buffer.getvalue()
