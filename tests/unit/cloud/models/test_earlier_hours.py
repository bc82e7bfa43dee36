"""Earlier hours: within a year, before the window, bounded, and the same for the same lake."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from cloud.earlier_hours import SPAN_DAYS, SPANS, YEAR_DAYS, drawn_hours, spans

WINDOW = date(2025, 8, 1)


@pytest.mark.parametrize("past_days", [0, 3, 7, 8, 20, 41, 90, 365, 900])
def test_weeks_lie_between_the_first_day_and_the_window_and_within_a_year(past_days: int) -> None:
    first = WINDOW - timedelta(days=past_days)
    found = spans(first, WINDOW)

    assert len(found) <= SPANS
    assert bool(found) == (past_days >= SPAN_DAYS)
    for begin, end in found:
        assert end - begin == timedelta(days=SPAN_DAYS)
        assert max(first, WINDOW - timedelta(days=YEAR_DAYS)) <= begin < end <= WINDOW
    assert all(one[1] <= other[0] for one, other in pairwise(found))


def test_of_a_year_the_weeks_reach_from_its_oldest_days_to_the_window() -> None:
    found = spans(WINDOW - timedelta(days=900), WINDOW)

    assert len(found) == SPANS
    assert found[0][0] == WINDOW - timedelta(days=YEAR_DAYS)
    assert found[-1][1] == WINDOW


def test_a_draw_is_bounded_and_the_same_in_whatever_order_the_hours_come(room_hours: pd.DataFrame) -> None:
    shuffled = room_hours.iloc[np.random.default_rng(2).permutation(len(room_hours))]
    keys = ["device_id", "hour_end_at"]

    drawn, again = drawn_hours(room_hours, 500), drawn_hours(shuffled, 500)

    assert len(drawn) == 500
    assert drawn["device_id"].nunique() == room_hours["device_id"].nunique()
    assert set(map(tuple, drawn[keys].to_numpy())) == set(map(tuple, again[keys].to_numpy()))
    assert drawn.index.is_monotonic_increasing
    assert len(drawn_hours(room_hours.head(100), 500)) <= 100
