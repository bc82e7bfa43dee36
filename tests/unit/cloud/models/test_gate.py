"""The gate: what a challenger may not do, each planted once."""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cloud import energy
from cloud.assignment import Assignment, Design
from cloud.champion import Champion
from cloud.energy import TREE_FEATURES, EnergyModel, usable_energy_hours
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.gate.judge import Evidence, judge
from cloud.gate.saving import DaysByLot, DeviceDay, judge_savings
from cloud.gate.segments import Traits
from cloud.gate.verdict import Verdict
from cloud.ports.records import DayRecord
from cloud.training import LeakError, Split, TrainingParams, split, train
from cloud.trees import Floats, TreeParams, Trees, matrix
from tests.unit.cloud.savings.conftest import day_record

PARAMS = TrainingParams(
    energy=TreeParams(trees=60, leaves=12, min_rows_leaf=20),
    override=TreeParams(trees=20, leaves=6, min_rows_leaf=40),
)


@pytest.fixture(scope="module")
def champion(make_rooms: Callable[..., Any]) -> Champion:
    """One with small trees, so that there is something to gain."""
    few = replace(PARAMS, energy=replace(PARAMS.energy, trees=30, leaves=2))
    return train(split(make_rooms(seed=9).hours()).fit, few, "v1")


@pytest.fixture(scope="module")
def parts(room_hours: pd.DataFrame) -> Split:
    return split(room_hours)


@pytest.fixture(scope="module")
def good(parts: Split) -> Champion:
    return train(parts.fit, PARAMS, "v2")


def ask(champion: Champion, challenger: Champion, parts: Split, **more: Any) -> Verdict:  # noqa: ANN401
    evidence: dict[str, Any] = {"learnt": parts.fit, "clock": time.perf_counter} | more
    return judge(champion, challenger, parts, Evidence(**evidence))[0]


def refused(verdict: Verdict) -> list[str]:
    assert verdict.promote == all(finding.passed for finding in verdict.findings)
    return [finding.check for finding in verdict.findings if not finding.passed]


class Planted(EnergyModel):
    """A model with its answers changed."""

    def __init__(self, of: EnergyModel, change: Callable[[EnergyModel, Floats], Floats]) -> None:
        super().__init__(of.trees)
        self._of, self._change = of, change

    def predict(self, rows: Floats) -> Floats:
        return self._change(self._of, rows)


def planted(good: Champion, change: Callable[[EnergyModel, Floats], Floats]) -> Champion:
    return replace(good, version="bad", energy=Planted(good.energy, change))


def test_a_good_challenger_passes_every_check_and_says_so(
    champion: Champion, good: Champion, parts: Split
) -> None:
    verdict = ask(champion, good, parts)

    assert refused(verdict) == []
    assert verdict.reason.startswith("no worse than v1: daily error")
    asked = {"features", "numbers", "cold setpoints", "physics", "latency", "leaks", "error", "who serves",
             "ridge", "climatology", "overrides", "savings", "faulty days"}  # fmt: skip
    assert set(verdict.document()) == asked


def test_who_predicts_savings_for_cold_setpoints_is_kept_out(
    champion: Champion, good: Champion, parts: Split
) -> None:
    places = [ENERGY_FEATURES.index(name) for name in ("setpoint_c", "setpoint_3h_c", "setpoint_24h_c")]

    def cheap_cold(model: EnergyModel, rows: Floats) -> Floats:
        mirrored = rows.copy()
        mirrored[:, places] = 50.0 - rows[:, places]
        return model.predict(mirrored)

    verdict = ask(champion, planted(good, cheap_cold), parts)

    assert "cold setpoints" in refused(verdict)
    assert "it predicts savings for cold setpoints" in verdict.reason


