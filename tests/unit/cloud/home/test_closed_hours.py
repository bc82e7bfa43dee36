import math

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from cloud.closed_hours import COLUMNS, DIGITS, KEPT_H, ClosedHours
from cloud.open_hour import Hour


def hour(index: int, setpoint_c: float = 24.0) -> Hour:
    return Hour(index, 1.0, 0.5, setpoint_c, 1.0, 30.0, 25.0, 50.0, math.nan, 0.0)


def setpoints_c(hours: ClosedHours, first: int, count: int) -> list[float | None]:
    column = hours.columns(first, count)[COLUMNS.index("setpoint_c")]
    return [None if math.isnan(value) else value for value in column.tolist()]


def test_columns_show_each_hour_at_its_place_and_nothing_in_the_gaps() -> None:
    hours = ClosedHours()
    for index, setpoint_c in ((100, 21.0), (101, 22.0), (104, 23.0)):
        hours.keep(hour(index, setpoint_c))

    assert setpoints_c(hours, 99, 8) == [None, 21.0, 22.0, None, None, 23.0, None, None]


def test_nothing_is_kept_for_longer_than_eight_days() -> None:
    hours = ClosedHours()
    for index in range(KEPT_H + 30):
        hours.keep(hour(index, setpoint_c=20.0 + index / 10))

    newest = KEPT_H + 29
    assert [each.hour_index for each in hours] == list(range(30, newest + 1))
    assert setpoints_c(hours, newest - KEPT_H, 2) == [None, 23.0]
    assert setpoints_c(hours, newest, 3) == [20.0 + newest / 10, None, None]


def test_an_hour_after_a_long_silence_is_not_mistaken_for_one_eight_days_before() -> None:
    hours = ClosedHours()
    hours.keep(hour(5))
    hours.keep(hour(5 + KEPT_H + 40))

    assert setpoints_c(hours, 5 + KEPT_H, 3) == [None] * 3
    assert [each.hour_index for each in hours] == [5 + KEPT_H + 40]


MEASURED = st.none() | st.floats(-40.0, 20_000.0).map(lambda value: round(value, DIGITS) + 0.0)


@given(
    st.lists(st.integers(1, KEPT_H - 2), max_size=6), st.lists(MEASURED, min_size=9, max_size=9), st.data()
)
def test_bytes_give_back_every_hour_to_the_last_bit(
    gaps: list[int], first: list[float | None], data: st.DataObject
) -> None:
    hours, again, index = ClosedHours(), ClosedHours(), 490_000
    for gap in gaps:
        index += gap
        values = [1.0, *data.draw(st.permutations(first))[1:]]
        hours.keep(Hour(index, *(math.nan if value is None else value for value in values)))

    again.extend_bytes(hours.to_bytes(), index if gaps else None)

    assert repr(list(again)) == repr(list(hours))  # as text, since NaN is not itself
    assert again.to_bytes() == hours.to_bytes()
    np.testing.assert_array_equal(again.columns(index - 9, 12), hours.columns(index - 9, 12))
