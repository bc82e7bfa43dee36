"""The reading log as a file: full disks, locks, other processes."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.sealed_wait import wait_until_sealed
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.errors import UnavailableError
from cloud.ports.telemetry import DeadLetter, IngestCommit
from cloud.seq_gaps import AheadCount
from edge.contract import Telemetry

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ingest.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteReadingLog]:
    log = SqliteReadingLog(path)
    yield log
    log.close()


def many(make_telemetry: MakeTelemetry, count: int) -> IngestCommit:
    return IngestCommit([
        make_telemetry(sampled_at=NOON + timedelta(minutes=number)) for number in range(count)
    ])  # fmt: skip


def pages_of(log: SqliteReadingLog) -> int:
    with log._file.connection() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    return int(pages)


def limit_pages(log: SqliteReadingLog, pages: int) -> None:
    """What a full disk does, at a size of our choice: SQLite answers SQLITE_FULL."""
    with log._file.connection() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.mark.parametrize("readings", [99, 2000])
def test_a_full_disk_writes_nothing_and_later_everything(
    log: SqliteReadingLog, make_telemetry: MakeTelemetry, readings: int
) -> None:
    commit = many(make_telemetry, readings)
    limit_pages(log, pages_of(log) + 1)
    with pytest.raises(UnavailableError, match="full"):
        log.commit(commit)
    assert log.head() == 0
    assert log.read_after(0) == []

    limit_pages(log, 1_000_000)
    assert log.commit(commit) == readings


def test_a_dead_letter_whose_readings_find_no_room_stays_open(
    log: SqliteReadingLog, make_telemetry: MakeTelemetry
) -> None:
    letter = DeadLetter("a", NOON, "t", "p", "r", None, b"x")
    log.commit(IngestCommit(dead_letters=[letter]))
    limit_pages(log, pages_of(log) + 1)

    with pytest.raises(UnavailableError, match="full"):
        log.settle(letter, NOON, many(make_telemetry, 2000))

    assert log.letters()[0].replayed_at is None
    assert log.head() == 0


def test_a_locked_log_is_unavailable_until_the_lock_is_gone(
    log: SqliteReadingLog,
    path: Path,
    make_telemetry: MakeTelemetry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with log._file.connection() as connection:
        connection.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="locked"):
        log.commit(many(make_telemetry, 1))

    other.execute("ROLLBACK")
    other.close()
    assert log.commit(many(make_telemetry, 1)) == 1


def test_a_reader_that_comes_before_the_writer_is_told_to_wait(path: Path) -> None:
    reader = SqliteReadingLog(path, read_only=True)
    with pytest.raises(UnavailableError):
        reader.head()

    writer = SqliteReadingLog(path)
    assert reader.head() == 0
    reader.close()
    writer.close()


def test_a_reader_sees_each_commit_and_cannot_write(
    log: SqliteReadingLog, path: Path, make_telemetry: MakeTelemetry
) -> None:
    reader = SqliteReadingLog(path, read_only=True)
    log.commit(many(make_telemetry, 3))
    assert len(reader.read_after(0)) == 3

    with pytest.raises(UnavailableError, match="readonly"):
        reader.commit(many(make_telemetry, 4))
    reader.close()


def test_another_process_reads_while_this_one_writes(
    log: SqliteReadingLog, path: Path, make_telemetry: MakeTelemetry
) -> None:
    log.commit(many(make_telemetry, 3))
    program = (
        "import sys; from pathlib import Path; from cloud.adapters.sqlite_log import SqliteReadingLog;"
        "print(SqliteReadingLog(Path(sys.argv[1]), read_only=True).head())"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, check=True, timeout=30
    )

    assert answer.stdout == b"3\n"


def test_threads_share_one_log(log: SqliteReadingLog, make_telemetry: MakeTelemetry) -> None:
    def write(device: int) -> None:
        for number in range(20):
            at = NOON + timedelta(minutes=number)
            log.commit(IngestCommit([make_telemetry(device_id=f"dev-{device}", sampled_at=at)]))

    threads = [threading.Thread(target=write, args=(device,)) for device in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(log.read_after(0)) == 80


def test_counts_the_readings_that_never_came(log: SqliteReadingLog, make_telemetry: MakeTelemetry) -> None:
    for seq in (0, 1, 5):  # 2, 3 and 4 are missing
        at = NOON + timedelta(minutes=seq)
        log.commit(IngestCommit([make_telemetry(sampled_at=at, seq=seq)]))
    assert log.missing("dev-1") == 3

    late = make_telemetry(sampled_at=NOON + timedelta(minutes=3), seq=3)
    log.commit(IngestCommit([late]))
    log.commit(IngestCommit([late]))
    assert log.missing("dev-1") == 2
    assert log.missing("dev-2") == 0


def test_counts_how_often_a_letter_came(log: SqliteReadingLog, path: Path) -> None:
    letter = DeadLetter("a", NOON, "t", "p", "r", None, b"x")
    for _ in range(3):
        log.commit(IngestCommit(dead_letters=[letter]))

    connection = sqlite3.connect(path)
    assert connection.execute("SELECT times FROM dead_letters").fetchall() == [(3,)]
    connection.close()


def test_waits_until_a_position_is_sealed(
    log: SqliteReadingLog, path: Path, make_telemetry: MakeTelemetry
) -> None:
    log.commit(many(make_telemetry, 3))
    with pytest.raises(UnavailableError, match="sealed up to 0, not to 3"):
        wait_until_sealed(path, 3, timeout_s=0.05)

    sealer = threading.Timer(0.1, log.record_sealed, args=[3])
    sealer.start()
    began = time.monotonic()
    wait_until_sealed(path, 3, timeout_s=10)
    assert time.monotonic() - began < 5
    sealer.join()


def test_a_clock_that_is_ahead_is_counted_as_its_readings_come_and_once(
    tmp_path: Path, make_telemetry: MakeTelemetry
) -> None:
    came_at = datetime(2025, 7, 1, 12, tzinfo=UTC)
    ahead_s = {"ahead": (601, 1200, 900), "just-so": (600,), "late": (-9e6,)}
    readings = [
        make_telemetry(device_id=name, sampled_at=came_at + timedelta(seconds=each))
        for name, offsets in ahead_s.items()
        for each in offsets
    ]
    with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as log:
        for _ in range(2):
            log.commit(IngestCommit(readings, received_at=came_at))
        log.commit(IngestCommit(readings[:1], received_at=None))

        assert log.clocks_ahead() == {"ahead": AheadCount(3, 1200.0)}
        log.forget(["ahead"], log.head())
        assert log.clocks_ahead() == {}


def test_a_log_that_never_rests_is_cut_to_its_size_and_not_beyond_the_lake(
    log: SqliteReadingLog, make_telemetry: MakeTelemetry
) -> None:
    for first in range(0, 1000, 200):
        readings = [make_telemetry(sampled_at=NOON + timedelta(minutes=first + n)) for n in range(200)]
        log.commit(IngestCommit(readings))
    log.record_sealed(700)

    assert log.cut(10**9) == 0
    assert log.cut(0) == 600  # three of five batches are in the lake as a whole

    assert [each.position for each in log.read_after(0, 1)] == [601]
    assert log.head() == 1000
