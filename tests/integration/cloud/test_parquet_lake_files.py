"""The lake as files: what others read, and what crashes and full disks leave behind."""

import re
import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from zlib import crc32

import pyarrow.parquet as pq
import pytest

from cloud.adapters.file_lake import GRACE_S, ORPHAN_AFTER_S
from cloud.adapters.lake_files import NotMadeError
from cloud.adapters.lake_manifest import FULL_EVERY, Change, Snapshot
from cloud.adapters.lake_table import scan_table
from cloud.adapters.parquet_lake import ParquetLake, readings_in_lake
from cloud.errors import UnavailableError
from tests.integration.cloud.conftest import (
    DAY,
    NOON,
    Clock,
    MakeTelemetry,
    files,
    without_stamps,
    write,
    write_runs,
)


def test_partitions_by_utc_day_and_device_bucket(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    write(lake, 7, make_telemetry(), make_telemetry(sampled_at=NOON + timedelta(hours=12)))

    bucket = crc32(b"dev-1") % 8
    assert without_stamps(files(lake)) == [
        f"day=2025-07-01/bucket={bucket:02d}/run-00000000000000000007",
        f"day=2025-07-02/bucket={bucket:02d}/run-00000000000000000007",
    ]


def test_counts_keys_not_rows(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    assert readings_in_lake(lake) == 0

    write(lake, 1, make_telemetry(setpoint_c=24.0), make_telemetry(device_id="dev-2"))
    write(lake, 3, make_telemetry(setpoint_c=25.0))

    assert readings_in_lake(lake) == 2


def test_a_snapshot_keeps_its_files_for_the_grace_time(
    lake: ParquetLake, clock: Clock, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 12)
    snapshot = lake.snapshot()
    before = snapshot.scan()
    lake.compact(DAY)

    clock.now_s += GRACE_S - 1
    assert lake.sweep() == 0
    assert snapshot.scan().equals(before)

    clock.now_s += 1
    assert lake.sweep() == 12
    with pytest.raises(UnavailableError):
        snapshot.scan()
    assert lake.scan().equals(before)


def test_a_file_that_never_came_to_belong_to_the_lake_is_not_seen_and_is_removed_one_day(
    lake: ParquetLake, clock: Clock, make_telemetry: MakeTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lake, 1, make_telemetry())
    with monkeypatch.context() as patched:
        patched.setattr(lake._manifest, "commit", die)
        with pytest.raises(KilledError):
            write(lake, 2, make_telemetry(sampled_at=NOON + timedelta(minutes=1)))
    assert len(files(lake)) == 2

    assert lake.scan().num_rows == 1
    assert lake.newest_position() == 1
    clock.now_s += ORPHAN_AFTER_S
    assert lake.sweep() == 0
    clock.now_s += 1
    assert lake.sweep() == 1
    assert len(files(lake)) == 1


class KilledError(Exception):
    pass


def die(*_: object) -> None:
    raise KilledError


def test_a_run_written_again_after_a_merge_doubles_nothing(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 12)
    before = lake.scan()
    lake.compact(DAY)

    write_runs(lake, make_telemetry, 1, first=12)

    assert lake.scan().equals(before)


def test_a_lake_from_before_there_was_a_manifest_goes_on(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 12)
    before = lake.scan()
    shutil.rmtree(lake.root / "_manifest")
    for file in lake.root.glob("*/*/*.parquet"):
        file.rename(file.with_name(re.sub(r"-\d+-[0-9a-f]{8}\.", ".", file.name)))
    old = ParquetLake(lake.root)

    assert old.scan().equals(before)
    assert old.newest_position() == 12
    write(old, 13, make_telemetry(device_id="dev-2"))
    assert old.compact(DAY) == 12
    assert ParquetLake(lake.root).scan().num_rows == before.num_rows + 1


def test_a_reader_that_was_away_for_long_finds_the_newest_version(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 3)
    reader = ParquetLake(lake.root)
    assert reader.count_readings() == 3
    left = lake.root / "_manifest" / ".000000000004.json.0a1b2c3d.new"  # by a killed writer
    left.write_bytes(b"{")

    for position in range(4, 4 + 3 * FULL_EVERY):
        write(lake, position, make_telemetry())

    assert reader.snapshot().version == 3 + 3 * FULL_EVERY
    assert reader.newest_position() == 3 + 3 * FULL_EVERY
    assert ParquetLake(lake.root).scan().equals(reader.scan())
    assert len(list((lake.root / "_manifest").iterdir())) <= 2 * FULL_EVERY + 1
    assert not left.exists()


def test_many_writers_lose_no_run(tmp_path: Path, make_telemetry: MakeTelemetry) -> None:
    root = tmp_path / "shared"

    def write_own(number: int) -> None:
        own = ParquetLake(root)
        for run in range(20):
            at = NOON + timedelta(minutes=run)
            write(own, 1000 * number + run, make_telemetry(device_id=f"dev-{number}", sampled_at=at))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_own, range(4)))

    assert ParquetLake(root).count_readings() == 80
    assert ParquetLake(root).snapshot().version == 80


