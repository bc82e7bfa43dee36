"""What the presence model sees, that training sees the same, and what it may never say."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from cloud.absence import ReturnTimes
from cloud.advice import Installation, Preferences
from cloud.advisor import HomeAdvisor
from cloud.champion import Champion
from cloud.habit import Habit
from cloud.home_clock import SLOTS_PER_DAY, HomeClock
from cloud.home_state import HomeState, dump, load
from cloud.hours import HourlyHistory
from cloud.observer import Observer
from cloud.presence import Presence
from cloud.presence_features import AWAY_FEATURES, RETURN_FEATURES, Moment, away_rows, return_rows
from cloud.presence_model import PresenceModel, times
from cloud.presence_training import Labels, Motion, Replay, presence_rows
from cloud.thermal.history import ThermalHistory
from edge.contract import Telemetry

Floats = npt.NDArray[np.float64]
MakeReading = Callable[..., Telemetry]

MONDAY_S = 1_780_272_000
"""2026-06-01 00:00 UTC."""

CLOCK = HomeClock("UTC")
STEP_S = 300


@pytest.fixture(scope="module")
def model() -> PresenceModel:
    shipped = Champion.from_package().presence
    assert shipped is not None
    return shipped


def at_work(days: int) -> npt.NDArray[np.bool_]:
    """Motion by five minutes: out from nine to five on weekdays, still from eleven to seven."""
    hour = np.arange(days * 288) / 12 % 24
    weekday = np.arange(days * 288) // 288 % 7 < 5
    return (hour >= 7) & (hour < 23) & ~(weekday & (hour >= 9) & (hour < 17))


def lived(moved: npt.NDArray[np.bool_]) -> Moment:
    """A home after its motion."""
    replay = Replay(Motion("UTC", MONDAY_S, STEP_S, moved[None, :]))
    for _ in replay:
        pass
    at_s = float(MONDAY_S + STEP_S * len(moved))
    return Moment(replay._homes[0], at_s, CLOCK.slot(at_s))


def test_each_feature_by_hand() -> None:
    """Friday of the second week at noon: away since nine, as on eight weekdays before."""
    noon = lived(at_work(12)[: 11 * 288 + 12 * 12])
    column = dict(zip(AWAY_FEATURES, away_rows([noon], np.array([0, 8, 12, 48]))[0].T, strict=True))

    assert column["lead_h"].tolist() == [0.25, 4.25, 6.25, 24.25]
    assert column["slot_of_day"].tolist() == [24, 32, 36, 24]
    assert column["weekend"].tolist() == [0, 0, 0, 1]
    assert column["gone_h"] == pytest.approx([3.0] * 4)
    assert column["still_h"] == pytest.approx([3.0] * 4)
    assert column["present_1h_ratio"].tolist() == [0.0] * 4
    # a departure is noticed 45 minutes later: of the six half-hours the first was still taken for present
    assert column["present_3h_ratio"] == pytest.approx([1 / 6] * 4)
    assert column["days_known"].tolist() == [9, 9, 9, 2]
    assert column["away_usually_ratio"] == pytest.approx([1.0, 1.0, 0.0, 0.0])
    assert column["away_usually_1h_after_ratio"] == pytest.approx([1.0, 0.0, 0.0, 0.0])
    assert column["away_day_before"][:3].tolist() == [1, 1, 0]
    assert np.isnan(column["away_day_before"][3])  # the day before tomorrow noon is not over
    assert column["away_week_before"].tolist() == [1, 1, 0, 0]


def test_past_days_like_this_one_say_when_people_come() -> None:
    noon = lived(at_work(12)[: 11 * 288 + 12 * 12])
    rows = return_rows([noon], np.arange(SLOTS_PER_DAY))[0]
    column = dict(zip(RETURN_FEATURES, rows.T, strict=True))

    assert column["alike_days"].tolist() == [9.0] * SLOTS_PER_DAY
    assert column["alike_back_ratio"][[9, 10, 11]].tolist() == [0.0, 0.0, 1.0]
    assert column["alike_hazard_ratio"][[8, 9, 10, 11]].tolist() == [0.0, 1.0, 1.0, 1.0]
    assert column["lead_h"][:2].tolist() == [0.5, 1.0]


def test_training_and_serving_see_the_same(make_reading: MakeReading) -> None:
    """The same motion through the observer, reading by reading, and through the replay that trains."""
    random = np.random.default_rng(3)
    moved = at_work(10) & (random.random(2880) < 0.7)
    home = HomeState(Habit(24.0), preferences=Preferences(share_presence=True))
    observer, served = Observer(home, "UTC"), {}
    for step, seen in enumerate(moved.tolist(), start=1):
        observer.observe(make_reading(step / 12, motion=seen))
        if step % 6:  # the half-hour that just ended is learnt with the next reading
            at_s = float(MONDAY_S + step * STEP_S)
            served[step] = away_rows([Moment(home.presence, at_s, CLOCK.slot(at_s))], np.arange(49))
    compared = 0
    for step, _, moments in Replay(Motion("UTC", MONDAY_S, STEP_S, moved[None, :])):
        if step in served and moments:
            np.testing.assert_array_equal(away_rows(moments, np.arange(49)), served[step])
            compared += 1

    assert compared > 30


def test_many_homes_at_once_see_what_each_sees_alone() -> None:
    homes = [
        lived(at_work(12)[: 11 * 288 + 12 * 12]),
        lived(at_work(12)),
        Moment(Presence(), float(MONDAY_S), CLOCK.slot(MONDAY_S)),
    ]
    together = away_rows(homes, np.arange(49))

    for place, home in enumerate(homes):
        np.testing.assert_array_equal(together[place], away_rows([home], np.arange(49))[0])


def test_the_label_of_an_absence_begins_with_the_last_motion() -> None:
    """Out from nine to five: noticed at a quarter to ten, but nobody was there from nine on."""
    replay = Replay(Motion("UTC", MONDAY_S, STEP_S, at_work(1)[None, :]))
    for _ in replay:
        pass
    labels = Labels(replay)

    assert np.flatnonzero(replay.away[0]).tolist() == list(range(9 * 12, 17 * 12))
    assert labels.away(8 * 12, [0], np.array([0, 1, 2, 3, 17, 18])).tolist() == [[0, 0, 1, 1, 1, 0]]
    assert np.isnan(labels.away(8 * 12, [0], np.array([40]))).all()
    came = labels.returned(15 * 12, [0])[0]
    assert came[:5].tolist() == [0, 0, 0, 0, 1]
    assert np.isnan(came[5:]).all()


def test_rows_to_learn_from_have_a_label_and_all_features() -> None:
    motion = Motion("UTC", MONDAY_S, STEP_S, np.stack([at_work(9)] * 13))
    rows, again = presence_rows(motion, 1), presence_rows(motion, 1)

    assert rows.away["away"].isin([0, 1]).all()
    assert rows.returning["returned"].isin([0, 1]).all()
    assert rows.away.equals(again.away)
    assert (rows.away["away"].mean(), rows.returning["returned"].mean()) > (0.1, 0.02)


def test_the_chance_to_be_back_never_falls(model: PresenceModel) -> None:
    homes = [lived(at_work(12)[: 11 * 288 + 12 * hour]) for hour in (10, 12, 16)]
    by = model.returned_by(homes)

    assert by.shape == (3, 48)
    assert ((by >= 0) & (by <= 1)).all()
    assert (np.diff(by, axis=1) >= 0).all()
    for returns in model.return_times(homes):
        assert sum(returns.weights) == pytest.approx(1.0)
        assert returns.hours == sorted(returns.hours)
        assert returns.quantile_h(0.05) <= returns.quantile_h(0.5)


def test_people_who_come_at_five_are_expected_at_five(model: PresenceModel) -> None:
    (returns,) = model.return_times([lived(at_work(19)[: 18 * 288 + 12 * 12])])

    assert returns.quantile_h(0.5) == pytest.approx(5.0, abs=1.0)
    assert model.away([lived(at_work(19)[: 18 * 288 + 12 * 12])])[0, [2, 20]] == pytest.approx(
        [1, 0], abs=0.3
    )


def test_return_times_by_hand() -> None:
    """At a quarter past: half are back by half past, the others within the half-hour after."""
    returns = times(0.25, np.concatenate([[0.5], np.ones(47)]))

    assert returns.hours[:2] == [0.125, 0.5]
    assert returns.weights[:3] == [0.5, 0.5, 0.0]
    assert ReturnTimes([2.0, 1.0], [0.9, 0.1]).quantile_h(0.05) == 1.0


def test_a_new_home_is_told_what_homes_do(model: PresenceModel) -> None:
    presence = Presence()
    presence.observe(float(MONDAY_S), CLOCK.slot(MONDAY_S), moved=True)
    away = model.away([Moment(presence, float(MONDAY_S), CLOCK.slot(MONDAY_S))])
    presence.leave(float(MONDAY_S))
    by = model.returned_by([Moment(presence, float(MONDAY_S), CLOCK.slot(MONDAY_S))])

    assert away.shape == (1, 49)
    assert ((away >= 0) & (away <= 1)).all()
    assert away[0].argmax() in range(16, 40)  # the middle of the day is when homes are empty
    assert np.isfinite(by).all()


class WatchfulPresence:
    """Remembers whom it was asked about; everybody is away, and back in two hours."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def away(self, moments: Sequence[Moment], /) -> Floats:
        self.asked.append(len(moments))
        return np.full((len(moments), 49), 0.75)

    def return_times(self, moments: Sequence[Moment], /) -> list[ReturnTimes]:
        return [ReturnTimes([2.0], [1.0])] * len(moments)


