"""Before and after: of homes with a history, with an interval of its own, and of nobody else."""

from datetime import timedelta

import numpy as np
import pytest

from cloud.ports.records import DayRecord
from infra.local.savings_second import opinion_of
from tests.unit.cloud.savings.conftest import FIRST, day_record

BEFORE, AFTER = 40, 40


def _days(seed: int, *, before: int = BEFORE, saved_kwh: float = 2.0) -> list[DayRecord]:
    """5 kWh, 0.8 more for each degree above 24; from day `before` on, advice is in force."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(before + AFTER):
        outdoor_c, later = float(random.uniform(20, 36)), number >= before
        kwh = 5 + 0.8 * max(outdoor_c - 24, 0) + random.normal(0, 0.5) - saved_kwh * later
        day = day_record("d", FIRST + timedelta(days=number), arm="advised", kwh=kwh, outdoor_c=outdoor_c)
        found.append(day if later else day.model_copy(update={"advised_h": 0.0}))
    return found


def test_what_homes_use_less_than_their_weather_told_before_is_told_with_an_interval() -> None:
    """10 homes, noise 0.5 kWh: of a home's mean of 40 after a line of 40 days about 0.12, of ten 0.04."""
    told = opinion_of({f"h{home}": _days(home) for home in range(10)})

    assert told is not None
    assert told.homes == 10
    assert told.saved_kwh == pytest.approx(2.0, abs=0.15)
    assert 0.04 < told.half_kwh < 0.15
    assert "before and after, of 10 homes" in told.line()


def test_homes_without_history_from_before_have_no_second_opinion() -> None:
    never = [day.model_copy(update={"advised_h": 0.0}) for day in _days(1)]

    assert opinion_of({"new": _days(1, before=27), "never": never}) is None
    mixed = opinion_of({"new": _days(1, before=27), "old": _days(2)})
    assert mixed is not None
    assert mixed.homes == 1
