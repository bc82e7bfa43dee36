"""What `AppReadings` promises, of a log and of a lake behind Lambdas, fed by the same batches."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_batches import LakeBatches
from cloud.adapters.lake_files import LakeFiles, LocalFiles
from cloud.adapters.lake_readings import SETTLE_S, LakeReadings
from cloud.adapters.log_batches import LogBatches
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.ports.batches import BatchStore
from cloud.ports.telemetry import AppReadings, IngestCommit
from edge.contract import Event, Telemetry
from tests.contract.cloud.any_log import MINUTE, NOON, AnyLog, MakeTelemetry

LATER = timedelta(seconds=SETTLE_S)


@dataclass
class World:
    """Readings, and who writes them."""

    readings: AppReadings
    store: BatchStore

    def keep(self, *readings: Telemetry, events: tuple[Event, ...] = (), at: datetime = NOON) -> None:
        self.store.keep([IngestCommit(readings, events, received_at=at)])

    def seqs(self, after: int = 0, limit: int = 5000) -> list[int | None]:
        return [each.reading.seq for each in self.readings.read_after(after, limit)]


def _of_lake(files: LakeFiles, now: Callable[[], datetime]) -> World:
    lake = FileLake(files)
    return World(LakeReadings(lake, files, now), LakeBatches(lake, files))


@pytest.fixture
def world(log_or_files: AnyLog | LakeFiles) -> World:
    if isinstance(log_or_files, MemoryReadingLog | SqliteReadingLog):
        return World(log_or_files, LogBatches(log_or_files))
    return _of_lake(log_or_files, lambda: NOON + LATER + MINUTE)


def test_has_nothing_at_first(world: World) -> None:
    assert world.readings.latest("dev-1") is None
    assert world.readings.between("dev-1", NOON, NOON + MINUTE) == []
    assert world.readings.read_after(0) == []
    assert world.readings.head() == 0
    assert world.readings.events_of("dev-1", "boot", NOON) == []


def test_the_latest_is_the_newest_by_its_own_time(world: World, make_telemetry: MakeTelemetry) -> None:
    midnight = make_telemetry(sampled_at=datetime(2025, 7, 2, tzinfo=UTC))
    world.keep(make_telemetry(), midnight, make_telemetry(device_id="dev-2", sampled_at=NOON + 20 * MINUTE))
    world.keep(make_telemetry(sampled_at=NOON - timedelta(days=3)), at=NOON + MINUTE)

    assert world.readings.latest("dev-1") == midnight
    assert world.readings.latest("dev-3") is None


def test_between_is_half_open_and_of_one_device(world: World, make_telemetry: MakeTelemetry) -> None:
    mine = [make_telemetry(sampled_at=NOON + n * MINUTE, seq=n) for n in range(4)]
    world.keep(*mine, make_telemetry(device_id="dev-2"))
    corrected = make_telemetry(sampled_at=NOON + MINUTE, seq=9)
    world.keep(corrected, at=NOON + MINUTE)

    assert world.readings.between("dev-1", NOON, NOON + 3 * MINUTE) == [mine[0], corrected, mine[2]]


def test_who_follows_hears_everything_once_in_order(world: World, make_telemetry: MakeTelemetry) -> None:
    days = [NOON, NOON - timedelta(days=1), NOON + MINUTE]
    for n, sampled_at in enumerate(days):
        world.keep(
            make_telemetry(sampled_at=sampled_at, seq=2 * n),
            make_telemetry(device_id="dev-2", sampled_at=sampled_at, seq=2 * n + 1),
            at=NOON + timedelta(milliseconds=n),
        )

    heard, position = list[int | None](), 0
    while page := world.readings.read_after(position, 4):
        heard += [each.reading.seq for each in page]
        position = page[-1].position

    assert heard == [0, 1, 2, 3, 4, 5]
    assert world.readings.head() == position
    assert world.seqs(after=position) == []


def test_events_of_a_kind_since(world: World) -> None:
    def event(n: int, kind: str = "boot", device_id: str = "dev-1") -> Event:
        return Event.model_validate(
            {"device_id": device_id, "event_id": f"e{n}", "occurred_at": NOON + n * MINUTE, "kind": kind}
            | {"detail": {"n": n}}
        )

    world.keep(events=(event(3), event(0), event(1), event(2, "fault"), event(4, device_id="dev-2")))

    assert world.readings.events_of("dev-1", "boot", NOON + MINUTE) == [event(1), event(3)]


def test_a_lake_tells_nobody_of_what_may_still_be_overtaken(
    tmp_path: Path, make_telemetry: MakeTelemetry
) -> None:
    clock = [NOON + MINUTE]
    world = _of_lake(LocalFiles(tmp_path), lambda: clock[0])
    world.keep(make_telemetry(seq=2), at=NOON + timedelta(seconds=1))
    assert world.seqs() == []

    world.keep(make_telemetry(device_id="dev-2", seq=1), at=NOON)  # another shard's Lambda was slower
    clock[0] = NOON + LATER + MINUTE

    assert world.seqs() == [1, 2]


def test_merging_changes_nothing_for_who_follows(tmp_path: Path, make_telemetry: MakeTelemetry) -> None:
    world = _of_lake(LocalFiles(tmp_path), lambda: NOON + LATER + MINUTE)
    for n in range(9):
        reading = make_telemetry(sampled_at=NOON + n * MINUTE, seq=n)
        world.keep(reading, at=NOON + timedelta(seconds=n))
    (_, second, *_) = world.readings.read_after(0)
    assert isinstance(world.readings, LakeReadings)

    assert world.readings.lake.compact(NOON.date()) > 0

    assert world.seqs(after=second.position) == list(range(2, 9))