def test_who_answers_no_number_is_kept_out(champion: Champion, good: Champion, parts: Split) -> None:
    def nan_without_outdoor_sensor(model: EnergyModel, rows: Floats) -> Floats:
        unknown = np.isnan(rows[:, ENERGY_FEATURES.index("outdoor_dry_bulb_c")])
        return np.where(unknown, np.nan, model.predict(rows))

    verdict = ask(champion, planted(good, nan_without_outdoor_sensor), parts)

    assert refused(verdict) == ["numbers"]


def test_who_is_ten_times_as_slow_is_kept_out(champion: Champion, good: Champion, parts: Split) -> None:
    def slow(model: EnergyModel, rows: Floats) -> Floats:
        return [model.predict(rows) for _ in range(10)][-1]

    verdict = ask(champion, planted(good, slow), parts)

    assert refused(verdict) == ["latency"]
    assert "times as slow as the champion" in verdict.reason


def test_time_is_taken_from_the_clock_that_is_given(champion: Champion, good: Champion, parts: Split) -> None:
    ticks = itertools.cycle([0.0, 1.0, 1.0, 8.0])  # the champion takes 1 s, the challenger 7 s

    verdict = ask(champion, good, parts, clock=lambda: next(ticks))

    assert "7.0 times as slow" in verdict.reason


@pytest.mark.parametrize("column", ["device_id", "home_id"])
def test_who_knows_homes_by_name_is_kept_out_before_it_is_asked(
    champion: Champion, good: Champion, parts: Split, column: str
) -> None:
    hours = usable_energy_hours(parts.fit)
    rows = pd.DataFrame(energy.tree_inputs(matrix(hours, ENERGY_FEATURES)), columns=list(TREE_FEATURES))
    rows[column] = hours["device_id"].astype("category").cat.codes.to_numpy()
    by_name = Trees.grow(
        rows, hours[ENERGY_TARGET], monotone={}, objective="regression", params=TreeParams(trees=3)
    )

    verdict = ask(champion, replace(good, energy=EnergyModel(by_name)), parts)

    assert refused(verdict) == ["features"]
    assert column in verdict.reason


def test_one_hour_of_judgement_among_those_learnt_from_is_seen(
    champion: Champion, good: Champion, parts: Split
) -> None:
    leaked = pd.concat([parts.fit, parts.newest.iloc[[17]]], ignore_index=True)

    verdict = ask(champion, good, parts, learnt=leaked)

    assert refused(verdict) == ["leaks"]
    assert "1 hours of judgement were learnt from" in verdict.reason


def test_an_hour_of_judgement_under_another_name_is_seen(
    champion: Champion, good: Champion, parts: Split
) -> None:
    copy = usable_energy_hours(parts.newest).iloc[[3]].assign(device_id="somebody-else")

    verdict = ask(champion, good, parts, learnt=pd.concat([parts.fit, copy], ignore_index=True))

    assert refused(verdict) == ["leaks"]


def test_a_split_with_a_leak_cannot_be_made(parts: Split) -> None:
    with pytest.raises(LeakError, match="as new as"):
        replace(parts, fit=pd.concat([parts.fit, parts.newest.head(1)]))
    known = parts.fit.assign(device_id=parts.held_out["device_id"].iloc[0])
    with pytest.raises(LeakError, match="held out"):
        replace(parts, fit=known)


def test_a_worse_challenger_is_kept_out(champion: Champion, good: Champion, parts: Split) -> None:
    lazy = train(parts.fit, TrainingParams(energy=TreeParams(trees=3), override=PARAMS.override), "v2")

    verdict = ask(champion, lazy, parts)

    assert "error" in refused(verdict)
    assert verdict.reason.startswith("kept v1: daily error")


def test_a_challenger_that_knows_only_its_own_homes_is_kept_out(
    champion: Champion, good: Champion, parts: Split
) -> None:
    unseen = parts.newest["device_id"].isin(parts.held_out["device_id"])
    strange = parts.newest.assign(
        electric_energy_kwh=parts.newest.electric_energy_kwh.where(
            ~unseen, champion.energy.predict(matrix(parts.newest, ENERGY_FEATURES))
        )
    )
    held_out = strange[unseen]

    verdict = ask(champion, good, replace(parts, newest=strange, held_out=held_out))

    assert "error" in refused(verdict)
    assert "in unseen homes +" in verdict.reason


