"""Days by lot become pairs: each habit day beside the nearest advised one."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from infra.local.home_facts import pairs_of

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


def test_each_habit_day_stands_beside_the_nearest_whole_advised_day() -> None:
    arms = {FIRST: "advised", FIRST + timedelta(days=2): "habit", FIRST + timedelta(days=3): "advised"}
    arms |= {FIRST + timedelta(days=4): "habit"}  # of which a third is missing

    (pair,) = pairs_of(hours(), {"d1": arms}, {"d1": "Europe/Rome"})  # type: ignore[dict-item]

    assert (pair.home, pair.habit.shape, pair.advised.shape) == ("d1", *[(24, len(ENERGY_FEATURES))] * 2)
    assert pair.saved_kwh == pytest.approx(24 * 3 - 24 * 4)


def test_without_habit_days_there_is_nothing_to_judge_by() -> None:
    assert pairs_of(hours(), {"d1": {FIRST: "advised"}}, {"d1": "Europe/Rome"}) == []
    assert pairs_of(hours(), {}, {}) == []
