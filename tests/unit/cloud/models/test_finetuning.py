"""Fine-tuning: which challengers may serve."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cloud.champion import Champion
from cloud.energy import EnergyModel, usable_energy_hours
from cloud.errors import InsufficientDataError
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.finetuning import QUICK_TREES, Recipe, fine_tune
from cloud.training import TrainingParams, split, train
from cloud.trees import TreeParams, matrix

PARAMS = TrainingParams(
    energy=TreeParams(trees=40, leaves=12, min_rows_leaf=20),
    override=TreeParams(trees=20, leaves=6, min_rows_leaf=40),
)
SETPOINTS = ["setpoint_c", "setpoint_3h_c", "setpoint_24h_c"]


@pytest.fixture(scope="module")
def base(make_rooms: Callable[..., Any]) -> pd.DataFrame:
    """Base data of other rooms with randomised setpoints."""
    hours: pd.DataFrame = make_rooms(seed=9).hours()
    return hours


@pytest.fixture(scope="module")
def champion(base: pd.DataFrame) -> Champion:
    return train(split(base).fit, PARAMS, "v1")


def clogged(hours: pd.DataFrame) -> pd.DataFrame:
    """The same lives with machines that draw half as much again, and have done so for weeks."""
    return hours.assign(
        electric_energy_kwh=1.5 * hours.electric_energy_kwh + 0.2,
        home_kwh_168h=1.5 * hours.home_kwh_168h + 0.2,
        home_on_kwh_168h=1.5 * hours.home_on_kwh_168h + 0.2,
    )


def test_a_challenger_that_has_learnt_a_change_is_promoted(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    made = fine_tune(champion, clogged(room_hours), base.iloc[::8], PARAMS, "v2")

    assert made.verdict.promote
    assert made.verdict.reason.startswith("no worse than v1: daily error")
    assert made.metrics["challenger_daily_wape"] < made.metrics["champion_daily_wape"]
    assert made.challenger.version == "v2"


def test_the_same_round_gives_the_same_bits_and_words(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    first, second = (fine_tune(champion, room_hours, base.iloc[::8], PARAMS, "v2") for _ in range(2))

    assert first.challenger.to_files() == second.challenger.to_files()
    assert (first.verdict, first.metrics) == (second.verdict, second.metrics)


@pytest.mark.parametrize("quick", [False, True])
def test_the_presence_model_goes_on_serving(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame, *, quick: bool
) -> None:
    serving = replace(champion, presence=Champion.from_package().presence)
    made = fine_tune(serving, room_hours, base.iloc[::8], PARAMS, "v2", quick=quick)

    assert serving.presence is not None
    assert made.challenger.presence is serving.presence
    quickly = train(split(room_hours).fit, PARAMS, "v2", serving)
    assert quickly.presence is serving.presence


def test_the_quick_way_adds_few_trees(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    made = fine_tune(champion, clogged(room_hours), base.iloc[::8], PARAMS, "v2", quick=True)

    added = made.challenger.energy.trees.count - champion.energy.trees.count
    assert added == QUICK_TREES
    assert made.metrics["challenger_daily_wape"] < made.metrics["champion_daily_wape"] / 2


@pytest.mark.parametrize(
    ("change", "rate"),
    [(lambda hours: hours, 0.03), (clogged, 0.1)],  # a level that is right, and one that is off by half
)
def test_only_after_a_sudden_change_the_quick_way_goes_all_the_way(
    champion: Champion,
    room_hours: pd.DataFrame,
    base: pd.DataFrame,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    rate: float,
) -> None:
    recipe = Recipe(champion, base.iloc[::8], PARAMS, "v2", quick=True)

    made = recipe.judged(split(change(room_hours)))

    added = made.energy.trees.text.split("shrinkage=")[-QUICK_TREES:]  # each tree says its own weight
    assert {float(each.split("\n")[0]) for each in added} == {rate}


def test_a_hot_fix_is_judged_by_what_grew_from_the_judged_champion(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    """What serves has learnt held-out homes and the newest days: trees that go on from it know them."""
    fewer = replace(PARAMS, energy=replace(PARAMS.energy, trees=30))
    serving = replace(champion, judged=train(split(base).fit, fewer, "v1").energy)

    a_tenth_more = room_hours.assign(electric_energy_kwh=1.1 * room_hours.electric_energy_kwh)
    made = fine_tune(serving, a_tenth_more, base.iloc[::8], PARAMS, "v2", quick=True)

    assert made.refitted, made.verdict.reason
    assert made.challenger.as_judged.trees.count == 30 + QUICK_TREES
    assert made.challenger.energy.trees.count == 40 + QUICK_TREES
    assert shape_of(made.challenger.as_judged) == shape_of(serving.as_judged)
    assert shape_of(made.challenger.energy) == shape_of(serving.energy)


def shape_of(energy: EnergyModel) -> str:
    """Its first tree, as it is written."""
    return energy.trees.text.partition("Tree=0")[2].partition("Tree=1")[0]


def test_of_what_is_replayed_homes_that_are_held_out_teach_nothing(
    champion: Champion, room_hours: pd.DataFrame
) -> None:
    """Their past would tell of them what the judgement must not know."""
    earlier = room_hours.assign(hour_end_at=room_hours["hour_end_at"] - pd.Timedelta(weeks=8))
    parts = split(room_hours)
    seen = parts.fit["device_id"].unique()

    recipe = Recipe(champion, earlier, PARAMS, "v2", quick=False)
    learnt = recipe.rows(parts.fit, parts.unseen)

    assert parts.unseen
    assert len(learnt) == len(parts.fit) + int(earlier["device_id"].isin(seen).sum())
    learnt_so = recipe.judged(parts).energy.trees.text
    assert learnt_so == train(learnt, PARAMS, "v2").energy.trees.text


def test_what_was_judged_is_kept_beside_what_was_learnt_anew(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    made = fine_tune(champion, room_hours, base, PARAMS, "v2")

    stored = Champion.from_files("v2", made.challenger.to_files())

    judged = Recipe(champion, base, PARAMS, "v2", quick=False).judged(split(room_hours))
    assert made.refitted
    assert stored.as_judged.trees.text == judged.energy.trees.text != stored.energy.trees.text


def test_too_little_telemetry_makes_no_challenger(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    with pytest.raises(InsufficientDataError):
        fine_tune(champion, room_hours.head(0), base, PARAMS, "v2")


def test_the_base_data_keep_the_effect_of_the_setpoint_through_lives_that_hide_it(
    champion: Champion, make_rooms: Callable[..., Any], base: pd.DataFrame
) -> None:
    lives = make_rooms(seed=5, randomised=False).hours()  # people set it lower the hotter it is
    judged = usable_energy_hours(split(base).held_out)

    def sustained(challenger: Champion) -> float:
        rows, warmer = matrix(judged, ENERGY_FEATURES), judged.copy()
        warmer[SETPOINTS] += 1.0
        now = challenger.energy.predict(rows).sum()
        return float(challenger.energy.predict(matrix(warmer, ENERGY_FEATURES)).sum() / now - 1)

    with_base = fine_tune(champion, lives, base.iloc[::3], PARAMS, "v2").challenger
    without = fine_tune(champion, lives, base.head(0), PARAMS, "v3").challenger

    truth = sustained(champion)
    assert abs(sustained(with_base) - truth) < 0.5 * abs(truth)
    assert abs(sustained(without) - truth) > abs(sustained(with_base) - truth)


def test_few_overrides_leave_the_override_model_as_it_is(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    calm = room_hours.assign(warm_override_next_h=np.where(room_hours.index % 400 == 0, 1.0, 0.0))

    made = fine_tune(champion, calm, base.iloc[::8], PARAMS, "v2")

    assert made.challenger.override is champion.override


def test_many_overrides_of_another_kind_renew_the_override_model(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    touchy = room_hours.assign(warm_override_next_h=(room_hours.index % 5 == 0).astype(float))

    made = fine_tune(champion, touchy, base.head(0), PARAMS, "v2")

    assert made.challenger.override is not champion.override
    assert 0.8 < made.metrics["override_calibration"] < 1.25


def test_energy_of_the_challenger_follows_the_window(
    champion: Champion, room_hours: pd.DataFrame, base: pd.DataFrame
) -> None:
    hours = clogged(room_hours)
    made = fine_tune(champion, hours, base.iloc[::8], PARAMS, "v2")
    judged = usable_energy_hours(split(hours).held_out)
    rows, observed = matrix(judged, ENERGY_FEATURES), judged[ENERGY_TARGET].sum()

    assert made.challenger.energy.predict(rows).sum() == pytest.approx(observed, rel=0.1)
