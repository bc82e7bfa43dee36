import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from typing_extensions import override

import cloud.lake_sealer
from cloud.adapters.memory_lake import MemoryLake
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.errors import UnavailableError
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.ports.telemetry import IngestCommit, LoggedReading
from edge.contract import Telemetry

START = datetime(2025, 7, 1, tzinfo=UTC)
MakeTelemetry = Callable[..., Telemetry]


@dataclass(slots=True)
class Lake(MemoryLake):
    """Remembers what was merged, and can be out of order."""

    compacted: list[date] = field(default_factory=list[date])
    tidied: list[date] = field(default_factory=list[date])
    broken: bool = False

    @override
    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        if self.broken:
            raise UnavailableError("lake: no space left on device")
        MemoryLake.write(self, first_position, readings)

    @override
    def tidy(self, day: date) -> int:
        self.tidied.append(day)
        return 0

    @override
    def compact(self, day: date) -> int:
        self.compacted.append(day)
        return 0


@dataclass
class Bench:
    """A sealer between memory twins, with a clock that stands still."""

    make_telemetry: MakeTelemetry
    log: MemoryReadingLog = field(default_factory=MemoryReadingLog)
    lake: Lake = field(default_factory=Lake)
    now_s: float = 0.0
    sent: int = 0

    def __post_init__(self) -> None:
        self.sealer = LakeSealer(self.log, self.lake, SealPolicy(10, 5.0), lambda: self.now_s)

    def publish(self, count: int, *, step: timedelta = timedelta(minutes=5)) -> None:
        readings = [
            self.make_telemetry(sampled_at=START + (self.sent + number) * step) for number in range(count)
        ]
        self.sent += count
        self.log.commit(IngestCommit(readings))

    def rows(self) -> int:
        return int(self.lake.scan().num_rows)


@pytest.fixture
def bench(make_telemetry: MakeTelemetry) -> Bench:
    return Bench(make_telemetry)


def test_seals_when_enough_readings_wait(bench: Bench) -> None:
    bench.publish(9)
    bench.sealer.step()
    assert bench.rows() == 0

    bench.publish(1)
    bench.sealer.step()
    assert bench.rows() == 10
    assert bench.log.sealed() == 10


def test_seals_when_a_reading_has_waited_long_enough(bench: Bench) -> None:
    bench.publish(1)
    bench.sealer.step()
    bench.now_s = 4.9
    bench.sealer.step()
    assert bench.rows() == 0

    bench.now_s = 5.0
    bench.sealer.step()
    assert bench.rows() == 1


def test_the_wait_begins_anew_after_a_seal(bench: Bench) -> None:
    bench.publish(10)
    bench.sealer.step()
    bench.now_s = 20.0
    bench.publish(1)

    bench.sealer.step()

    assert bench.rows() == 10


def test_seals_at_once_when_asked(bench: Bench) -> None:
    bench.publish(1)
    bench.sealer.request()
    bench.sealer.step()

    assert bench.rows() == 1


def test_seals_the_rest_when_it_stops(bench: Bench) -> None:
    bench.publish(3)
    stop = threading.Event()
    stop.set()

    bench.sealer.run(stop)

    assert bench.rows() == 3
    assert bench.log.sealed() == 3


def test_a_run_that_failed_is_written_whole_later(bench: Bench) -> None:
    bench.publish(10)
    bench.lake.broken = True
    bench.sealer.request()
    with pytest.raises(UnavailableError):
        bench.sealer.step()
    assert bench.log.sealed() == 0

    bench.lake.broken = False
    bench.publish(5)
    bench.sealer.step()

    assert bench.rows() == 15
    assert list(bench.lake.runs) == [1]


def test_a_request_that_failed_is_not_forgotten(bench: Bench) -> None:
    bench.publish(1)
    bench.lake.broken = True
    bench.sealer.request()
    with pytest.raises(UnavailableError):
        bench.sealer.step()

    bench.lake.broken = False
    bench.sealer.step()

    assert bench.rows() == 1


def test_long_backlogs_become_several_runs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.lake_sealer, "MAX_RUN_ROWS", 4)
    bench.publish(10)

    bench.sealer.seal()

    assert {first: len(run) for first, run in bench.lake.runs.items()} == {1: 4, 5: 4, 9: 2}
    assert bench.log.sealed() == 10


def test_merges_the_files_of_days_that_are_over(bench: Bench) -> None:
    bench.publish(10, step=timedelta(hours=12))  # 1 to 5 July
    bench.sealer.step()

    assert bench.lake.compacted == [date(2025, 7, 1), date(2025, 7, 2), date(2025, 7, 3)]


def test_tidies_days_that_go_on_after_each_run_and_not_without_one(bench: Bench) -> None:
    bench.publish(10, step=timedelta(hours=12))
    bench.sealer.step()
    assert bench.lake.tidied == [date(2025, 7, 4), date(2025, 7, 5)]

    bench.sealer.step()
    assert bench.lake.tidied == [date(2025, 7, 4), date(2025, 7, 5)]


def test_forgets_old_readings_only_when_readers_had_their_time(bench: Bench) -> None:
    bench.publish(10, step=timedelta(days=1))
    bench.sealer.step()
    bench.now_s = 3599.0
    bench.sealer.step()
    assert len(bench.log.read_after(0)) == 10

    bench.now_s = 3660.0
    bench.sealer.step()

    # The newest is of day 9; what is more than 7 days older, days 0 and 1, goes.
    assert [logged.position for logged in bench.log.read_after(0)] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert bench.rows() == 10


class SlowLake(Lake):
    """Takes two seconds for a run."""

    bench: Bench

    @override
    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        self.bench.now_s += 2.0
        Lake.write(self, first_position, readings)


def test_a_stop_ends_in_time_and_leaves_the_rest_to_the_next_start(make_telemetry: MakeTelemetry) -> None:
    lake = SlowLake()
    bench = lake.bench = Bench(make_telemetry, lake=lake)
    bench.publish(100, step=timedelta(days=1))
    stop = threading.Event()
    stop.set()

    bench.sealer.run(stop)

    # Runs of at most 20 days until three seconds are over: 100 halved to 12, then 88 halved to 11.
    assert (bench.now_s, bench.log.sealed(), bench.rows()) == (4.0, 23, 23)
    LakeSealer(bench.log, lake, SealPolicy(10, 5.0)).seal()
    assert bench.rows() == 100


@dataclass(slots=True)
class CutLog(MemoryReadingLog):
    """Remembers to what it was cut."""

    cuts: list[int] = field(default_factory=list[int])

    @override
    def cut(self, max_bytes: int) -> int:
        self.cuts.append(max_bytes)
        return 0


def test_cuts_the_log_once_a_minute_to_what_it_may_keep(make_telemetry: MakeTelemetry) -> None:
    log = CutLog()
    bench = Bench(make_telemetry, log)

    bench.sealer.step()
    bench.now_s = 60.0
    bench.sealer.step()

    assert log.cuts == [1024**3]
