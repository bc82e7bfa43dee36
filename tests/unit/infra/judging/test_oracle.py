"""Perfect foresight, on a few homes over a few days."""

from dataclasses import replace

import numpy as np
import pytest

from device_sim.fleet import FleetSpec
from device_sim.people.people import People
from infra.local.judging.foresight import Foresight
from infra.local.judging.oracle import LEADS_H, MARGINS_K, Knowledge, Ways, play_oracle
from infra.local.judging.plant import FAMILIES, Plant
from infra.local.judging.play import Played, Playing, play
from infra.local.judging.trial import Phase, Trial

TRIAL = Trial(homes=2, seed=14, climate="hot_humid", split="validate", search_days=1, advised_days=1)


def drained(playing: Playing) -> Played:
    while True:
        try:
            next(playing)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def plant(homes: int = 2, first_home: int = 0) -> Plant:
    spec = FleetSpec(
        homes=homes,
        seed=TRIAL.seed,
        start=TRIAL.start,
        climate=TRIAL.climate,
        split=TRIAL.split,
        first_home=first_home,
    )
    return FAMILIES["homes"](spec, TRIAL.days + 1)


@pytest.fixture(scope="module")
def habit() -> Played:
    return drained(play(plant(), None, TRIAL.days))


@pytest.fixture(scope="module")
def foreseen(habit: Played) -> Played:
    """What those do who know everything that comes."""
    return drained(play_oracle(Knowledge(), plant(), TRIAL, habit))


def test_foresight_is_what_comes(habit: Played) -> None:
    watched = plant()
    ahead = Foresight.of(watched, 48)
    at_home, limit_c = [], []
    for _ in range(48):
        limits, homes = [], []
        for _ in range(6):
            limits.append(watched.comfort_limits_c()[1])
            watched.step()
            homes.append(watched.occupied)
        at_home.append(np.any(homes, axis=0))
        limit_c.append(np.min(limits, axis=0))

    np.testing.assert_array_equal(ahead.at_home, at_home)
    np.testing.assert_array_equal(ahead.limit_c, limit_c)


def test_knows_who_is_back_within_so_many_half_hours() -> None:
    at_home = np.zeros((6, 2), np.bool_)
    at_home[3, 0] = at_home[5, 1] = True
    ahead = Foresight(at_home, np.zeros((6, 2)), np.zeros((6, 2)), np.arange(6))

    assert ahead.back_within(1, np.array([2, 2])).tolist() == [True, False]
    assert ahead.back_within(2, np.array([0, 9])).tolist() == [False, True]


def test_the_usual_limit_is_the_mean_of_each_half_hour_of_the_day() -> None:
    limit_c = np.array([[24.0], [25.0], [26.0], [28.0]])
    ahead = Foresight(np.ones((4, 1), np.bool_), limit_c, limit_c, np.array([0, 1, 0, 1]))

    assert ahead.usual().limit_c[:, 0].tolist() == [25.0, 26.5, 25.0, 26.5]


def test_warmth_is_to_be_expected_by_what_is_known_of_the_limit_and_of_who_is_there() -> None:
    limit_c = np.array([[24.0, 23.0], [25.0, 25.0], [26.0, 23.0], [28.0, 25.0]])
    at_home = np.array([[True, True], [True, True], [False, True], [True, True]])
    ahead = Foresight(at_home, limit_c, limit_c, np.array([0, 1, 0, 1]))
    felt_c = np.array([25.0, 24.5])

    assert ahead.beyond_k(0, felt_c).tolist() == [1.0, 1.5]
    assert ahead.beyond_k(2, felt_c).tolist() == [0.0, 1.5]
    assert ahead.usual().beyond_k(0, felt_c).tolist() == [0.5, 1.5]  # beyond one of its two limits
    assert ahead.always_home().usual().beyond_k(2, felt_c).tolist() == [0.5, 1.5]


@pytest.mark.parametrize(("knows", "same"), [(Knowledge(), False), (Knowledge(day=False), True)])
def test_who_does_not_know_the_days_mood_does_the_same_in_any(
    monkeypatch: pytest.MonkeyPatch, habit: Played, knows: Knowledge, *, same: bool
) -> None:
    first_day: list[list[float]] = []
    for moods_k in [(0.8, -0.8), (-0.8, 0.8)]:
        monkeypatch.setattr(
            People, "_mood_k", lambda _self, day, moods_k=moods_k: np.full(2, moods_k[day % 2])
        )
        homes = plant()
        next(play_oracle(knows, homes, TRIAL, habit))
        first_day.append(homes.truth().cooling_kwh.tolist())

    assert (first_day[0] == first_day[1]) is same


def test_saves_at_the_warmth_of_the_habit(habit: Played, foreseen: Played) -> None:
    all_days = Phase(1, TRIAL.days)
    before, after = habit.over(all_days), foreseen.over(all_days)

    assert after.cooling_kwh.sum() < 0.95 * before.cooling_kwh.sum()
    extra_k_h = after.warm_degree_hours_k_h - before.warm_degree_hours_k_h
    assert extra_k_h.mean() / TRIAL.days < 0.25


def test_less_knowledge_saves_less(habit: Played, foreseen: Played) -> None:
    all_days = Phase(1, TRIAL.days)

    lived = drained(play_oracle(Knowledge(band=False), plant(), TRIAL, habit))

    assert foreseen.over(all_days).cooling_kwh.sum() < lived.over(all_days).cooling_kwh.sum()


def test_each_home_is_treated_by_itself(habit: Played, foreseen: Played) -> None:
    alone = plant(homes=1, first_home=1)
    its_habit = Played(type(habit.days)(*(column[:, 1:2] for column in habit.days.columns())))
    trial = replace(TRIAL, homes=1, first_home=1)

    single = drained(play_oracle(Knowledge(), alone, trial, its_habit))

    np.testing.assert_array_equal(single.days.cooling_kwh[:, 0], foreseen.days.cooling_kwh[:, 1])


def test_tries_other_margins_every_day_and_the_other_levers_by_turns() -> None:
    ways = Ways.first(2)
    margins = [np.array(MARGINS_K)[each.margin[0]] for each in ways.near(0)[:4]]

    assert margins == [0.6, 0.8, 1.2, 1.5]
    assert {int(each.lead[0]) for each in ways.near(0)} == {3, 4, 5}
    assert {int(each.depth[0]) for each in ways.near(1)} == {1, 2, 3}
    assert {int(each.ahead[0]) for each in ways.near(2)} == {0, 1}
    assert max(int(each.lead[0]) for each in replace(ways, lead=np.full(2, len(LEADS_H) - 1)).near(0)) == 9
