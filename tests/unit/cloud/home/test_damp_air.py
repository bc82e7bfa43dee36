"""Drying and moving air: only where the device can, and where it is the better answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pythermalcomfort.models import cooling_effect

from cloud.advice import Advice, Feedback, Installation, Preferences, QuietHours
from cloud.advice_records import mode_of
from cloud.advisor import HomeAdvisor
from cloud.damp_air import MOVING_AIR_K
from cloud.outcome import Models
from edge.contract import Mode, Telemetry
from tests.unit.cloud.home.conftest import MIDNIGHT

MakeReading = Callable[..., Telemetry]
DAYS = 10

ALL: tuple[Mode, ...] = ("cool", "dry", "fan")


class Home:
    """Ten days at the habit of 24 °C, and then."""

    def __init__(self, advisor: HomeAdvisor, make_reading: MakeReading) -> None:
        self.advisor, self._make = advisor, make_reading
        for half_hour in range(1, DAYS * 48 + 1):
            advisor.observe(make_reading(half_hour / 2, interval_s=1800.0, motion=half_hour % 5 == 0))

    def read(self, hour: float, **changes: Any) -> None:  # noqa: ANN401 (fields of every type)
        damp = {"indoor_rh_pct": 72.0, "motion": True, "interval_s": 1800.0}
        self.advisor.observe(self._make(24 * DAYS + hour, **(damp | changes)))

    def advise(self, hour: float) -> Advice:
        return self.advisor.advise(at(hour))


def at(hour: float) -> datetime:
    """So many hours after the last midnight."""
    return MIDNIGHT + timedelta(days=DAYS, hours=hour)


@pytest.fixture
def make_home(
    models: Models, installation: Installation, make_reading: MakeReading
) -> Callable[[tuple[Mode, ...]], Home]:
    def make(modes: tuple[Mode, ...]) -> Home:
        advisor = HomeAdvisor(models, replace(installation, modes=modes))
        advisor.configure(Preferences(share_presence=True))
        return Home(advisor, make_reading)

    return make


MakeHome = Callable[[tuple[Mode, ...]], Home]


def test_damp_air_is_dried_while_people_are_there_and_cool_enough(make_home: MakeHome) -> None:
    home = make_home(ALL)
    home.read(10.0)

    advice = home.advise(10.1)

    assert (advice.mode, advice.setpoint_c, mode_of(advice)) == ("dry", None, "dry")
    assert advice.plan[0].mode == "dry"
    assert advice.valid_until == at(10.1) + timedelta(minutes=30)
    assert advice.reason == (
        "It is cool enough but damp (72 %): drying the air for a while is more comfortable."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"indoor_rh_pct": 64.0},
        {"indoor_rh_pct": None},
        {"indoor_dry_bulb_c": 26.5},  # warmer than they like: it is cooled, which dries too
        {"indoor_dry_bulb_c": 22.9},  # too cold already
        {"setpoint_c": 22.0, "changed_by": "remote"},
    ],
)
def test_it_is_not_dried_otherwise(make_home: MakeHome, changes: dict[str, object]) -> None:
    home = make_home(ALL)
    home.read(10.0, **changes)

    assert home.advise(10.1).mode == "cool"


def test_it_is_not_dried_for_nobody_nor_where_nobody_may_look(make_home: MakeHome) -> None:
    away, unseen = make_home(ALL), make_home(ALL)
    away.advisor.configure(Preferences(share_presence=True, away_until=at(20)))
    unseen.advisor.configure(Preferences())
    for home in (away, unseen):
        home.read(10.0)
        assert home.advise(10.1).mode == "cool"


def test_it_is_not_begun_in_quiet_hours(make_home: MakeHome) -> None:
    home = make_home(ALL)
    home.advisor.configure(Preferences(share_presence=True, quiet_hours=QuietHours(9.0, 11.0)))
    home.read(10.0)

    assert home.advise(10.1).mode == "cool"


@pytest.mark.parametrize("modes", [("cool",), ("cool", "heat")])
def test_a_device_that_cannot_never_hears_of_it(make_home: MakeHome, modes: tuple[Mode, ...]) -> None:
    damp, dry = make_home(modes), make_home(modes)
    for home, rh_pct in ((damp, 80.0), (dry, 50.0)):
        home.advisor.record(Feedback(at(9.9), "a_bit_warm"))
        home.read(10.0, indoor_rh_pct=rh_pct)
        home.advisor.configure(Preferences(share_presence=True, away_until=at(20)))
    damp_advice, dry_advice = damp.advise(10.1), dry.advise(10.1)

    assert (damp_advice.mode, damp_advice.fan) == ("cool", None)
    assert damp_advice.setpoint_c == dry_advice.setpoint_c


@pytest.mark.parametrize("changed_by", ["advisor", None])
def test_drying_of_our_own_goes_on_until_it_is_dry_or_warm(
    make_home: MakeHome, changed_by: str | None
) -> None:
    home = make_home(ALL)
    home.read(10.0)
    home.advise(10.1)
    home.read(10.4, mode="dry", setpoint_c=None, changed_by=changed_by, indoor_rh_pct=63.0)
    assert home.advise(10.6).mode == "dry"

    home.read(10.9, mode="dry", setpoint_c=None, changed_by=changed_by, indoor_rh_pct=59.0)

    assert home.advise(11.1).mode == "cool"


def test_drying_that_people_chose_is_theirs(make_home: MakeHome) -> None:
    home = make_home(ALL)
    home.read(10.0, mode="dry", setpoint_c=None, changed_by="remote", indoor_rh_pct=50.0)

    advice = home.advise(10.1)

    assert (advice.mode, mode_of(advice)) == ("dry", "dry")
    assert advice.reason == "It is drying the air, as you set it: your setting stays."


def test_a_damp_home_is_set_back_less_deeply(make_home: MakeHome) -> None:
    depths = {}
    for rh_pct in (50.0, 72.0):
        home = make_home(ALL)
        home.advisor.installation = replace(home.advisor.installation, inverter=False)
        home.advisor._home.recovery.falls_k_h = [3.0, 3.0]
        home.advisor._home.tolerance.comfort.live(5.0, 500.0)  # they bear a lot
        home.advisor.configure(Preferences(share_presence=True, away_until=at(20)))
        home.read(10.0, indoor_rh_pct=rh_pct)
        depths[rh_pct] = home.advisor.begin(at(10.1)).planner.deepest_k()

    assert depths == {50.0: 4.0, 72.0: 2.0}


def test_a_bit_warm_is_answered_by_the_fan_before_the_setpoint(make_home: MakeHome) -> None:
    home, still = make_home(("cool", "fan")), make_home(("cool",))
    for each in (home, still):
        each.read(10.0, setpoint_c=24.5, changed_by="advisor", indoor_dry_bulb_c=24.5, indoor_rh_pct=50.0)
        for _ in range(3):
            each.advisor._home.tolerance.comfort.override(0.5)  # now nothing above the habit is affordable
        each.advisor.record(Feedback(at(10.05), "a_bit_warm"))
    fanned, plain = home.advise(10.1), still.advise(10.1)

    assert (plain.setpoint_c, plain.fan) == (24.0, None)
    assert (fanned.setpoint_c, fanned.fan) == (24.5, "high")
    assert fanned.reason == ("You felt a bit warm: more air from the fan at 24.5 °C costs less than cooling.")

    home.advisor.record(Feedback(at(10.2), "a_bit_warm"))

    assert (home.advise(10.3).setpoint_c, home.advise(10.3).fan) == (24.0, "high")


def test_the_fan_goes_back_after_a_while(make_home: MakeHome) -> None:
    home = make_home(("cool", "fan"))
    home.advisor.record(Feedback(at(10.0), "a_bit_warm"))
    home.read(10.0, indoor_rh_pct=50.0)
    fans = {}
    for hour in (11.0, 12.5, 15.0):
        home.read(hour, indoor_rh_pct=50.0)
        fans[hour] = home.advise(hour + 0.1).fan

    assert fans == {11.0: "high", 12.5: "auto", 15.0: None}


def test_moving_air_is_relied_upon_for_a_third_of_what_the_standard_gives_it() -> None:
    gives_k = cooling_effect(tdb=26.0, tr=26.0, vr=0.3, rh=60.0, met=1.1, clo=0.5).ce

    assert gives_k == pytest.approx(1.5, abs=0.05)
    assert pytest.approx(gives_k / 3, abs=0.02) == MOVING_AIR_K