def test_a_merge_takes_nothing_away_that_was_replaced_meanwhile(
    lake: ParquetLake, make_telemetry: MakeTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_runs(lake, make_telemetry, 12)
    changed = make_telemetry(sampled_at=NOON + timedelta(minutes=12), setpoint_c=30.0)
    commit = lake._manifest.commit

    def commit_late(propose: Callable[[Snapshot], Change | None]) -> bool:
        write(ParquetLake(lake.root), 12, changed)
        return commit(propose)

    with monkeypatch.context() as patched:
        patched.setattr(lake._manifest, "commit", commit_late)
        assert lake.compact(DAY) == 0

    assert lake.scan()["setpoint_c"].to_pylist() == [24.0] * 11 + [30.0]
    assert len(files(lake)) == 13


def test_what_a_merge_drops_is_what_a_later_arrival_replaced(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 12)
    write(lake, 13, make_telemetry(sampled_at=NOON + timedelta(minutes=12), setpoint_c=30.0))
    before = lake.scan()

    assert lake.compact(DAY) == 13

    assert lake.scan().equals(before)
    assert [file.rows for file in lake.snapshot().listing()] == [12]


def test_a_half_written_file_of_a_crash_is_invisible(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write(lake, 1, make_telemetry())
    folder = next(lake.root.glob("day=*/*"))
    (folder / ".run-00000000000000000002-1700000000000-00000000.parquet.7.new").write_bytes(b"PAR1 half")

    assert lake.scan().num_rows == 1
    assert readings_in_lake(lake) == 1
    write(lake, 2, make_telemetry(sampled_at=NOON + timedelta(minutes=1)))
    assert lake.scan().num_rows == 2


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Let every write beyond `size_bytes` fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_what_was_there(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    write(lake, 1, make_telemetry())
    names = files(lake)
    long = [make_telemetry(sampled_at=NOON + timedelta(seconds=number)) for number in range(2000)]

    with largest_file(4096), pytest.raises(UnavailableError):
        write(lake, 1, *long)
    assert files(lake) == names
    assert lake.scan().num_rows == 1

    write(lake, 1, *long)
    assert lake.scan().num_rows == 2000


def test_a_run_that_does_not_fit_leaves_nothing_of_its_other_days(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    short = make_telemetry(sampled_at=NOON - timedelta(days=1))
    long = [
        make_telemetry(sampled_at=NOON + timedelta(seconds=number), energy_total_kwh=number**0.5)
        for number in range(8000)
    ]

    with largest_file(16_000), pytest.raises(UnavailableError):
        write(lake, 1, short, *long)

    assert files(lake) == []
    assert lake.scan().num_rows == 0


def test_a_run_that_cannot_be_committed_leaves_nothing(
    lake: ParquetLake, make_telemetry: MakeTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> bool:
        raise NotMadeError("no space left on device")

    monkeypatch.setattr(lake._manifest, "commit", no_room)
    with pytest.raises(UnavailableError):
        write(lake, 1, make_telemetry())

    assert files(lake) == []


def test_an_unreadable_file_is_said_to_be_so(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    write(lake, 1, make_telemetry())
    (lake.root / files(lake)[0]).write_bytes(b"no parquet at all")

    with pytest.raises(UnavailableError):
        lake.scan()


def test_readers_never_miss_a_row_while_files_are_merged(
    lake: ParquetLake, make_telemetry: MakeTelemetry
) -> None:
    write_runs(lake, make_telemetry, 10)
    done = threading.Event()

    def write_and_merge() -> None:
        for round_ in range(1, 9):
            write_runs(lake, make_telemetry, 10, first=10 * round_ + 1)
            lake.compact(DAY)
        done.set()

    writer = threading.Thread(target=write_and_merge)
    writer.start()
    counts = []
    while not done.is_set():
        counts.append(lake.scan().num_rows)
    writer.join()

    assert counts == sorted(counts)
    assert counts[0] >= 10
    assert lake.scan().num_rows == 90


def test_a_table_is_stored_as_its_readings_would_be(
    lake: ParquetLake, tmp_path: Path, make_telemetry: MakeTelemetry
) -> None:
    readings = [
        make_telemetry(device_id=f"dev-{device}", sampled_at=NOON + timedelta(hours=6 * number), seq=None)
        for device in range(9)
        for number in range(4)
    ]
    readings[5] = make_telemetry(device_id="dev-1", sampled_at=NOON + timedelta(hours=6), mode="off")
    one_by_one = ParquetLake(tmp_path / "other")
    write(one_by_one, 7, *readings)

    lake.write_table(7, scan_table(readings))

    assert without_stamps(files(lake)) == without_stamps(files(one_by_one))
    for names in zip(files(lake), files(one_by_one), strict=True):
        paths = [each.root / name for each, name in zip((lake, one_by_one), names, strict=True)]
        ours, theirs = (pq.read_table(path, partitioning=None) for path in paths)
        assert ours.schema.equals(theirs.schema, check_metadata=True)
        assert ours.equals(theirs)
    assert lake.newest_position() == 7 + len(readings) - 1


def test_a_table_needs_the_columns_of_the_lake(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    with pytest.raises(KeyError):
        lake.write_table(1, scan_table([make_telemetry()]).drop(["motion"]))
    assert files(lake) == []
