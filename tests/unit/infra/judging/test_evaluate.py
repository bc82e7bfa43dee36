import json
from dataclasses import replace

import pytest
from rich.console import Console

from cloud.champion import Champion
from infra.local.judging.evaluate import Evaluation, Trial, evaluate
from infra.local.judging.table import print_evaluation, table

TRIAL = Trial(homes=4, seed=6, learning_days=2, search_days=1, advised_days=1, arms=("+0", "+2", "advisor"))
"""With this seed nobody's own change falls into the days in which the habits are learnt: they are exact."""


@pytest.fixture(scope="module")
def played() -> Evaluation:
    return evaluate(TRIAL, Champion.from_package())


def test_the_same_setpoint_saves_nothing(played: Evaluation) -> None:
    same = played.arms[0]

    assert same.pairs.saved_pct.mean == pytest.approx(0.0, abs=1e-9)
    assert same.pairs.warm_extra_k_h_day.mean == 0.0
    assert same.pairs.overrides_extra_day.mean == 0.0


def test_two_degrees_more_save_and_are_felt(played: Evaluation) -> None:
    warmer = played.arms[1]

    assert warmer.pairs.saved_pct.mean > 3.0
    assert warmer.pairs.warm_extra_k_h_day.mean > 0.0


def test_what_was_told_is_compared_with_what_came(played: Evaluation) -> None:
    promise = played.arms[2].promise

    assert promise is not None
    assert promise.measured_kwh_day == pytest.approx(
        played.habit_kwh_day - played.arms[2].kwh_day, abs=1e-9
    )  # one day, so both are means over the same home-days


def test_the_search_is_told_apart_from_what_is_claimed(played: Evaluation) -> None:
    search = played.arms[2].search

    assert search is not None
    assert search.habit_kwh != played.arms[2].pairs.habit_kwh


def test_only_who_searches_has_a_search(played: Evaluation) -> None:
    assert [arm.search is None for arm in played.arms] == [True, True, False]


def test_a_trial_is_the_same_each_time(played: Evaluation) -> None:
    assert evaluate(replace(TRIAL, arms=("advisor",)), Champion.from_package()).arms[0] == played.arms[2]


def test_prints_every_arm_and_the_price_of_the_search(played: Evaluation) -> None:
    console = Console(record=True, width=200)
    print_evaluation(console, played)
    text = console.export_text()

    assert all(arm.arm in text for arm in played.arms)
    assert text.count("The search for each home's tolerance") == 1
    assert all(len(row) == len(table(played)[0]) for row in table(played))
    assert json.loads(json.dumps(played.to_json()))["arms"][2]["arm"] == "advisor"


def test_no_figure_is_printed_in_pieces(played: Evaluation) -> None:
    console = Console(record=True, width=80)  # what a pipe passes for
    print_evaluation(console, played)
    lines = console.export_text().splitlines()

    for row in table(played):
        assert any(all(cell in line for cell in row) for line in lines)
    assert sum("The search for each home" in line and 'said "a bit warm".' in line for line in lines) == 1
