from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.advice import Installation
from cloud.advisor import HomeAdvisor
from cloud.champion import Champion
from cloud.home_clock import HomeClock
from cloud.tolerance import PROBE_SLOTS
from device_sim.fleet import Fleet, FleetSpec
from edge.contract import Telemetry
from infra.local.judging.advised import ABLATIONS, Advised, WeatherService
from infra.local.judging.arms import Props, make_control
from infra.local.judging.rules import Habits
from infra.local.judging.trial import Trial

NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
READING: Mapping[str, Any] = {
    "device_id": "ac-1",
    "mode": "cool",
    "indoor_dry_bulb_c": 24.0,
    "outdoor_dry_bulb_c": 32.0,
    "changed_by": "schedule",
}


@pytest.fixture
def arm() -> Advised:
    """An arm with one home, at its habit of 24 °C."""
    champion = Champion.from_package()
    advisor = HomeAdvisor(champion, Installation(24.0, 0.0, 0.0, "UTC", step_s=1800))
    advisor.observe(Telemetry(**READING, sampled_at=NINE - timedelta(hours=1), setpoint_c=24.0))
    return Advised(champion, {"ac-1": advisor})


@pytest.fixture(scope="module")
def props() -> Props:
    spec = FleetSpec(homes=2, seed=11, start=NINE.replace(hour=0), split="validate")
    fleet = Fleet(spec, 2)
    return Props(Champion.from_package(), fleet, Habits.of(fleet), WeatherService(fleet))


def test_advice_is_commanded(arm: Advised) -> None:
    ((device_id, desired),) = arm.decide(NINE)

    assert (device_id, desired.setpoint_c, desired.requested_by) == ("ac-1", 24.0, "advisor")


def test_nothing_is_commanded_while_a_persons_word_stands(arm: Advised) -> None:
    """As the worker does: else their 26 °C would go on after the schedule point in our name."""
    changed = {**READING, "changed_by": "remote"}
    arm.advisors["ac-1"].observe(Telemetry(**changed, sampled_at=NINE + timedelta(hours=6), setpoint_c=26.0))

    assert list(arm.decide(NINE + timedelta(hours=7.5))) == []
    assert [desired.setpoint_c for _, desired in arm.decide(NINE + timedelta(hours=8))] == [24.0]


def test_who_comes_home_to_a_set_back_is_advised_at_once(arm: Advised) -> None:
    assert list(arm.react(NINE)) == []

    advisor = arm.advisors["ac-1"]
    arm.decide(NINE)
    given = advisor._home.given
    assert given is not None
    given.set_back_k = 2.0  # it was set back, and nobody is away any more

    assert [device_id for device_id, _ in arm.react(NINE + timedelta(minutes=5))] == ["ac-1"]


def test_what_is_told_is_what_was_said(arm: Advised) -> None:
    arm.decide(NINE)
    claims, said = arm.claims(), arm.said["ac-1"]

    assert claims.expected_kwh.tolist() == [said.expected_saving_kwh]
    assert (claims.low_kwh[0], claims.high_kwh[0]) == said.saving_interval_kwh


@pytest.mark.parametrize(
    ("name", "shares", "hears", "comfort_lambda"),
    [
        ("advisor", True, True, 20.0),
        ("advisor_without_motion", False, True, 20.0),
        ("advisor_without_forecast", True, False, 20.0),
        ("advisor@5", True, True, 5.0),
        ("advisor_without_motion@2.5", False, True, 2.5),
    ],
)
def test_an_ablation_takes_one_thing_away(
    props: Props,
    name: str,
    *,
    shares: bool,
    hears: bool,
    comfort_lambda: float,
) -> None:
    arm = make_control(name, Trial(), props)
    assert isinstance(arm, Advised)
    for device_id, advisor in arm.advisors.items():
        advisor.observe(Telemetry(**{**READING, "device_id": device_id}, sampled_at=NINE, setpoint_c=24.0))
    arm.decide(NINE)
    homes = [advisor._home for advisor in arm.advisors.values()]

    assert [home.preferences.share_presence for home in homes] == [shares, shares]
    assert [home.preferences.comfort_lambda for home in homes] == [comfort_lambda, comfort_lambda]
    assert [len(home.forecast) > 0 for home in homes] == [hears, hears]


@pytest.mark.parametrize(
    ("name", "fitting"),
    [("advisor", "nightly"), ("advisor_without_nightly", "once"), ("advisor_without_rc", "never")],
)
def test_the_grey_box_may_be_taken_away_or_its_nights(props: Props, name: str, fitting: str) -> None:
    arm = make_control(name, Trial(), props)
    assert isinstance(arm, Advised)

    assert {advisor.fitting for advisor in arm.advisors.values()} == {fitting}


def test_the_models_of_presence_may_be_taken_away(props: Props) -> None:
    arms = [make_control(name, Trial(), props) for name in ("advisor", "advisor_without_presence")]

    assert [isinstance(arm, Advised) and arm.champion.presence is not None for arm in arms] == [True, False]


@pytest.mark.parametrize(("name", "set_back"), [("advisor", False), ("advisor_without_plan", True)])
def test_only_without_a_plan_it_is_set_back_not_knowing_when_people_return(
    props: Props, name: str, *, set_back: bool
) -> None:
    arm = make_control(name, Trial(), props)
    assert isinstance(arm, Advised)
    (device_id, advisor), _ = arm.advisors.items()
    habit_c = advisor.installation.habit_setpoint_c
    told = {**READING, "device_id": device_id, "setpoint_c": habit_c, "indoor_dry_bulb_c": habit_c}
    advisor.observe(Telemetry(**told, sampled_at=NINE))
    advisor._home.presence.left_s = NINE.timestamp()
    advisor._home.watch.first_s = (NINE - timedelta(days=60)).timestamp()

    given_c = {name: desired.setpoint_c or 0.0 for name, desired in arm.decide(NINE)}[device_id]

    assert (given_c > habit_c + 0.5) is set_back


def test_the_forecast_is_of_the_hours_to_come(props: Props) -> None:
    hours = props.service.hours(NINE)

    assert [hour.at for hour in hours[:2]] == [NINE, NINE + timedelta(hours=1)]
    assert len(hours) == 39  # to the end of the season, 48 h after its midnight
    assert hours[0].outdoor_rh_pct is not None


def test_an_advisor_without_the_search_never_probes() -> None:
    site = Installation(24.0, 0.0, 0.0, "UTC")
    evening = HomeClock("UTC").slot(1_780_272_000.0 + 30 * 86_400 + PROBE_SLOTS[0] * 1800)
    probing = []
    for make in (HomeAdvisor, ABLATIONS["search"].make):
        tolerance = make(Champion.from_package(), site)._home.tolerance
        tolerance.advised(HomeClock("UTC").slot(1_780_272_000.0))
        probing.append(tolerance.may_probe(evening, 0.05))

    assert probing == [True, False]