def test_it_is_compared_with_the_champion_as_judged_and_not_with_what_has_learnt_its_homes(
    champion: Champion, good: Champion, parts: Split
) -> None:
    """What serves was learnt anew from all homes; by heart, say, of those that are held out."""
    unseen = parts.newest[parts.newest["device_id"].isin(parts.unseen)]
    answers = dict(zip(map(bytes, matrix(unseen, ENERGY_FEATURES)), unseen[ENERGY_TARGET], strict=True))

    def by_heart(model: EnergyModel, rows: Floats) -> Floats:
        return np.array(
            [answers.get(bytes(row), kwh) for row, kwh in zip(rows, model.predict(rows), strict=True)]
        )

    refitted = planted(champion, by_heart)

    assert "error" in refused(ask(refitted, good, parts))
    assert refused(ask(replace(refitted, judged=champion.energy), good, parts)) == []


def test_who_is_surely_worse_than_what_serves_in_homes_that_both_know_is_kept_out(
    champion: Champion, good: Champion, parts: Split
) -> None:
    weak = train(parts.fit, replace(PARAMS, energy=replace(PARAMS.energy, trees=6)), "weak")

    assert "who serves" not in refused(ask(good, good, parts))
    against = refused(ask(replace(good, judged=weak.energy), champion, parts))
    assert "who serves" in against
    assert "error" not in against


def test_a_segment_that_is_worse_off_is_not_outweighed_by_the_others(
    champion: Champion, good: Champion, parts: Split
) -> None:
    homes = sorted(parts.newest["device_id"].unique())
    traits = {home: Traits("inverter" if place < 8 else "single speed") for place, home in enumerate(homes)}
    few = parts.newest["device_id"].isin(homes[:8])
    theirs = champion.energy.predict(matrix(parts.newest, ENERGY_FEATURES))
    judged = parts.newest.assign(electric_energy_kwh=parts.newest.electric_energy_kwh.where(~few, theirs))

    verdict = ask(champion, good, replace(parts, newest=judged, held_out=judged), traits=traits)

    assert "machine inverter" in refused(verdict)
    assert "machine single speed" not in refused(verdict)
    assert "machine inverter: +" in verdict.reason


def test_a_few_homes_that_are_worse_off_by_chance_do_not_refuse_it(
    champion: Champion, good: Champion, parts: Split
) -> None:
    homes = sorted(parts.newest["device_id"].unique())
    traits = {home: Traits("inverter" if place < 8 else "single speed") for place, home in enumerate(homes)}
    theirs = champion.energy.predict(matrix(parts.newest, ENERGY_FEATURES))
    one = parts.newest["device_id"] == homes[0]
    judged = parts.newest.assign(electric_energy_kwh=parts.newest.electric_energy_kwh.where(~one, theirs))

    verdict = ask(champion, good, replace(parts, newest=judged, held_out=judged), traits=traits)

    assert "machine inverter" not in refused(verdict)


def test_a_challenger_against_physics_is_kept_out_however_good(
    champion: Champion, parts: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "TREE_MONOTONE", {})
    unconstrained = train(parts.fit, PARAMS, "v2")

    verdict = ask(champion, unconstrained, parts)

    assert "physics" in refused(verdict)
    assert "against physics" in verdict.reason


def test_who_loses_to_a_simple_forecast_is_kept_out_even_if_the_champion_does_too(
    champion: Champion, good: Champion, parts: Split
) -> None:
    def half_blind(model: EnergyModel, rows: Floats) -> Floats:
        return 0.5 * model.predict(rows)

    worse = planted(champion, lambda model, rows: 0.4 * model.predict(rows))

    assert refused(ask(worse, planted(good, half_blind), parts))[:1] == ["ridge"]


