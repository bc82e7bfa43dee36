"""Triggers: when models are trained anew, and in which way, from measured signals and what is remembered.

Pure. A trigger fires when its signal reaches the upper limit, and is then quiet until the signal has been
below the lower one, or a job has run on its behalf. Limits were set above what sound simulated fleets of the
split `validate` show in two months (`python -m infra.local.loop_study`), unless another source is named.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

TriggerName: TypeAlias = Literal[
    "level", "homes", "population", "weather", "overrides", "data", "age", "faults", "manual"
]

Update: TypeAlias = Literal["train", "fine_tune", "hot_fix"]
"""All that the lake has; the newest weeks with the reservoir; trees added to those of the champion."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a trigger compares with, and what it leads to.

    Attributes:
        upper: Fires from here on.
        lower: Below this it may fire again.
        update: What it leads to; None: an alarm for people, which stays quiet until it is over.
        is_drift: Whether it says that homes changed, and not only that time has passed.
    """

    upper: float
    lower: float
    update: Update | None
    is_drift: bool = True


RULES: Final[Mapping[TriggerName, Rule]] = {
    "level": Rule(0.30, 0.15, "hot_fix"),
    "homes": Rule(0.08, 0.05, "fine_tune"),
    "population": Rule(0.20, 0.10, "fine_tune"),
    "weather": Rule(0.35, 0.15, "fine_tune"),
    "overrides": Rule(5.0, 2.5, "fine_tune"),
    "data": Rule(1.0, 0.5, "fine_tune", is_drift=False),
    "age": Rule(7.0, 1.0, "fine_tune", is_drift=False),
    "faults": Rule(0.08, 0.05, None, is_drift=False),
}
"""By trigger, strongest first; what each signal is stands in `cloud.drift.signals`. `age` is in days: a week
(ADVICE.md, fine-tuning). Which update follows is by its table: a sudden change of what machines draw by more
trees at once, a change of people or season by growing all anew."""

HOT_FIX_TREES: Final = 25
"""With room for fewer more trees a hot-fix is not worth it, and all are grown anew."""


class Signal(BaseModel):
    """One number about a cohort.

    Attributes:
        trigger: Which rule it belongs to.
        cohort: Name of the cohort.
        subject: What of it, such as a feature; may be empty.
        value: Compared with the rule's limits.
        words: What it says, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trigger: TriggerName
    cohort: str
    subject: str
    value: float
    words: str

    @property
    def key(self) -> str:
        """Names the trigger's memory."""
        return f"{self.trigger}/{self.cohort}/{self.subject}"


class Memory(BaseModel):
    """What triggers remember from one look to the next.

    Attributes:
        quiet: Keys of triggers that fired and have not been below their lower limit, with since when.
        drift_job: Up to when the data went that the last job after a drift learnt from, by cohort.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quiet: dict[str, datetime] = {}
    drift_job: dict[str, datetime] = {}


class Decision(BaseModel):
    """What follows from a look.

    Attributes:
        update: What is to be done; None: nothing.
        fired: The signals that led to it, the strongest trigger first.
        reason: Why, in plain words.
        memory: What is remembered from now on, unless a job is done.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    update: Update | None
    fired: tuple[Signal, ...]
    reason: str
    memory: Memory

    @property
    def trigger(self) -> str:
        """The strongest trigger that fired; empty: none."""
        return self.fired[0].trigger if self.fired else ""


def decide(signals: Iterable[Signal], memory: Memory, at: datetime, *, room: int) -> Decision:
    """Which triggers fire, and what is to be done.

    Args:
        signals: Everything that was measured now; a trigger without a signal stays as it was.
        memory: Of the look before.
        at: Now.
        room: Trees that a hot-fix could add.
    """
    known = [signal for signal in signals if not math.isnan(signal.value)]
    quiet = dict(memory.quiet)
    fired = []
    for signal in known:
        rule = RULES[signal.trigger]
        if signal.value >= rule.upper and signal.key not in quiet:
            fired.append(signal)
            quiet[signal.key] = at
        elif signal.value < rule.lower:
            quiet.pop(signal.key, None)
    fired.sort(key=_strength)
    remembered = memory.model_copy(update={"quiet": quiet})
    return Decision(
        update=_update(fired, room), fired=tuple(fired), reason=_reason(fired, known), memory=remembered
    )


def by_command(update: Update, words: str, memory: Memory) -> Decision:
    """What follows from somebody's wish."""
    signal = Signal(trigger="manual", cohort="fleet", subject="", value=1.0, words=words)
    return Decision(update=update, fired=(signal,), reason=words, memory=memory)


def after_job(decision: Decision, data_end: datetime) -> Memory:
    """What is remembered when the job of a decision has run: its triggers may fire again.

    What a drift was compared with is old news: from now on only what comes after counts for its cohorts.
    """
    keys = {signal.key for signal in decision.fired if not is_alarm(signal)}
    cohorts = {signal.cohort for signal in decision.fired if _is_drift(signal)}
    memory = decision.memory
    quiet = {key: since for key, since in memory.quiet.items() if key not in keys}
    return Memory(quiet=quiet, drift_job=memory.drift_job | dict.fromkeys(cohorts, data_end))


def is_alarm(signal: Signal) -> bool:
    """Whether it is for people only: no job makes it better."""
    return signal.trigger != "manual" and RULES[signal.trigger].update is None


def _is_drift(signal: Signal) -> bool:
    return signal.trigger != "manual" and RULES[signal.trigger].is_drift


def _strength(signal: Signal) -> tuple[int, float]:
    return list(RULES).index(signal.trigger), -signal.value / RULES[signal.trigger].upper


def _update(fired: Sequence[Signal], room: int) -> Update | None:
    """All wishes by one job: what several triggers ask for, a windowed retrain gives."""
    wanted = {update for signal in fired if (update := RULES[signal.trigger].update) is not None}
    if wanted == {"hot_fix"} and room < HOT_FIX_TREES:
        return "fine_tune"
    return wanted.pop() if len(wanted) == 1 else ("fine_tune" if wanted else None)


def _reason(fired: Sequence[Signal], known: Sequence[Signal]) -> str:
    if fired:
        return "; ".join(f"{signal.cohort}: {signal.words}" for signal in fired)
    return f"none of {len(known)} signals is news"
