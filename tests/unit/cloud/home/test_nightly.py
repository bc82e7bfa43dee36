"""Grey boxes are fitted once a local night, a bounded number a round, the same with others as alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cloud import nightly, planner
from cloud.advice import Installation, Preferences
from cloud.advisor import HomeAdvisor, advise_all
from cloud.home_state import HomeState, load
from cloud.outcome import Models
from cloud.ports.weather import WeatherHour
from cloud.thermal.grey_box import GreyBox
from edge.contract import Telemetry

if TYPE_CHECKING:
    from cloud.absence import EmptyHome

MakeReading = Callable[..., Telemetry]
Live = Callable[..., HomeAdvisor]

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


class OnceFitted(HomeAdvisor):
    fitting = "once"


class NeverFitted(HomeAdvisor):
    fitting = "never"


@pytest.fixture
def live(models: Models, installation: Installation, make_reading: MakeReading) -> Live:
    """A home of one node whose setpoint is another one every day, told every 15 minutes."""

    def make(
        hours: float, kind: type[HomeAdvisor] = HomeAdvisor, outdoor_c: float = 31.0, timezone: str = "UTC"
    ) -> HomeAdvisor:
        advisor, indoor_c = kind(models, replace(installation, timezone=timezone)), 26.0
        for step in range(int(hours * 4)):
            hour = step / 4
            setpoint_c = 23.0 + int(hour / 7) * 5 % 3
            heat_c = outdoor_c + 6 * np.sin((hour - 9) * np.pi / 12)
            free_c = indoor_c + 0.25 * (0.12 * (heat_c - indoor_c) + 0.5)
            ratio = min(max((free_c - setpoint_c) / 1.5, 0.0), 1.0)
            indoor_c = free_c - 1.0 * ratio
            advisor.observe(
                make_reading(
                    hour + 0.25,
                    interval_s=900.0,
                    setpoint_c=setpoint_c,
                    indoor_dry_bulb_c=round(indoor_c, 2),
                    outdoor_dry_bulb_c=round(heat_c, 1),
                    electric_power_w=60.0 + 1500.0 * ratio,
                    compressor_ratio=round(ratio, 3),
                )
            )
        return advisor

    return make


def box_of(advisor: HomeAdvisor) -> GreyBox:
    return home_of(advisor).grey_box


def home_of(advisor: HomeAdvisor) -> HomeState:
    return load(advisor.state())[0]


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def test_a_home_that_the_equations_fit_is_trusted(live: Live) -> None:
    advisor = live(14 * 24)
    advisor.advise(at(14 * 24))

    assert box_of(advisor).speaks


def test_is_fitted_again_after_three_nights_at_three_local_time(live: Live) -> None:
    advisor = live(10 * 24, timezone="Etc/GMT-2")  # two hours ahead of UTC
    nights = []
    for hours in (0.0, 1.0, 25.0, 48.9, 49.0, 60.0):
        advisor.advise(at(10 * 24 + hours))
        nights.append(box_of(advisor).night)

    assert np.diff(np.array(nights, np.float64)).tolist() == [0, 0, 0, nightly.EVERY_NIGHTS, 0]


def test_with_less_than_three_days_nothing_is_fitted_or_trusted(live: Live) -> None:
    young, older = live(2.9 * 24), live(3.2 * 24)
    young.advise(at(2.9 * 24))
    older.advise(at(3.2 * 24))

    assert (box_of(young).theta, box_of(young).trusted) == ([], False)
    assert box_of(young).night is not None
    assert box_of(older).theta


def test_so_many_a_round_and_the_others_in_the_next(
    live: Live, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "MOST_A_ROUND", 2)
    homes = [live(5 * 24) for _ in range(5)]
    fitted = []
    for quarter in range(3):
        advise_all(models, [(home, at(5 * 24 + quarter / 4)) for home in homes])
        fitted.append([bool(box_of(home).theta) for home in homes])

    assert fitted == [[True] * 2 + [False] * 3, [True] * 4 + [False], [True] * 5]


def test_who_waits_longest_comes_first(live: Live, models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "MOST_A_ROUND", 1)
    early, late = live(6 * 24), live(6 * 24)
    early.advise(at(5 * 24))
    advise_all(models, [(early, at(6 * 24 + 4)), (late, at(6 * 24 + 4))])

    waited = [box_of(home).night or 0 for home in (early, late)]
    assert np.diff(waited).tolist() == [2]


def test_with_others_as_alone_and_after_a_restart_as_without(
    live: Live, models: Models, installation: Installation
) -> None:
    ahead = [29.0, 33.0, 35.0]
    together, alone = ([live(6 * 24 + 0.25, outdoor_c=c) for c in ahead] for _ in range(2))
    alone = [HomeAdvisor.restore(models, installation, home.state()) for home in alone]
    when = at(6 * 24 + 0.25)

    advise_all(models, [(home, when) for home in together])
    for home in alone:
        home.advise(when)

    assert [box_of(home) for home in together] == [box_of(home) for home in alone]
    assert len({box_of(home).theta[0] for home in together}) == 3


def test_the_slot_that_is_being_observed_survives_a_restart(
    live: Live, models: Models, installation: Installation, make_reading: MakeReading
) -> None:
    kept = live(24.0)
    kept.observe(make_reading(24.05, indoor_dry_bulb_c=29.0))
    again = HomeAdvisor.restore(models, installation, kept.state())
    for advisor in (kept, again):
        advisor.observe(make_reading(24.15, indoor_dry_bulb_c=20.0))
        advisor.observe(make_reading(24.3, indoor_dry_bulb_c=20.0))

    assert again.state() == kept.state()


def test_may_be_fitted_once_or_never(live: Live) -> None:
    once, never = live(6 * 24, OnceFitted), live(6 * 24, NeverFitted)
    for home in (once, never):
        home.advise(at(6 * 24))
    first = box_of(once)
    for home in (once, never):
        home.advise(at(7 * 24 + 12))

    assert first.theta
    assert box_of(once) == first
    assert box_of(never) == GreyBox()


def test_hears_of_sunshine_from_the_forecast(live: Live, make_reading: MakeReading) -> None:
    advisor = live(24.0)
    advisor.forecast([WeatherHour(at(24.0 + hour), 30.0, None, 500.0 + 100.0 * hour) for hour in range(2)])
    for quarter in range(1, 6):
        advisor.observe(make_reading(24.0 + quarter / 4, interval_s=900.0))
    heard = load(advisor.state())[2].rows(35.0, 0.0).ghi_w_m2[0, -4:]
    coming = advisor.begin(at(25.25)).day.grey_day

    assert heard.tolist() == [500.0] * 4
    assert coming is not None
    assert coming.ghi_w_m2 == {int(at(25.0).timestamp()) // 3600: 600.0}


def test_set_backs_are_planned_without_it(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    empty: list[EmptyHome] = []
    monkeypatch.setattr(planner, "best_set_back", lambda home, _: empty.append(home))
    fitted, never = live(14 * 24), live(14 * 24, NeverFitted)
    said = []
    for advisor in (fitted, never):
        advisor.configure(Preferences(away_until=at(14 * 24 + 8)))
        said.append(advisor.advise(at(14 * 24)))

    assert box_of(fitted).speaks
    assert empty[0].fall_k_h == empty[1].fall_k_h
    assert empty[0].kwh_per_k_h == empty[1].kwh_per_k_h
    assert said[0].plan == said[1].plan
