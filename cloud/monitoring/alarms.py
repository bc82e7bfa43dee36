"""Alarms: which figures are beyond their limits, with hysteresis. Pure.

An alarm is pending while its figure is at its limit or beyond, raised when that has lasted as long as its
rule asks for, and then over when the figure is below the lower limit, or nothing is known any more.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from cloud.drift.cohorts import FLEET
from cloud.drift.shares import at_least
from cloud.ports.monitoring import Alarm, AlarmName, CohortReport, ServiceFigures

AT_ONCE: Final = timedelta()
MINUTES_10: Final = timedelta(minutes=10)
"""Restarts and short cuts of a network are over by then."""

NEXT_LOOK: Final = timedelta(hours=30)
"""A drift leads to a job at once; what a look says that comes after it is what the job has not answered."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """When a figure is an alarm.

    Attributes:
        figure: Which one, of `Figures` or `ServiceFigures`.
        limit: Reached from here on.
        ends_below: It ends below this.
        lasts: So long it must have been there.
        words: What it says; `value` is put in.
        remedy: What to do first; the runbook has the rest.
        of: The figure that the share is a share of: then its lower 95 % bound is compared, so that one home
            of three raises nothing by chance.
        way: `off` compares how far a ratio is from 1, either way: |ln|.
        fewest: Cohorts with fewer devices have no such alarm.
    """

    figure: str
    limit: float
    ends_below: float
    lasts: timedelta
    words: str
    remedy: str
    of: str = ""
    way: Literal["high", "off"] = "high"
    fewest: int = 1


RULES: Final[Mapping[AlarmName, AlarmRule]] = {
    "readings_stale": AlarmRule(
        "stale_ratio",
        0.10,
        0.05,
        MINUTES_10,
        "{value:.0%} of the devices or more have said nothing for an hour",
        "see whether they are of one gateway, make or region; `ac-advisor doctor`",
        of="devices",
    ),
    "advice_lapsed": AlarmRule(
        "lapsed_ratio",
        0.10,
        0.05,
        MINUTES_10,
        "advice has ended and was not renewed in {value:.0%} or more of the devices that report",
        "see log/advisor.log; restart the stack if the advisor does not decide",
        of="seated_devices",
    ),
    "advisor_behind": AlarmRule(
        "advisor_behind_s",
        900.0,
        300.0,
        MINUTES_10,
        "the advisor is {value:.0f} s of readings behind",
        "see log/advisor.log; `ac-advisor doctor`",
    ),
    "prediction_off": AlarmRule(
        "energy_ratio",
        0.30,
        0.20,
        AT_ONCE,
        "measured and predicted electricity of the last week differ by {value:.0%} (as a logarithm)",
        "`ac-advisor triggers` says whether the loop has seen it; compare with `ac-advisor models list`",
        way="off",
    ),
    "overrides_many": AlarmRule(
        "override_excess_ratio",
        2.0,
        1.3,
        AT_ONCE,
        "people have made it cooler {value:.1f} times as often as usual, or more, for two days",
        "if a version is new there, `ac-advisor models roll-back`; else see the weather",
    ),
    "advice_refused": AlarmRule(
        "refused_ratio",
        0.60,
        0.45,
        AT_ONCE,
        "{value:.0%} or more of the answers to advice are refusals",
        "compare cohorts and versions; `ac-advisor models roll-back` if one version is to blame",
        of="answers",
    ),
    "feature_drift": AlarmRule(
        "feature_drift_index",
        0.25,
        0.10,
        NEXT_LOOK,
        "what devices report is distributed otherwise (index {value:.2f}), and no training has learnt it",
        "`ac-advisor monitor --json` says which feature, `ac-advisor quality` whether sensors are sound",
    ),
    "readings_faulty": AlarmRule(
        "faulty_ratio",
        0.08,
        0.05,
        AT_ONCE,
        "{value:.0%} of the homes or more report what cannot be true; nothing is learnt from such days",
        "`ac-advisor quality` names the devices; repair sensors or firmware",
    ),
    "model_old": AlarmRule(
        "model_age_days",
        21.0,
        14.0,
        AT_ONCE,
        "the newest data behind the models that advise here are {value:.0f} days old",
        "`ac-advisor triggers` and `ac-advisor models history` say why nothing newer serves",
        fewest=8,
    ),
    "training_idle": AlarmRule(
        "training_idle_h",
        48.0,
        30.0,
        AT_ONCE,
        "no look at the triggers has gone well for {value:.0f} h",
        "`ac-advisor triggers` says what failed; see log/trainer.log",
    ),
}
"""Limits stay above what sound simulated fleets show (`python -m infra.local.monitoring_study`). Those of
`prediction_off` and `readings_faulty` are those of the triggers `level` and `faults`; an index of 0.25 is
much by convention (Siddiqi 2006); three weekly rounds in a row that brought nothing make a model old."""


def judge(
    cohorts: Sequence[CohortReport], service: ServiceFigures, before: Sequence[Alarm], at: datetime
) -> tuple[Alarm, ...]:
    """What is beyond its limit now.

    Args:
        cohorts: What was measured.
        service: The same.
        before: Alarms of the round before.
        at: Now.
    """
    known = {(alarm.alarm, alarm.cohort): alarm for alarm in before}
    found = [
        alarm
        for name, cohort, value in compared(cohorts, service)
        if (alarm := _alarm(name, cohort, value, known.get((name, cohort)), at)) is not None
    ]
    return tuple(sorted(found, key=lambda alarm: (alarm.state != "raised", list(RULES).index(alarm.alarm))))


def compared(
    cohorts: Sequence[CohortReport], service: ServiceFigures
) -> Iterator[tuple[AlarmName, str, float]]:
    """Every value that is known and can be compared."""
    for name, rule in RULES.items():
        sources = (
            [(FLEET, service.model_dump())]
            if rule.figure in ServiceFigures.model_fields
            else [(cohort.name, cohort.figures.model_dump()) for cohort in cohorts]
        )
        for cohort, figures in sources:
            value = _value_of(rule, figures)
            if value is not None:
                yield name, cohort, value


def _value_of(rule: AlarmRule, figures: Mapping[str, float | None]) -> float | None:
    value = figures[rule.figure]
    devices = figures.get("devices")
    if value is None or (devices is not None and devices < rule.fewest):
        return None
    if rule.of:
        whole = int(figures[rule.of] or 0)
        return at_least(round(value * whole), whole) if whole else None
    if rule.way == "off":
        return abs(math.log(value))
    return value


def _alarm(name: AlarmName, cohort: str, value: float, before: Alarm | None, at: datetime) -> Alarm | None:
    rule = RULES[name]
    was_raised = before is not None and before.state == "raised"
    if value < (rule.ends_below if was_raised else rule.limit):
        return None
    since = at if before is None else before.since
    is_raised = was_raised or at - since >= rule.lasts
    return Alarm(
        alarm=name,
        cohort=cohort,
        state="raised" if is_raised else "pending",
        since=since,
        value=round(value, 4),
        limit=rule.limit,
        ends_below=rule.ends_below,
        words=rule.words.format(value=value),
        remedy=rule.remedy,
    )
