"""The sequential test keeps its budget of false alarms, and sees harm in time."""

import numpy as np
import pytest

from cloud.rollout.sequential import Daily, Floats, HarmBudget, look_daily

HOMES, DAYS, SHARE, RUNS = 100, 14, 0.2, 300
BUDGET = HarmBudget(draws=400)


def overrides(random: np.random.Generator, times: float) -> tuple[Daily, np.typing.NDArray[np.bool_]]:
    """Overrides of homes that are unlike each other (gamma, shape 1, 0.1 a day), `times` as many if tried."""
    tried = random.random(HOMES) < SHARE
    rate = random.gamma(1.0, 0.1, HOMES) * np.where(tried, times, 1.0)
    return Daily(random.poisson(rate[:, np.newaxis], (HOMES, DAYS)).astype(np.float64)), tried


def _mean(values: Floats) -> Daily:
    return Daily(values.mean(axis=1, keepdims=True))


def stopped(times: float, seed: int) -> list[int]:
    """On which day each of the runs was stopped; 0: on none."""
    random = np.random.default_rng(seed)
    looks = [look_daily(*overrides(random, times), BUDGET) for _ in range(RUNS)]
    return [each[-1].number if each[-1].stop else 0 for each in looks]


def test_harmless_challengers_are_stopped_no_oftener_than_agreed_though_looked_at_daily() -> None:
    false_alarms = np.mean([day > 0 for day in stopped(1.0, 1)])

    print(f"false alarms: {100 * false_alarms:.1f} % of {RUNS} runs of {DAYS} looks, agreed 5 %")
    assert false_alarms <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / RUNS)


def test_what_is_looked_at_daily_without_a_budget_is_stopped_far_oftener() -> None:
    """The fault that the test is for: each look taken by itself at 5 %."""
    random = np.random.default_rng(1)
    alarms = []
    for _ in range(100):
        harm, tried = overrides(random, 1.0)
        alone = HarmBudget(looks=1, draws=400)
        alarms.append(any(
            look_daily(_mean(harm.values[:, :day]), tried, alone)[-1].stop
            for day in range(1, DAYS + 1)
        ))  # fmt: skip

    assert np.mean(alarms) > 0.10


@pytest.mark.parametrize(("times", "power", "within_days"), [(2.0, 0.35, 14), (4.0, 0.95, 6)])
def test_harm_is_seen(times: float, power: float, within_days: int) -> None:
    days = stopped(times, 2)
    seen = [day for day in days if day]

    share = 100 * len(seen) / RUNS
    print(f"{times:.0f} times the overrides: {share:.0f} % stopped, median day {np.median(seen):.0f}")
    assert len(seen) / RUNS >= power
    assert np.median(seen) <= within_days


def test_the_budget_is_spent_by_the_last_look_and_never_before() -> None:
    spent = [BUDGET.spent(look) for look in range(DAYS + 1)]

    assert spent[0] == 0
    # Pocock-type, Lan and DeMets 1983: alpha ln(1 + (e - 1) t); by hand at t = 1/2: 0.05 * 0.6201
    assert spent[7] == pytest.approx(0.0310, abs=1e-4)
    assert spent[14] == pytest.approx(0.05)
    assert spent == sorted(spent)


def test_homes_and_days_that_were_not_seen_count_for_nothing() -> None:
    harm = np.zeros((40, 3))
    tried = np.arange(40) < 10
    harm[:10] = 5.0
    harm[0] = np.nan
    harm[1, 1] = np.nan

    looks = look_daily(Daily(harm), tried, HarmBudget())

    assert looks[-1].stop
    assert looks[0].more == pytest.approx(5.0)


def test_nothing_can_be_said_without_a_cohort_and_others() -> None:
    assert look_daily(Daily(np.ones((5, 3))), np.zeros(5, np.bool_), BUDGET) == []
    assert look_daily(Daily(np.ones((5, 3))), np.ones(5, np.bool_), BUDGET) == []
