from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from cloud.adapters.memory_lake import MemoryLake
from cloud.disk_budget import DiskUse, DiskWatch
from cloud.lake_upkeep import LakeUpkeep
from cloud.ports.telemetry import LoggedReading
from edge.contract import Telemetry

TODAY = date(2025, 7, 31)
MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def lake(make_telemetry: MakeTelemetry) -> MemoryLake:
    """A reading on each of 11 days up to 20 July, and one of a device that lives in the future."""
    lake = MemoryLake()
    days = [datetime(2025, 7, 20, tzinfo=UTC) - timedelta(days=ago) for ago in range(11)]
    for number, at in enumerate([*days, datetime(9999, 1, 1, tzinfo=UTC)], 1):
        lake.write(number, [LoggedReading(number, make_telemetry(sampled_at=at))])
    return lake


def look_after(lake: MemoryLake, keep_days: int) -> None:
    LakeUpkeep(lake, keep_days, DiskWatch({}), lambda: TODAY).look_after()


def test_keeps_so_many_days_counted_from_the_newest_that_is_not_in_the_future(lake: MemoryLake) -> None:
    look_after(lake, 3)

    assert lake.days() == [date(2025, 7, 18), date(2025, 7, 19), date(2025, 7, 20), date(9999, 1, 1)]


@pytest.mark.parametrize("keep_days", [0, 11, 10_000])
def test_keeps_everything_when_it_may(lake: MemoryLake, keep_days: int) -> None:
    look_after(lake, keep_days)

    assert len(lake.days()) == 12


def test_a_clock_at_the_beginning_of_time_does_no_harm(make_telemetry: MakeTelemetry) -> None:
    lake = MemoryLake()
    lake.write(1, [LoggedReading(1, make_telemetry(sampled_at=datetime(1, 1, 1, tzinfo=UTC)))])

    look_after(lake, 3)

    assert lake.days() == [date(1, 1, 1)]


def test_an_empty_lake_needs_nothing() -> None:
    look_after(MemoryLake(), 3)


@pytest.mark.parametrize(
    ("used", "state"), [(79, "ok"), (80, "nearly_full"), (99, "nearly_full"), (100, "full")]
)
def test_warns_from_four_fifths_on(used: int, state: str) -> None:
    assert DiskUse(used, 100).state == state


def test_says_so_once_and_again_when_there_is_room() -> None:
    used = iter([10, 85, 90, 100, 10, 10])
    watch = DiskWatch({"lake": lambda: DiskUse(next(used), 100)})

    with capture_logs() as logs:
        for _ in range(6):
            watch.look()

    assert [(each["log_level"], each["state"]) for each in logs] == [
        ("warning", "nearly_full"),
        ("warning", "full"),
        ("info", "ok"),
    ]
