"""Sanity: what no model may do that serves homes, whatever its errors; asked before each that comes to serve.

The gate asks it of a challenger, and the advisor of a version on trial that came in past the gate.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from cloud.champion import Champion
from cloud.energy import LOSABLE, TREE_FEATURES, wrong_slopes
from cloud.feature_catalogue import ENERGY_FEATURES, OVERRIDE_FEATURES
from cloud.gate.verdict import Finding
from cloud.trees import MAX_TREES, Floats, matrix

MOST_KWH = 20.0
"""No hour takes more [kWh]: the wire contract's largest power, 20 kW."""

SLOWER_RATIO = 3.0
"""How many times the champion's time for each tree a challenger may take [ratio]; an assumption."""

ROUNDS, TIMED_ROWS = 7, 200
"""Both are asked in turns, so often and for so many hours; the quickest counts: others use the machine."""

SAMPLE = 256
"""Hours that are looked at: all of them would take longer and say the same."""

COLDER_K = (1.0, 2.0, 3.0)
"""A home that stays so much cooler must cost more [K]."""

SETPOINTS = [ENERGY_FEATURES.index(name) for name in ("setpoint_c", "setpoint_3h_c", "setpoint_24h_c")]


def unfitness(
    challenger: Champion, champion: Champion, hours: pd.DataFrame, clock: Callable[[], float]
) -> str | None:
    """Why a version may not serve anywhere, in one sentence; None: it may be tried."""
    refused = [each.says for each in examine(challenger, champion, hours, clock) if not each.passed]
    return "; ".join(refused) or None


def examine(
    challenger: Champion, champion: Champion, hours: pd.DataFrame, clock: Callable[[], float]
) -> list[Finding]:
    """Whether a version is fit to serve at all.

    Args:
        challenger: Who is looked at.
        champion: What it may not be much slower than.
        hours: Usable hours (`usable_energy_hours`) of any homes.
        clock: Seconds, from any beginning.
    """
    findings, sample = examine_answers(challenger, hours), _sample(hours)
    if not findings[0].passed:
        return findings
    return [*findings, _latency(challenger, champion, matrix(sample, ENERGY_FEATURES), clock)]


def examine_answers(challenger: Champion, hours: pd.DataFrame) -> list[Finding]:
    """The same but for its time, which is that of as many trees: of what was learnt anew in the same way.

    Args:
        challenger: Who is looked at.
        hours: Usable hours of any homes.
    """
    strange = _strange_features(challenger)
    if strange:
        return [Finding("features", passed=False, says=f"it wants other features: {strange}")]
    sample = _sample(hours)
    rows = matrix(sample, ENERGY_FEATURES)
    return [
        Finding("features", passed=True, says="those of the catalogue, in its order"),
        _numbers(challenger, rows, matrix(sample, OVERRIDE_FEATURES)),
        _cold(challenger, rows),
        _physics(challenger, sample),
    ]


def _sample(hours: pd.DataFrame) -> pd.DataFrame:
    return hours.iloc[:: max(1, len(hours) // SAMPLE)]


def _strange_features(challenger: Champion) -> list[str]:
    found = [
        name
        for model, wanted in ((challenger.energy, TREE_FEATURES), (challenger.override, OVERRIDE_FEATURES))
        if model.trees.features != wanted
        for name in sorted(set(model.trees.features) ^ set(wanted)) or ["the same in another order"]
    ]
    return list(dict.fromkeys(found))


def _numbers(challenger: Champion, rows: Floats, override_rows: Floats) -> Finding:
    kwh = np.concatenate([challenger.energy.predict(some) for some in _with_lost_sensors(rows)])
    chance = challenger.override.predict(override_rows)
    wrong = int((~((kwh >= 0) & (kwh <= MOST_KWH))).sum() + (~((chance >= 0) & (chance <= 1))).sum())
    says = f"every hour costs 0 to {MOST_KWH:.0f} kWh, with sensors lost too"
    if wrong:
        says = f"{wrong} predictions are no number, or none that can be"
    return Finding("numbers", passed=not wrong, says=says)


def _with_lost_sensors(rows: Floats) -> Iterator[Floats]:
    yield rows
    for names in LOSABLE:
        lost = rows.copy()
        lost[:, [ENERGY_FEATURES.index(name) for name in names]] = np.nan
        yield lost


def _cold(challenger: Champion, rows: Floats) -> Finding:
    """Staying cooler for good must not be taken for a saving."""
    kept = challenger.energy.predict(rows).sum()
    colder = []
    for cold_k in COLDER_K:
        shifted = rows.copy()
        shifted[:, SETPOINTS] -= cold_k
        colder.append(float(challenger.energy.predict(shifted).sum() - kept))
    passed = all(extra_kwh >= 0 for extra_kwh in colder)
    says = "to stay cooler costs more" if passed else "it predicts savings for cold setpoints"
    return Finding("cold setpoints", passed=passed, says=says)


def _physics(challenger: Champion, hours: pd.DataFrame) -> Finding:
    wrong = wrong_slopes(challenger.energy, hours)
    says = f"{wrong} slopes against physics" if wrong else "no slope against physics on a grid"
    return Finding("physics", passed=not wrong, says=says)


def _latency(challenger: Champion, champion: Champion, rows: Floats, clock: Callable[[], float]) -> Finding:
    count = challenger.energy.trees.count
    if count > MAX_TREES:
        return Finding("latency", passed=False, says=f"{count} trees, at most {MAX_TREES} may serve")
    rows = rows[:TIMED_ROWS]
    times = np.array([[_time_s(each, rows, clock) for each in (champion, challenger)] for _ in range(ROUNDS)])
    usual_s, taken_s = times.min(axis=0)
    allowed = SLOWER_RATIO * max(1.0, count / max(champion.energy.trees.count, 1))
    if taken_s > allowed * usual_s:
        says = f"{taken_s / usual_s:.1f} times as slow as the champion"
        return Finding("latency", passed=False, says=says)
    says = f"not over {SLOWER_RATIO:.0f} times the champion's time a tree"
    return Finding("latency", passed=True, says=says)


def _time_s(models: Champion, rows: Floats, clock: Callable[[], float]) -> float:
    began_s = clock()
    models.energy.predict(rows)
    models.override.predict(rows[:, : len(OVERRIDE_FEATURES)])
    return clock() - began_s
