"""Homes that decide together get what each would get alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest

from cloud import advice_round, outcome
from cloud.advice import Advice, Installation, Preferences
from cloud.advisor import HomeAdvisor, advise_all
from cloud.feature_catalogue import ENERGY_FEATURES, OVERRIDE_FEATURES
from cloud.outcome import Outcomes
from cloud.planner import Planner
from cloud.ports.weather import WeatherHour
from edge.contract import Telemetry

MakeReading = Callable[..., Telemetry]
Floats = npt.NDArray[np.float64]
Cases = list[tuple[HomeAdvisor, datetime]]

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 10
AWAY = (2, 4)


class DegreeEnergy:
    """The home's own week, by the degrees between outdoors and the day-long setpoint; more after noon."""

    def predict(self, rows: Floats, /) -> Floats:
        column = dict(zip(ENERGY_FEATURES, rows.T, strict=True))
        outdoor_c = np.nan_to_num(column["outdoor_dry_bulb_c"], nan=33.0)
        degrees_k = np.maximum(outdoor_c - column["setpoint_24h_c"] + 6.0, 0.0)
        return np.asarray(column["home_kwh_168h"] * degrees_k * (1.0 + column["solar_hour"] / 50) / 15)


class WarmOverride:
    """More likely when it is warm outside, and later in the day."""

    def predict(self, rows: Floats, /) -> Floats:
        column = dict(zip(OVERRIDE_FEATURES, rows.T, strict=True))
        warm = np.nan_to_num(column["outdoor_dry_bulb_c"], nan=30.0) + column["solar_hour"]
        return np.asarray(warm / 5000 + np.maximum(column["felt_above_habit_k"], 0.0) / 50)


class DegreeModels:
    """Models that see what differs from home to home."""

    version = "degrees"
    energy = DegreeEnergy()
    override = WarmOverride()
    presence = None


@pytest.fixture
def models() -> DegreeModels:
    return DegreeModels()


@pytest.fixture
def make_cases(
    models: DegreeModels, installation: Installation, make_reading: MakeReading
) -> Callable[[], Cases]:
    """Homes that differ in all that counts, and in the instant; two are away, and one has a forecast."""

    def make() -> Cases:
        cases: Cases = []
        for number in range(6):
            advisor = HomeAdvisor(models, replace(installation, longitude_deg=20.0 * number))
            back = MONDAY + timedelta(days=DAYS, hours=12 * number)
            advisor.configure(Preferences(share_presence=True, away_until=back if number in AWAY else None))
            for step in range(DAYS * 48 + number):
                hour = step / 2
                at_work = 9 <= hour % 24 < 17 and number % 2 == 1
                advisor.observe(
                    make_reading(
                        hour,
                        setpoint_c=22.0 + number / 2,
                        indoor_dry_bulb_c=22.0 + number / 2 + (number > 1) * (0.3 + hour % 24 / 40),
                        outdoor_dry_bulb_c=None if number == 3 else 26.0 + number + hour % 24 / 3,
                        electric_power_w=200.0 * 2**number + 10 * (hour % 24),
                        interval_s=1800.0,
                        motion=not at_work,
                    )
                )
            cases.append((advisor, MONDAY + timedelta(days=DAYS, minutes=30 * number + number)))
        weather = [WeatherHour(MONDAY + timedelta(days=DAYS, hours=h), 38.0 - h / 4) for h in range(12)]
        cases[5][0].forecast(weather)
        return cases

    return make


def alone(cases: Cases) -> list[Advice]:
    return [advisor.advise(at) for advisor, at in cases]


def assert_same(found: Sequence[Advice], expected: Sequence[Advice]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one.setpoint_c, one.mode, one.valid_until) == (
            other.setpoint_c,
            other.mode,
            other.valid_until,
        )
        assert (one.reason, one.plan) == (other.reason, other.plan)
        assert one.expected_saving_kwh == pytest.approx(other.expected_saving_kwh, abs=1e-9)
        assert one.notice_probability == pytest.approx(other.notice_probability, abs=1e-9)
        assert one.counterfactual.habit_kwh == pytest.approx(other.counterfactual.habit_kwh, abs=1e-9)


def test_together_as_alone(make_cases: Callable[[], Cases], models: DegreeModels) -> None:
    together, each = make_cases(), make_cases()

    found, expected = advise_all(models, together), alone(each)

    assert_same(found, expected)
    assert len({(advice.setpoint_c, round(advice.counterfactual.habit_kwh, 6)) for advice in found}) == 6
    assert [advisor.state() for advisor, _ in together] == [advisor.state() for advisor, _ in each]


def test_the_order_of_the_homes_does_not_matter(
    make_cases: Callable[[], Cases], models: DegreeModels
) -> None:
    found = advise_all(models, make_cases()[::-1])

    assert_same(found[::-1], alone(make_cases()))


def test_more_homes_than_fit_into_a_question(
    make_cases: Callable[[], Cases], models: DegreeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advice_round, "MOST_TOGETHER", 4)

    assert_same(advise_all(models, make_cases()), alone(make_cases()))


def test_a_home_of_which_nothing_is_known_keeps_its_setting_and_its_place(
    make_cases: Callable[[], Cases], models: DegreeModels, installation: Installation
) -> None:
    cases, stranger = make_cases(), HomeAdvisor(models, installation)
    cases.insert(1, (stranger, MONDAY))

    found = advise_all(models, cases)

    assert found[1].reason == "The device has not been heard lately: keep your setting."
    assert_same([*found[:1], *found[2:]], alone(make_cases()))


def test_a_set_back_is_weighed_by_what_its_own_home_would_save(
    make_cases: Callable[[], Cases], models: DegreeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[tuple[float, float]] = []
    monkeypatch.setattr(
        Planner,
        "set_back",
        lambda _planner, plan, kwh_per_k_h: weighed.append((plan.habit_c[0], kwh_per_k_h)),
    )

    advise_all(models, make_cases())
    together = weighed.copy()
    weighed.clear()
    alone(make_cases())

    assert [habit_c for habit_c, _ in together] == [23.0, 24.0]  # homes 2 and 4
    assert together[0][1] < together[1][1] / 2  # of a quarter of the other's power
    np.testing.assert_allclose(together, weighed)


def test_what_is_asked_of_some_homes_is_said_of_them(
    make_cases: Callable[[], Cases], models: DegreeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "MODEL_RANGE", (1.0, 1.0))  # the degree-days alone count
    days = [advisor.begin(at).day for advisor, at in make_cases()]
    habits_c = [[22.0 + number / 2] * 49 for number in range(6)]
    warmer_c = [[habit_c[0] + (1.0 if slot > 10 else 0.0) for slot in range(49)] for habit_c in habits_c]
    outcomes, some = Outcomes(models, days), [4, 1, 2]

    all_kwh = outcomes.saved_kwh(range(6), habits_c, warmer_c)
    some_kwh = outcomes.saved_kwh(some, [habits_c[i] for i in some], [warmer_c[i] for i in some])

    for found, expected in zip(some_kwh, all_kwh, strict=True):
        np.testing.assert_allclose(found, expected[some])
    assert len(np.unique(all_kwh[1].sum(axis=1).round(6))) == 6


def test_nobody_to_advise_is_no_question(models: DegreeModels) -> None:
    assert advise_all(models, []) == []