def test_overrides_out_of_calibration_are_refused_unless_the_champion_is_further_off(
    champion: Champion, good: Champion, parts: Split
) -> None:
    touchy = replace(parts, held_out=parts.held_out.assign(warm_override_next_h=1.0))
    nobody = replace(champion, override=type(champion.override)(champion.override.trees))
    nobody.override.predict = lambda rows: np.full(len(rows), 0.001)  # type: ignore[method-assign]

    assert "overrides" in refused(ask(champion, replace(good, override=nobody.override), touchy))
    assert "overrides" not in refused(ask(nobody, good, touchy))


SWITCHBACK = Assignment((Design("gate", 7),))


def by_lot(hours: pd.DataFrame, saved_ratio: float) -> DaysByLot:
    """Days of homes, those that were drawn as advised kept two degrees warmer, with so much saved."""
    records, rows, used_kwh = (
        dict[str, list[DayRecord]](),
        dict[DeviceDay, Floats](),
        dict[DeviceDay, float](),
    )
    warmer = ("setpoint_c", "setpoint_3h_c", "setpoint_24h_c")
    for name, own in usable_energy_hours(hours).groupby("device_id"):
        home = str(name)
        for day, known in own.groupby(own["hour_end_at"].dt.date):
            arm = SWITCHBACK.of(home, day).arm
            up_k, left = (2.0, 1 - saved_ratio) if arm == "advised" else (0.0, 1.0)
            records.setdefault(home, []).append(day_record(home, day, arm=arm, kwh=0.0))
            lived = known.assign(**{each: known[each] + up_k for each in warmer})
            rows[home, day] = matrix(lived, ENERGY_FEATURES)
            used_kwh[home, day] = left * float(known[ENERGY_TARGET].sum())
    return DaysByLot(records, SWITCHBACK, rows, used_kwh)


def test_who_predicts_savings_that_were_not_measured_is_kept_out(
    champion: Champion, good: Champion, parts: Split, room_hours: pd.DataFrame
) -> None:
    def no_effect(model: EnergyModel, rows: Floats) -> Floats:
        flat = rows.copy()
        flat[:, [ENERGY_FEATURES.index("setpoint_c")]] = 25.0
        flat[:, [ENERGY_FEATURES.index("setpoint_3h_c")]] = 25.0
        flat[:, [ENERGY_FEATURES.index("setpoint_24h_c")]] = 25.0
        return model.predict(flat)

    measured = by_lot(room_hours, 0.30)

    assert "savings" not in refused(ask(champion, good, parts, by_lot=measured))
    verdict = ask(champion, planted(good, no_effect), parts, by_lot=measured)
    assert "savings" in refused(verdict)
    assert "advice saved +" in verdict.reason
    surely_lost = by_lot(room_hours, -0.30)
    assert "savings" in refused(ask(champion, good, parts, by_lot=surely_lost))


def test_savings_of_ten_days_by_lot_are_judged_and_of_few_not(
    champion: Champion, good: Champion, parts: Split, room_hours: pd.DataFrame
) -> None:
    """The newest days of a window are no two weeks: levels of weekdays would leave nothing of them."""
    ends = room_hours["hour_end_at"]
    ten = by_lot(room_hours[ends > ends.max() - pd.Timedelta(days=10)], -0.9)
    few = parts.newest[parts.newest["device_id"] == parts.newest["device_id"].iloc[0]]

    found = judge_savings(champion.energy, good.energy, ten, 0.02)
    assert not found.passed, found.says
    assert judge_savings(champion.energy, good.energy, by_lot(few, -0.9), 0.02).says.endswith("too few")
    nobody = judge_savings(champion.energy, good.energy, DaysByLot(), 0.02)
    assert nobody.passed