@pytest.mark.parametrize(
    ("consent", "motion", "silent_h", "asked"),
    [(True, True, 0, [1]), (False, True, 0, []), (True, None, 0, []), (True, True, 1, [])],
)
def test_only_homes_that_consent_and_are_watched_are_asked_about(
    make_reading: MakeReading,
    installation: Installation,
    models: object,
    *,
    consent: bool,
    motion: bool | None,
    silent_h: int,
    asked: list[int],
) -> None:
    watchful = WatchfulPresence()
    models.presence = watchful  # type: ignore[attr-defined]
    advisor = HomeAdvisor(models, installation)  # type: ignore[arg-type]
    advisor.configure(Preferences(share_presence=True))
    for step in range(60):
        advisor.observe(make_reading(step / 12, motion=motion))
    advisor.configure(Preferences(share_presence=consent))  # it may have been withdrawn
    last = make_reading(5 + silent_h, motion=None)
    advisor.observe(last)
    advisor.advise(last.sampled_at + timedelta(minutes=1))

    assert watchful.asked == asked


def test_what_the_model_sees_survives_a_restart() -> None:
    moment = lived(at_work(12)[: 11 * 288 + 12 * 12])
    home = HomeState(Habit(24.0), presence=moment.presence)
    again, *_ = load(dump(home, HourlyHistory(0.0), ThermalHistory()))

    np.testing.assert_array_equal(
        away_rows([moment], np.arange(49)),
        away_rows([moment._replace(presence=again.presence)], np.arange(49)),
    )


def test_a_state_from_before_the_model_is_read(model: PresenceModel) -> None:
    """Its count of days comes with the next midnight; until then the home counts as new."""
    moment = lived(at_work(12)[: 11 * 288 + 12 * 12])
    document = msgspec.to_builtins(moment.presence)
    del document["counted"]
    older = msgspec.convert(document, Presence)

    assert older == replace(moment.presence, counted=[0, 0])
    assert np.isfinite(model.away([moment._replace(presence=older)])).all()
