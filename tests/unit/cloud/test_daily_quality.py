"""A report for each day that is over: once, whoever restarts, and without those who were deleted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from cloud.adapters.memory_lake import MemoryLake, MemorySnapshot
from cloud.adapters.memory_reports import MemoryReports
from cloud.disk_budget import DiskWatch
from cloud.errors import UnavailableError
from cloud.lake_upkeep import LakeUpkeep
from cloud.ports.quality import Report
from cloud.ports.telemetry import LoggedReading
from cloud.quality.daily import ATTEMPTS, LOOK_BACK, AtTheDoor, DailyQuality
from cloud.seq_gaps import AheadCount, SeqCount
from edge.contract import Telemetry

FIRST = datetime(2025, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MakeTelemetry = Callable[..., Telemetry]


@dataclass
class World:
    make_telemetry: MakeTelemetry
    now: datetime = FIRST
    lake: MemoryLake = field(default_factory=MemoryLake)
    reports: MemoryReports = field(default_factory=MemoryReports)
    position: int = 0

    def say(self, at: datetime, *device_ids: str, **more: object) -> None:
        for device_id in device_ids:
            self.position += 1
            reading = self.make_telemetry(device_id=device_id, sampled_at=at, **more)
            self.lake.write(self.position, [LoggedReading(self.position, reading)])

    def look(self, times: int = 1) -> list[date]:
        """As a process that is started anew each time."""
        for _ in range(times):
            self.quality().look()
        return self.reports.days()

    def quality(self) -> DailyQuality:
        counted = AtTheDoor({"a": SeqCount(1, 0, 9, 4)}, {"b": AheadCount(3, 900.0)})
        return DailyQuality(self.lake, self.reports, lambda: counted, lambda: self.now)

    def report(self, day: date) -> Report:
        found = self.reports.read(day)
        assert found is not None
        return found


@pytest.fixture
def world(make_telemetry: MakeTelemetry) -> World:
    return World(make_telemetry)


def test_a_day_is_reported_on_an_hour_after_its_end_and_never_again(world: World) -> None:
    world.say(FIRST + HOUR, "a", "b")

    for hours, days in ((24, []), (24.99, []), (25, [FIRST.date()])):
        world.now = FIRST + hours * HOUR
        assert world.look() == days
    made = world.report(FIRST.date())
    world.say(FIRST + 2 * HOUR, "late")
    world.now += HOUR

    assert world.look(3) == [FIRST.date()]
    assert world.report(FIRST.date()) is made
    assert (made["devices"], made["readings"], made["made_at"]) == (2, 2, "2025-07-02T01:00:00+00:00")
    assert [each["missing_ever"] for each in made["per_device"]] == [4, None]
    assert [each["ahead_ever"] for each in made["per_device"]] == [0, 3]


def test_a_fleet_that_fell_silent_is_reported_on_too(world: World) -> None:
    world.say(FIRST + HOUR, "a")
    world.now = FIRST + DAY + 2 * HOUR

    assert world.look() == [FIRST.date()]


def test_recorded_days_that_are_played_now_wait_for_the_next_one(world: World) -> None:
    world.now = FIRST + 400 * DAY
    world.say(FIRST + HOUR, "a")
    assert world.look() == []

    world.say(FIRST + DAY, "a")

    assert world.look() == [FIRST.date()]


def test_days_of_devices_that_live_in_the_future_are_not_over(world: World) -> None:
    world.now = FIRST + HOUR
    world.say(FIRST + HOUR, "a")
    for at in (FIRST + 40 * DAY, FIRST + 41 * DAY, datetime(9999, 12, 31, tzinfo=UTC)):
        world.say(at, "b")
    assert world.look(5) == []

    world.now = FIRST + 20 * DAY  # recorded days are played
    assert world.look(5) == []


def test_a_clock_at_the_beginning_of_time_does_no_harm(world: World) -> None:
    for at in (datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), FIRST + HOUR):
        world.say(at, "a")
    world.now = FIRST + DAY + HOUR

    assert world.look(5) == [FIRST.date()]


def test_what_nobody_was_there_to_make_is_made_one_by_one_the_newest_first(world: World) -> None:
    for number in range(LOOK_BACK + 3):
        world.say(FIRST + number * DAY, "a")
    world.now = FIRST + (LOOK_BACK + 3) * DAY + 2 * HOUR

    newest = (FIRST + (LOOK_BACK + 2) * DAY).date()
    assert world.look() == [newest]
    assert world.look(LOOK_BACK + 5) == [newest - timedelta(days=ago) for ago in reversed(range(LOOK_BACK))]


def test_a_day_that_cannot_be_read_does_not_keep_the_others_from_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        world.say(FIRST + number * DAY, "a")
    world.now = FIRST + 2 * DAY + 2 * HOUR
    scan = MemorySnapshot.parts

    def damaged(snapshot: MemorySnapshot, start: datetime, end: datetime) -> Iterator[pa.Table]:
        if end == FIRST + 2 * DAY:
            raise UnavailableError("a file is cut")
        return scan(snapshot, start, end)

    monkeypatch.setattr(MemorySnapshot, "parts", damaged)
    quality = world.quality()
    upkeep = LakeUpkeep(world.lake, 0, DiskWatch({}), world.now.date, quality.look)
    for _ in range(ATTEMPTS + 2):
        upkeep.look_after()

    assert world.reports.days() == [FIRST.date()]


def test_a_report_goes_with_its_day(world: World) -> None:
    for number in range(2):
        world.say(FIRST + number * DAY, "a")
    world.now = FIRST + 2 * DAY + 2 * HOUR
    assert len(world.look(3)) == 2

    world.lake.expire(FIRST.date() + timedelta(days=1))

    assert world.look() == [FIRST.date() + timedelta(days=1)]


def test_a_forgotten_device_is_in_no_report_and_in_no_sum(world: World) -> None:
    for minute in range(4):
        jumping = 40.0 if minute == 2 else 25.0
        at = FIRST + HOUR + minute * timedelta(minutes=5)
        world.say(
            at, "goes", "stays", indoor_dry_bulb_c=jumping, seq=10 * minute, mode="off", setpoint_c=None
        )
    world.now = FIRST + DAY + HOUR
    world.look()
    before = world.report(FIRST.date())

    world.quality().forget(["goes", "never-there"])

    after = world.report(FIRST.date())
    assert [each["device_id"] for each in after["per_device"]] == ["stays"]
    assert before["missing"] == 2 * after["missing"] == 2 * 27
    assert before["readings"] == 2 * after["readings"]
    assert (before["rules"]["indoor_jump"]["devices"], after["rules"]["indoor_jump"]["devices"]) == (2, 1)
    assert before["rules"]["indoor_jump"]["readings"] == 2 * after["rules"]["indoor_jump"]["readings"] > 0
    assert after["made_at"] == before["made_at"]
