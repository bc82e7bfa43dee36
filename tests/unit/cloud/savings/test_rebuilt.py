"""Days counted anew from readings: whole local days, with arms as drawn where they were lived so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cloud.assignment import Assignment
from cloud.ports.records import DayRecord
from cloud.savings.rebuilt import DeviceFacts, rebuilt_days
from edge.contract import Telemetry
from tests.unit.cloud.savings.conftest import FIRST, switchback

ROME = DeviceFacts("h", "Europe/Rome", 24.0)
DAYS = 15


def _readings(device_id: str, advice_on: frozenset[int] = frozenset()) -> Iterator[Telemetry]:
    """600 W every hour from midnight in Rome on; somebody makes it cooler at 20:00 each day."""
    for number in range(24 * DAYS):
        day, hour = divmod(number, 24)
        yield Telemetry(
            device_id=device_id,
            sampled_at=datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(hours=number - 2),
            interval_s=3600,
            mode="cool",
            setpoint_c=23.0 if hour >= 20 else 24.0,
            indoor_dry_bulb_c=24.5,
            electric_power_w=600.0,
            changed_by="remote" if hour == 20 else "unknown",
            advice_id="a" if day in advice_on else None,
        )


def _arms(days: list[DayRecord]) -> list[str]:
    return [day.arm for day in days]


def _drawn(assignment: Assignment) -> list[str]:
    return [assignment.of("h", FIRST + timedelta(days=day)).arm for day in range(DAYS - 1)]


def test_whole_local_days_are_counted_and_the_newest_one_may_not_be_over() -> None:
    found = rebuilt_days({"d": ROME}, {"d": _readings("d")}, switchback("s"))["d"]

    assert [day.day for day in found] == [FIRST + timedelta(days=day) for day in range(DAYS - 1)]
    assert {(day.measured_h, day.electric_energy_kwh, day.overrides) for day in found} == {(24.0, 14.4, 1)}
    assert _arms(found) == _drawn(switchback("s"))


def test_a_drawn_habit_day_on_which_any_device_of_the_home_named_advice_was_none() -> None:
    assignment = switchback("s")
    habit = _drawn(assignment).index("habit")

    found = rebuilt_days(
        {"d": ROME, "e": ROME},
        {"d": _readings("d"), "e": _readings("e", frozenset({habit}))},
        assignment,
    )

    for days in found.values():
        assert _arms(days)[habit] == "advised"
        assert _arms(days)[habit + 1 :] == _drawn(assignment)[habit + 1 :]
