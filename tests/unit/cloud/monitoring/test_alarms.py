"""Alarms: each planted fault raises its own, where it is, and a sound fleet none."""

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, get_args

import pytest

from cloud.monitoring.alarms import RULES, judge
from cloud.ports.monitoring import AlarmName, CohortReport, Figures, ServiceFigures

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cloud.monitoring.conftest import World

Fault: TypeAlias = "Callable[[World], None]"

NORTH, SOUTH = "region +50+5", "region +35-5"
NORTHERN = [f"dev-{number:03d}" for number in range(0, 40, 2)]


def silence(world: "World") -> None:
    """A gateway of the north's is off; it had six devices of twenty."""
    for name in NORTHERN[:6]:
        world.newest[name] -= timedelta(hours=3)


def end_advice(world: "World") -> None:
    for name in NORTHERN[:6]:
        world.advise(name, valid_until=world.now - timedelta(minutes=1))


def burst(world: "World") -> None:
    """Two a day in a third of the homes, where one in ten days is usual."""
    for name in NORTHERN[:7]:
        for age_days in (1, 2):
            world.day(name, age_days, overrides=3)


def change_unit(world: "World") -> None:
    for name in NORTHERN:
        for age_days in range(1, 8):
            world.day(name, age_days, electric_energy_kwh=0.0084)


def refuse(world: "World") -> None:
    for name in NORTHERN:
        world.day(name, 2, refused=4)


def keep_old(world: "World") -> None:
    world.add_version("v0", 25.0)
    for name in NORTHERN:
        world.advise(name, champion="v0")


FAULTS: dict[str, tuple[Fault, str, dict[str, float]]] = {
    "readings_stale": (silence, NORTH, {"minutes": 10}),
    "advice_lapsed": (end_advice, NORTH, {"minutes": 10}),
    "advisor_behind": (lambda world: world.progress(1000.0), "fleet", {"minutes": 10}),
    "prediction_off": (change_unit, NORTH, {"minutes": 5}),
    "overrides_many": (burst, NORTH, {"minutes": 5}),
    "advice_refused": (refuse, NORTH, {"minutes": 5}),
    "feature_drift": (lambda world: world.look({NORTH: 0.3}), NORTH, {"hours": 31}),
    "readings_faulty": (
        lambda world: world.look({NORTH: 0.1}, key="faults/{}/outdoor_sensor"),
        NORTH,
        {"minutes": 5},
    ),
    "model_old": (keep_old, NORTH, {"minutes": 5}),
    "training_idle": (lambda _: None, "fleet", {"hours": 45}),
}


def test_a_sound_fleet_raises_nothing(world: "World") -> None:
    assert world.watch(hours=1).alarms == ()


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_raises_its_alarm_where_it_is(world: "World", name: str) -> None:
    fault, cohort, span = FAULTS[name]
    fault(world)

    report = world.watch(**span)

    assert {alarm.alarm for alarm in report.raised} == {name}
    raised = {alarm.cohort for alarm in report.raised}
    assert cohort in raised
    assert SOUTH not in raised
    assert all(alarm.words and alarm.remedy for alarm in report.raised)


def test_every_alarm_is_planted_has_a_rule_and_a_section_of_the_runbook() -> None:
    runbook = (Path(__file__).parents[4] / "infra" / "RUNBOOK.md").read_text()

    alarms = set(get_args(AlarmName))

    assert set(RULES) == set(FAULTS) == alarms
    assert set(re.findall(r"^## (\w+)$", runbook, re.MULTILINE)) == alarms


def stale(ratio: float) -> list[CohortReport]:
    figures = Figures(devices=1000, stale_ratio=ratio)
    return [CohortReport(name="fleet", figures=figures, versions={}, drift={})]


@pytest.mark.parametrize(
    ("ratios", "state"),
    [
        ([0.2], "pending"),
        ([0.2, 0.2], "pending"),
        ([0.2, 0.2, 0.2], "raised"),
        ([0.2, 0.01, 0.2], "pending"),  # short cuts are none
        ([0.2, 0.09, 0.2], "pending"),  # hysteresis is for what was raised
        ([0.2, 0.2, 0.2, 0.09], "raised"),
        ([0.2, 0.2, 0.2, 0.04], None),
        ([0.2, 0.2, 0.2, 0.04, 0.09], None),
    ],
)
def test_an_alarm_is_raised_when_it_lasts_and_ends_below_its_lower_limit(
    world: "World", ratios: list[float], state: str | None
) -> None:
    alarms, at = judge([], ServiceFigures(), (), world.now), world.now

    for ratio in ratios:
        alarms = judge(stale(ratio), ServiceFigures(), alarms, at)
        at += timedelta(minutes=5)

    assert [alarm.state for alarm in alarms] == ([] if state is None else [state])


def test_an_alarm_of_which_nothing_is_known_any_more_is_over(world: "World") -> None:
    service = ServiceFigures(training_idle_h=60.0)
    alarms = judge([], service, (), world.now)

    assert [alarm.alarm for alarm in alarms] == ["training_idle"]
    assert judge([], ServiceFigures(), alarms, world.now) == ()


@pytest.mark.parametrize(("silent", "of", "is_raised"), [(1, 8, False), (4, 20, False), (5, 20, True)])
def test_a_few_homes_raise_nothing_by_chance(
    world: "World", silent: int, of: int, *, is_raised: bool
) -> None:
    """Lower 95 % bounds by Wilson's formula, by hand: 1 of 8 is 2.8 %, 4 of 20 9.3 %, 5 of 20 12.7 %."""
    figures = Figures(devices=of, stale_ratio=silent / of)
    cohorts = [CohortReport(name="fleet", figures=figures, versions={}, drift={})]

    assert bool(judge(cohorts, ServiceFigures(), (), world.now)) == is_raised
