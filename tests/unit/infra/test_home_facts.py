"""Days by lot and their hours, as the gate is told of them."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from cloud.advice import Installation, Preferences
from cloud.assignment import Assignment, Design
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.serving import Profile
from infra.local.home_facts import days_by_lot
from tests.unit.cloud.savings.conftest import day_record

FIRST = date(2025, 7, 1)


def hours(days: int = 5) -> pd.DataFrame:
    """A device in Rome; day n (local) takes n + 1 kWh an hour, and the last day is not whole."""
    start = datetime(2025, 6, 30, 22, tzinfo=UTC)
    count = 24 * days - 8
    ends = [start + timedelta(hours=place + 1) for place in range(count)]
    frame = pd.DataFrame({"device_id": "d1", "hour_end_at": pd.to_datetime(ends)})
    for name in (*ENERGY_FEATURES, "other_mode_ratio"):
        frame[name] = 0.0
    return frame.assign(**{ENERGY_TARGET: [float(place // 24 + 1) for place in range(count)]})


def profile() -> Profile:
    place = Installation(24.0, 41.9, 12.5, "Europe/Rome")
    return Profile("d1", "h1", place, True, Preferences(), "auto", measures_savings=True)  # noqa: FBT003 (told)


def test_whole_local_days_have_their_hours_and_what_was_used_in_them() -> None:
    assignment = Assignment((Design("s", 7),))
    arms = {FIRST + timedelta(days=number): ("habit", "advised")[number % 2] for number in range(5)}
    days = [day_record("d1", day, arm=arm, kwh=0.0) for day, arm in arms.items()]

    found = days_by_lot(hours(), [profile()], {"d1": days}, assignment)

    assert sorted(day for _, day in found.hours) == sorted(arms)[:4]  # of the last a third is missing
    assert {rows.shape for rows in found.hours.values()} == {(24, len(ENERGY_FEATURES))}
    assert found.used_kwh["d1", FIRST + timedelta(days=2)] == pytest.approx(24 * 3)
    (home,) = found.measured()
    assert home.place == "42,12"
    assert home.used[-4:] == pytest.approx([24, 48, 72, 96])


def test_without_a_habit_day_nobody_has_consented_and_nothing_is_measured() -> None:
    days = [day_record("d1", FIRST, arm="advised", kwh=0.0)]

    assert days_by_lot(hours(), [profile()], {"d1": days}, Assignment()).measured() == []
    assert days_by_lot(hours(), [], {}, Assignment()).measured() == []
