"""The gate's checks in their order: sanity, leaks, error, segments, simple forecasts, overrides, savings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cloud.baselines import Climatology, Ridge
from cloud.champion import Champion
from cloud.energy import usable_energy_hours
from cloud.errors import InsufficientDataError
from cloud.evaluation import PairedError, compare_errors, home_errors
from cloud.faulty_days import MOST_LEFT_OUT, LeftOut
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, OVERRIDE_TARGET
from cloud.gate.leaks import find_leaks
from cloud.gate.sanity import examine
from cloud.gate.saving import DaysByLot, judge_savings
from cloud.gate.segments import Traits, segments_of
from cloud.gate.verdict import Finding, Verdict, verdict
from cloud.override import exposed_hours
from cloud.training import Split, override_calibration
from cloud.trees import Floats, matrix

NON_INFERIORITY_RATIO = 0.02
"""Who is surely worse, and by more than this, is kept out [ratio] (ADVICE.md, fine-tuning)."""

MOST_RATIO = 0.035
"""And who seems worse by more than this [ratio]. Of 30 homes a 95 % bound of 2 % refused nine of ten
who were as good; how often this one errs, either way, is told by `python -m infra.local.gate_study`."""

CALIBRATED = (0.8, 1.25)
"""Predicted over observed overrides [ratio] (ADVICE.md, fine-tuning)."""

MIN_OVERRIDES = 20
"""With fewer in the judged hours, chance alone moves the ratio by more than the limits are apart."""

MIN_SEGMENT_HOMES = 8
"""A segment is judged from so many homes on; of fewer a bootstrap is surer than it may be."""

SURE = 0.99
"""Of a segment, or of unseen homes [ratio]: some ten are looked at, and none may be refused by chance."""

SEED = 1
"""Of the bootstrap."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known besides the hours.

    Attributes:
        learnt: The very rows that the challenger was trained on.
        clock: Seconds, from any beginning: times predictions.
        traits: By home.
        by_lot: Days that were drawn, among those that are judged on.
        left_out: What was neither learnt from nor is judged on, since it cannot be true.
    """

    learnt: pd.DataFrame
    clock: Callable[[], float]
    traits: Mapping[str, Traits] = field(default_factory=dict[str, Traits])
    by_lot: DaysByLot = field(default_factory=DaysByLot)
    left_out: LeftOut = field(default_factory=LeftOut)


def judge(
    champion: Champion, challenger: Champion, parts: Split, evidence: Evidence
) -> tuple[Verdict, PairedError | None]:
    """Compare on days that the challenger has not seen.

    Returns:
        The verdict, and the errors of all homes; None when it is not fit to be asked for any.

    Raises:
        InsufficientDataError: There are no such days.
    """
    newest, held_out = usable_energy_hours(parts.newest), usable_energy_hours(parts.held_out)
    if not len(newest) or not len(held_out):
        raise InsufficientDataError(0, 1)
    sane = examine(challenger, champion, newest, evidence.clock)
    if not all(each.passed for each in sane if each.check in ("features", "numbers")):
        return verdict(champion.version, "", sane), None
    errors = _errors(champion, challenger, evidence.learnt, newest)
    error, unseen = _compare(errors), _compare(errors.loc[sorted(held_out["device_id"].unique())], sure=SURE)
    findings = [
        *sane,
        _left_out(evidence.left_out),
        find_leaks(evidence.learnt, parts),
        *judge_errors(errors, error, unseen, segments_of(newest, evidence.traits, parts.new_homes)),
        _who_serves(errors.drop(index=list(parts.unseen), errors="ignore")),
        *(_simple(errors, name) for name in ("ridge", "climatology")),
        _overrides(champion, challenger, parts.held_out),
        judge_savings(champion.energy, challenger.energy, evidence.by_lot, NON_INFERIORITY_RATIO),
    ]
    headline = "; ".join(filter(None, (_headline(error, unseen), evidence.left_out.words)))
    return verdict(champion.version, headline, findings), error


def judge_errors(
    errors: pd.DataFrame, error: PairedError, unseen: PairedError, segments: Mapping[str, set[str]]
) -> list[Finding]:
    """What the errors by home (`home_errors`) say: of all homes and unseen ones, and of each segment."""
    return [_all_homes(error, unseen), *_segments(errors, segments)]


def _errors(
    champion: Champion, challenger: Champion, learnt: pd.DataFrame, newest: pd.DataFrame
) -> pd.DataFrame:
    """Errors by home of both models as judged, of what serves, and of simple ones that know the same rows."""
    learnt = usable_energy_hours(learnt)
    rows, known = matrix(newest, ENERGY_FEATURES), matrix(learnt, ENERGY_FEATURES)
    spent = learnt[ENERGY_TARGET].to_numpy(np.float64)
    predicted = {
        "champion": champion.as_judged.predict(rows),
        "serving": champion.energy.predict(rows),
        "challenger": challenger.energy.predict(rows),
        "ridge": Ridge.fit(known, spent).predict(rows),
        "climatology": Climatology.fit(known, spent).predict(rows),
    }
    observed: Floats = newest[ENERGY_TARGET].to_numpy(np.float64)
    return home_errors(newest["device_id"], newest["hour_end_at"].dt.date, observed, predicted)


def _left_out(left_out: LeftOut) -> Finding:
    """With too much left out nobody knows whether what is left is what is true."""
    says = left_out.words or "every device-day counts"
    if left_out.is_too_much:
        says = f"over {100 * MOST_LEFT_OUT:.0f} % of the device-days are faulty: see `ac-advisor quality`"
    return Finding("faulty days", passed=not left_out.is_too_much, says=says)


def _compare(errors: pd.DataFrame, with_whom: str = "champion", *, sure: float = 0.95) -> PairedError:
    return compare_errors(errors, with_whom, "challenger", seed=SEED, sure=sure)


def _is_surely_worse(error: PairedError) -> bool:
    return error.worse > NON_INFERIORITY_RATIO and error.worse_lower > 0


def _headline(error: PairedError, unseen: PairedError) -> str:
    return (
        f"daily error {100 * error.challenger_wape:.1f} % against {100 * error.champion_wape:.1f} %, "
        f"{100 * error.worse:+.1f} % (at most {100 * error.worse_upper:+.1f} %), "
        f"in unseen homes {100 * unseen.worse:+.1f} %"
    )


def _all_homes(error: PairedError, unseen: PairedError) -> Finding:
    """In all homes together, and in unseen ones not surely: nothing is learnt by heart."""
    limit = MOST_RATIO if error.worse_lower <= 0 else NON_INFERIORITY_RATIO
    if error.worse > limit:
        return Finding("error", passed=False, says=f"{100 * error.worse:+.1f} % is over {100 * limit:.1f} %")
    if _is_surely_worse(unseen):
        return Finding("error", passed=False, says="it is surely worse in unseen homes")
    return Finding("error", passed=True, says=_headline(error, unseen))


def _segments(errors: pd.DataFrame, segments: Mapping[str, set[str]]) -> list[Finding]:
    findings = []
    for segment, homes in sorted(segments.items()):
        own = errors.loc[sorted(homes & set(errors.index))]
        if not MIN_SEGMENT_HOMES <= len(own) < len(errors):  # all homes together are judged by themselves
            continue
        error = _compare(own, sure=SURE)
        passed = not _is_surely_worse(error)
        says = f"{100 * error.worse:+.1f} % (at most {100 * error.worse_upper:+.1f} %) in {len(own)} homes"
        findings.append(Finding(segment, passed=passed, says=f"{segment}: {says}"))
    return findings


def _who_serves(errors: pd.DataFrame) -> Finding:
    """Nor may it be surely worse than the champion that was learnt anew, in homes that both know."""
    error = _compare(errors, "serving")
    says = f"{100 * error.worse:+.1f} % against what serves, in {len(errors)} homes that both know"
    return Finding("who serves", passed=not _is_surely_worse(error), says=says)


def _simple(errors: pd.DataFrame, name: str) -> Finding:
    """A model that surely loses to a simple forecast does not serve, even if the champion loses to it too."""
    error = _compare(errors, name)
    says = f"{100 * error.worse:+.1f} % against {name} ({100 * error.champion_wape:.1f} %)"
    return Finding(name, passed=error.worse_lower <= 0, says=says)


def _overrides(champion: Champion, challenger: Champion, held_out: pd.DataFrame) -> Finding:
    """Calibrated, or at least no further off than the champion."""
    happened = float(exposed_hours(held_out)[OVERRIDE_TARGET].sum())
    if happened < MIN_OVERRIDES:
        return Finding("overrides", passed=True, says=f"{happened:.0f} overrides, too few to judge by")
    new, old = (override_calibration(each.override, held_out) for each in (challenger, champion))
    low, high = CALIBRATED
    nearer = abs(np.log(max(new, 1e-9))) <= abs(np.log(max(old, 1e-9)))
    says = f"{new:.2f} times as many overrides predicted as seen, by the champion {old:.2f}"
    return Finding("overrides", passed=bool(low <= new <= high or nearer), says=says)
