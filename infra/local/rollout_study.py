"""`python -m infra.local.rollout_study`: how often the test of harm stops a trial, with harm and without.

Simulated homes are unlike each other: each has its own rate of overrides, gamma of shape 1 with a mean of 0.1
a day; homes that try the challenger have `times` as many. Each run is looked at after every day.
"""

import math
from typing import Final

import numpy as np

from cloud.rollout.sequential import Daily, HarmBudget, look_daily

RUNS: Final = 1000
TIMES: Final = (1.0, 1.5, 2.0, 3.0)
FLEETS: Final = (100, 400)
OVERRIDES_A_DAY: Final = 0.1
SHARE_RATIO: Final = 0.2
BUDGET: Final = HarmBudget(draws=1000)
SEED: Final = 7


def stopped(times: float, homes: int, runs: int = RUNS) -> list[int]:
    """After how many days each run was stopped; 0: it was not."""
    random, days = np.random.default_rng(SEED), list[int]()
    for _ in range(runs):
        tried = random.random(homes) < SHARE_RATIO
        rate = random.gamma(1.0, OVERRIDES_A_DAY, homes) * np.where(tried, times, 1.0)
        harm = random.poisson(rate[:, np.newaxis], (homes, BUDGET.looks)).astype(np.float64)
        looks = look_daily(Daily(harm), tried, BUDGET)
        days.append(looks[-1].number if looks and looks[-1].stop else 0)
    return days


def main() -> None:
    """Print the table."""
    agreed = f"{100 * BUDGET.alpha:.0f} % agreed for {BUDGET.looks} daily looks"
    print(f"{RUNS} runs each, cohort {100 * SHARE_RATIO:.0f} %, {agreed}, seed {SEED}")  # noqa: T201 (its output)
    print(f"{'overrides':>10} {'homes':>6} {'stopped':>16} {'median day':>11}")  # noqa: T201 (the same)
    for times in TIMES:
        for homes in FLEETS:
            days = stopped(times, homes)
            share = np.mean([day > 0 for day in days])
            error = math.sqrt(share * (1 - share) / RUNS)
            day = np.median([day for day in days if day])
            told = f"{100 * share:.1f} ± {100 * error:.1f} %"
            print(f"{f'x {times:g}':>10} {homes:>6} {told:>16} {day:>11.0f}")  # noqa: T201 (the same)


if __name__ == "__main__":
    main()
