"""Days by lot: the same for whoever asks, balanced, and what they say of a saving."""

import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.assignment import BLOCK_DAYS, AssignedDayError, Assignment, Design, draw

FIRST = date(2025, 6, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(420)]
HOLD_OUT, SWITCHBACK = Design("s1", 1), Design("s1", 7)


def test_another_process_draws_the_same() -> None:
    here = [draw(HOLD_OUT, "h1", day).arm for day in DAYS[:60]]
    code = (
        "from datetime import date, timedelta; from cloud.assignment import Design, draw;"
        "print([draw(Design('s1', 1), 'h1', date(2025, 6, 1) + timedelta(days=n)).arm for n in range(60)])"
    )
    there = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert there.strip() == str(here)
    assert "habit" in here


def test_the_hold_out_is_one_day_of_fourteen_and_the_switchback_every_second() -> None:
    share = {
        design.pairs: np.mean(
            [draw(design, f"h{home}", day).arm == "habit" for home in range(40) for day in DAYS]
        )
        for design in (Design("s1", 0), HOLD_OUT, SWITCHBACK)
    }

    assert share[0] == 0
    assert share[1] == pytest.approx(1 / 14, abs=0.002)  # 7.1 %: within the 5-10 % that are held out
    assert share[7] == pytest.approx(1 / 2, abs=0.005)


@given(st.text(min_size=1), st.integers(0, 7), st.text(min_size=1))
def test_each_whole_block_has_its_pairs_on_one_weekday_in_both_arms(seed: str, pairs: int, home: str) -> None:
    drawn = [(day, draw(Design(seed, pairs), home, day)) for day in DAYS[: 3 * BLOCK_DAYS]]
    whole = [block for block, days in Counter(each.block for _, each in drawn).items() if days == BLOCK_DAYS]
    for block in whole:
        measured = [(day, each) for day, each in drawn if each.block == block and each.pair is not None]
        assert len(measured) == 2 * pairs
        for pair in {each.pair for _, each in measured}:
            days = [day for day, each in measured if each.pair == pair]
            assert {each.arm for _, each in measured if each.pair == pair} == {"advised", "habit"}
            assert days[0].weekday() == days[1].weekday()


def test_over_seven_blocks_each_weekday_is_held_out_once() -> None:
    days = [FIRST + timedelta(days=number) for number in range(3 * 7 * BLOCK_DAYS)]
    blocks: dict[int, int] = {}
    for day in days:
        drawn = draw(HOLD_OUT, "h1", day)
        if drawn.arm == "habit":
            blocks[drawn.block // 7] = blocks.get(drawn.block // 7, 0) | 1 << day.weekday()

    assert 0b1111111 in blocks.values()


def test_of_a_pair_either_day_may_come_first() -> None:
    first = 0
    for home in range(200):
        name = f"h{home}"
        block = draw(SWITCHBACK, name, DAYS[14]).block
        begins = next(day for day in DAYS if draw(SWITCHBACK, name, day).block == block)
        first += draw(SWITCHBACK, name, begins).arm == "habit"

    assert 70 <= first <= 130  # a coin, 200 times: 4.2 standard deviations


def test_homes_are_not_measured_on_the_same_days() -> None:
    habit = Counter(
        day for home in range(60) for day in DAYS if draw(HOLD_OUT, f"h{home}", day).arm == "habit"
    )

    assert max(habit.values()) <= 16  # 60 homes, 1 of 14: 4.3 a day in the mean


def test_days_that_have_begun_keep_what_was_drawn() -> None:
    today = FIRST + timedelta(days=100)
    begun = Assignment((Design("s1", 1),))
    with pytest.raises(AssignedDayError):
        begun.followed_by(Design("s2", 7, today + timedelta(days=1)), today)

    changed = begun.followed_by(Design("s2", 7, today + timedelta(days=2)), today)

    for day in DAYS[:102]:
        assert changed.of("h1", day) == begun.of("h1", day)
    assert [changed.of("h1", day) for day in DAYS[102:]] == [
        draw(Design("s2", 7), "h1", day) for day in DAYS[102:]
    ]


def test_nothing_is_measured_without_a_design() -> None:
    assert {Assignment().of("h1", day).arm for day in DAYS} == {"advised"}
