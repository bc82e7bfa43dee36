"""Whatever a home sends, in any order: no exception, and advice within all guards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.advice import Advice, Feedback, Installation, Preferences, QuietHours
from cloud.advisor import HomeAdvisor
from cloud.feature_catalogue import ENERGY_FEATURES, OVERRIDE_FEATURES
from cloud.planner import HEAT_SAFETY_C, LARGEST_FALL_K, LARGEST_RISE_K, Limits
from cloud.ports.records import FeedbackKind
from cloud.ports.weather import WeatherHour
from edge.contract import ChangedBy, Mode, Telemetry

Floats: TypeAlias = npt.NDArray[np.float64]

KNOWN_DAYS = 9
HABIT_C = 26.0
ZONES = {
    "Europe/Madrid": datetime(2026, 10, 24, 22, tzinfo=UTC),
    "America/New_York": datetime(2026, 3, 8, 4, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 12, tzinfo=UTC),
    "Asia/Kolkata": datetime(2026, 6, 1, 6, tzinfo=UTC),
}
"""Just before the clocks change, by a half-hour in one; and a place without that, half an hour off."""

TINY_C = 1e-9


class Energy:
    """More when it is hot and the setpoint is low; NaN features, as of a broken sensor, do not matter."""

    def predict(self, rows: Floats, /) -> Floats:
        warm = 40.0 - rows[:, ENERGY_FEATURES.index("setpoint_24h_c")]
        return np.asarray(0.02 * warm + 0.01 * np.nan_to_num(rows[:, ENERGY_FEATURES.index("setpoint_c")]))


class Override:
    """Out of range on purpose where it is very warm."""

    def predict(self, rows: Floats, /) -> Floats:
        return np.asarray(0.02 * rows[:, OVERRIDE_FEATURES.index("felt_above_habit_k")])


@dataclass(frozen=True)
class PlainModels:
    version: str = "plain"
    energy: Energy = field(default_factory=Energy)
    override: Override = field(default_factory=Override)
    presence: None = None


def installation(zone: str) -> Installation:
    return Installation(HABIT_C, 40.0, -3.0, zone, step_s=900, max_setpoint_c=35.0)


@cache
def known(zone: str) -> bytes:
    """The state of a home that has been watched for nine days, until the clocks are about to change."""
    models = PlainModels()
    advisor = HomeAdvisor(models, installation(zone))
    advisor.configure(Preferences(share_presence=True))
    start = ZONES[zone] - timedelta(days=KNOWN_DAYS)
    for step in range(KNOWN_DAYS * 48):
        hour = step / 2 % 24
        advisor.observe(
            Telemetry(
                device_id="ac-1",
                sampled_at=start + timedelta(minutes=30 * step),
                interval_s=1800.0,
                mode="cool",
                setpoint_c=HABIT_C,
                indoor_dry_bulb_c=HABIT_C + 0.02 * hour,
                outdoor_dry_bulb_c=28.0 + hour / 3,
                electric_power_w=900.0,
                compressor_ratio=0.6,
                motion=not 9 <= hour < 17,
                changed_by="schedule",
            )
        )
    return advisor.state()


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


STEPS_S = st.one_of(
    st.sampled_from([900.0] * 6 + [0.0, 60.0, 300.0]),
    st.floats(-30 * 86_400.0, -1.0),  # the clock is set back
    st.floats(3600.0, 12 * 86_400.0),  # a gap
)
READING = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["cool"] * 8 + [*get_args(Mode)]),
        "setpoint_c": st.sampled_from([None, 5.0, 22.0, 24.0, 26.0, 26.0, 26.5, 27.0, 28.0, 35.0]),
        "indoor_dry_bulb_c": maybe(st.sampled_from([25.0, 26.0, 26.0, 27.5, 30.0]) | st.floats(-40.0, 60.0)),
        "indoor_rh_pct": maybe(st.floats(0.0, 100.0)),
        "outdoor_dry_bulb_c": maybe(st.floats(20.0, 42.0) | st.floats(-60.0, 60.0)),
        "electric_power_w": maybe(st.floats(0.0, 20_000.0)),
        "compressor_ratio": maybe(st.floats(0.0, 1.0)),
        "motion": maybe(st.booleans()),
        "changed_by": maybe(st.sampled_from(get_args(ChangedBy))),
        "interval_s": st.sampled_from([1.0, 300.0, 900.0, 3600.0]),
    }
)
PRICES = st.sampled_from([0.0, 0.05, 0.1, 0.4, -0.02])
PREFERENCES = st.builds(
    Preferences,
    min_setpoint_c=st.sampled_from([16.0, 20.0, 23.5]),
    max_setpoint_c=st.sampled_from([24.5, 27.0, 35.0, 35.0]),
    comfort_lambda=st.sampled_from([0.0, 1.0, 5.0, 20.0, 1000.0]),
    quiet_hours=maybe(st.builds(QuietHours, st.floats(0.0, 24.0), st.floats(0.0, 24.0))),
    tariff_per_kwh=st.lists(PRICES, min_size=1, max_size=1).map(tuple)
    | st.lists(PRICES, min_size=24, max_size=24).map(tuple),
    carbon_kg_per_kwh=maybe(st.lists(st.floats(0.0, 2.0), min_size=24, max_size=24).map(tuple)),
    carbon_price_per_kg=st.sampled_from([0.0, 0.2]),
    override_budget_per_day=st.sampled_from([0.0, 0.05, 1.0]),
    share_presence=st.booleans(),
    away_until=maybe(
        st.floats(0.0, 365.0).map(lambda days: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days))
    ),
)
EVENT = st.one_of(
    st.tuples(st.just("obey"), STEPS_S, READING),
    st.tuples(st.just("read"), STEPS_S, READING),
    st.tuples(st.just("read"), STEPS_S, READING),
    st.tuples(st.just("say"), STEPS_S, st.sampled_from(get_args(FeedbackKind))),
    st.tuples(st.just("wish"), st.just(0.0), PREFERENCES),
    st.tuples(st.just("weather"), st.just(0.0), st.lists(st.floats(-60.0, 60.0), max_size=50)),
)
Event: TypeAlias = tuple[str, float, Any]


def tell(advisor: HomeAdvisor, at: datetime, event: Event, last: Advice | None) -> None:
    kind, _, said = event
    if kind in {"read", "obey"}:
        fields = dict(said)
        if kind == "obey" and last is not None and last.setpoint_c is not None:
            fields |= {"mode": last.mode, "setpoint_c": last.setpoint_c, "changed_by": "advisor"}
        if fields["setpoint_c"] is None and fields["mode"] in {"cool", "heat", "auto"}:
            fields["setpoint_c"] = HABIT_C
        advisor.observe(Telemetry(device_id="ac-1", sampled_at=at, **fields))
    elif kind == "say":
        advisor.record(Feedback(at, said))
    elif kind == "wish":
        advisor.configure(said)
    else:
        advisor.forecast([WeatherHour(at + timedelta(hours=h), t) for h, t in enumerate(said)])


def assert_within_guards(
    advisor: HomeAdvisor, advice: Advice, at: datetime, in_force_c: float | None
) -> None:
    draft = advisor.begin(at)
    low, high = advice.saving_interval_kwh
    assert advice.valid_until > at
    assert low <= advice.expected_saving_kwh <= high
    assert advice.saving_interval_money[0] <= advice.expected_saving_money <= advice.saving_interval_money[1]
    assert 0.0 <= advice.notice_probability <= 1.0
    numbers = (low, high, *advice.saving_interval_money, advice.notice_probability)
    assert np.isfinite([*numbers, advice.counterfactual.habit_kwh, advice.counterfactual.advised_kwh]).all()
    if draft.advice is not None:  # a person's word or another mode stands, whatever it is
        assert advice.expected_saving_kwh == 0.0
        return
    limits = Limits.of(advisor.installation, draft.home.preferences)
    habit_c = advice.counterfactual.habit_setpoint_c
    assert habit_c is not None
    assert advice.setpoint_c is not None
    lowest_c = min(max(habit_c - LARGEST_FALL_K, limits.low_c), limits.high_c)
    highest_c = max(min(habit_c + LARGEST_RISE_K, limits.high_c), limits.low_c)
    if advice.setpoint_c == in_force_c:
        return  # left alone, in quiet hours or after many changes
    assert lowest_c - TINY_C <= advice.setpoint_c <= highest_c + TINY_C
    if not draft.planner.is_empty():
        assert advice.setpoint_c <= max(HEAT_SAFETY_C, habit_c, limits.low_c) + TINY_C


def live(zone: str, events: Sequence[Event], restart: int) -> None:
    models = PlainModels()
    place = installation(zone)
    advisor = HomeAdvisor.restore(models, place, known(zone))
    twin: HomeAdvisor | None = None
    at, last = ZONES[zone], None
    for number, event in enumerate(events):
        at += timedelta(seconds=event[1])
        tell(advisor, at, event, last)
        if number == restart:
            twin = HomeAdvisor.restore(models, place, advisor.state())
        elif twin is not None:
            tell(twin, at, event, last)
        in_force_c = advisor.begin(at).home.watch.setpoint_c
        last = advisor.advise(at)
        assert_within_guards(advisor, last, at, in_force_c)
        if twin is not None:
            assert twin.advise(at) == last
    if twin is not None:
        assert twin.state() == advisor.state()


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=st.lists(EVENT, min_size=1, max_size=25), restart=st.integers(0, 25))
def test_advice_stays_within_its_guards_whatever_is_seen(
    zone: str, events: Sequence[Event], restart: int
) -> None:
    live(zone, events, restart)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reading=READING, repeats=st.integers(20, 120), restart=st.integers(0, 120))
def test_a_sensor_that_sticks_does_no_harm(reading: dict[str, Any], repeats: int, restart: int) -> None:
    live("Europe/Madrid", [("read", 900.0, {**reading, "mode": "cool"})] * repeats, restart)


@settings(max_examples=20, deadline=None)
@given(events=st.lists(EVENT, min_size=1, max_size=8))
def test_a_reading_heard_twice_is_heard_once(events: Sequence[Event]) -> None:
    readings = [event for event in events if event[0] == "read"]
    models = PlainModels()
    once, twice = (
        HomeAdvisor.restore(models, installation("Asia/Kolkata"), known("Asia/Kolkata")) for _ in "12"
    )
    at = ZONES["Asia/Kolkata"]
    for event in readings:
        at += timedelta(seconds=event[1])
        tell(once, at, event, None)
        tell(twice, at, event, None)
        tell(twice, at, event, None)
    assert once.advise(at) == twice.advise(at)
    assert once.state() == twice.state()
