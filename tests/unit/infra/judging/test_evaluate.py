import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cloud.champion import Champion
from infra.local.judging.blocks import play_trial
from infra.local.judging.evaluate import Evaluation, judge, pool
from infra.local.judging.play import Played
from infra.local.judging.plots import draw
from infra.local.judging.table import print_evaluation, table
from infra.local.judging.trial import Phase, Trial

TRIAL = Trial(
    homes=4,
    seed=6,
    learning_days=2,
    search_days=1,
    advised_days=1,
    arms=("+0", "+2", "best_rule", "advisor"),
    lambdas=(5.0, 20.0),
    phases=(Phase(1, 1), Phase(2, 2), Phase(29, 42)),
)
"""With this seed nobody's own change falls into the days in which the habits are learnt: they are exact."""


@pytest.fixture(scope="module")
def plays() -> dict[str, Played]:
    return play_trial(TRIAL, Champion.from_package())


@pytest.fixture(scope="module")
def judged(plays: dict[str, Played]) -> Evaluation:
    return judge(TRIAL, "base-1", plays)


def test_the_same_setpoint_saves_nothing(judged: Evaluation) -> None:
    same = judged.arms[0]

    assert same.pairs.saved_pct.mean == pytest.approx(0.0, abs=1e-9)
    assert same.pairs.warm_extra_k_h_day.mean == 0.0
    assert same.pairs.overrides_extra_day.mean == 0.0
    assert same.changes_day == judged.changes_habit_day


def test_two_degrees_more_save_and_are_felt(judged: Evaluation) -> None:
    warmer = judged.arms[1]

    assert warmer.pairs.saved_pct.mean > 3.0
    assert warmer.pairs.warm_extra_k_h_day.mean > 0.0
    assert warmer.kept_ratio < 1.0


def test_hindsight_takes_the_rule_only_where_it_keeps_comfort(judged: Evaluation) -> None:
    warmer, best = judged.arms[1], judged.arms[2]
    expected = [
        saved if extra_k_h <= 0.25 and overrides <= 0 and saved > 0 else 0.0
        for saved, extra_k_h, overrides in zip(
            warmer.homes.saved_pct, warmer.homes.warm_extra_k_h_day, warmer.homes.overrides_extra, strict=True
        )
    ]

    assert best.homes.saved_pct == pytest.approx(expected, abs=1e-9)


def test_what_was_told_is_compared_with_what_came(judged: Evaluation) -> None:
    promise = judged.arms[3].promise

    assert promise is not None
    assert promise.measured_kwh_day == pytest.approx(
        judged.habit_kwh_day - judged.arms[3].kwh_day, abs=1e-9
    )  # one day, so both are means over the same home-days
    assert promise.daily.periods == round((1 - promise.silent_ratio) * TRIAL.homes * TRIAL.days)
    assert promise.weekly.periods == 0  # two days are no week


def test_phases_are_parts_of_one_play(judged: Evaluation) -> None:
    first, second = judged.arms[3].phases

    assert second.pairs == judged.arms[3].pairs
    assert first.pairs == judged.arms[3].search
    assert first.pairs.habit_kwh != second.pairs.habit_kwh


def test_only_who_says_what_it_will_save_has_a_search(judged: Evaluation) -> None:
    assert [arm.search is None for arm in judged.arms] == [True, True, True, False, False]


def test_the_curve_goes_through_the_advisor_itself(judged: Evaluation) -> None:
    assert judged.curve is not None
    assert [point.comfort_lambda for point in judged.curve.points] == [5.0, 20.0]
    assert judged.curve.points[1].saved_pct == judged.arms[3].pairs.saved_pct
    assert judged.arms[4].arm == "advisor@5"


def test_shares_are_of_what_the_oracle_saves(plays: dict[str, Played]) -> None:
    trial = replace(TRIAL, arms=("+0", "+2"), lambdas=())
    judged = judge(trial, "base-1", {**plays, "oracle": plays["+2"]})

    assert [arm.oracle_ratio.mean for arm in judged.arms if arm.oracle_ratio] == pytest.approx([0.0, 1.0])


def test_fleets_are_pooled_home_by_home(plays: dict[str, Played], judged: Evaluation) -> None:
    both = pool([TRIAL, replace(TRIAL, climate="mild_summer")], "base-1", [plays, plays])

    assert both.trial.climate == "hot_dry + mild_summer"
    assert both.arms[1].homes.saved_pct == 2 * judged.arms[1].homes.saved_pct
    assert both.arms[1].saved_home_pct.mean == pytest.approx(judged.arms[1].saved_home_pct.mean)


def test_prints_every_arm_and_the_price_of_the_search(judged: Evaluation) -> None:
    console = Console(record=True, width=200)
    print_evaluation(console, judged)
    text = console.export_text()

    assert all(arm.arm in text for arm in judged.arms)
    assert text.count("The search for each home's tolerance") == 2
    assert text.count("λ = ") == 2
    assert all(len(row) == len(table(judged)[0]) for row in table(judged))


def test_writes_json_without_nan(judged: Evaluation) -> None:
    text = json.dumps(judged.to_json(), allow_nan=False)

    assert json.loads(text)["arms"][3]["arm"] == "advisor"
    assert json.loads(text)["arms"][3]["promise"]["weekly"]["covered_ratio"] is None


def test_draws_homes_phases_curve_and_coverage(judged: Evaluation, tmp_path: Path) -> None:
    drawn = draw(judged, tmp_path / "plots")

    assert [path.name for path in drawn] == ["homes.png", "phases.png", "curve.png", "coverage.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def test_no_figure_is_printed_in_pieces(judged: Evaluation) -> None:
    console = Console(record=True, width=80)  # what a pipe passes for
    print_evaluation(console, judged)
    lines = console.export_text().splitlines()

    for row in table(judged):
        assert any(all(cell in line for cell in row) for line in lines)
    assert sum("The search for each home" in line and 'said "a bit warm".' in line for line in lines) == 2
