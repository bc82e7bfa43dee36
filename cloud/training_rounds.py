"""Training rounds: look, decide, write down why, have it done; killed at any point, it is done again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import uuid4

from cloud.errors import CloudError
from cloud.training_schedule import (
    AFTER_FAILURE,
    EVERY,
    MAX_ATTEMPTS,
    Entry,
    Job,
    Learnt,
    Looked,
    Schedule,
    TrainingSchedule,
)
from cloud.triggers import RULES, Decision, Memory, Signal, Update, after_job, by_command, decide

MOST_SIGNALS: Final = 2000
"""Values of a look that are remembered: some 120 kB."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a job has made.

    Attributes:
        version: Its name.
        outcome: What the gate said.
        learnt: What it has learnt from.
    """

    version: str
    outcome: str
    learnt: Learnt


class TrainingDesk(Protocol):
    """Who looks at the fleet and trains."""

    def look(self, memory: Memory, learnt: Learnt | None) -> tuple[Sequence[Signal], int]:
        """All signals, and how many trees a hot-fix could add.

        Raises:
            CloudError: Lake or registry do not answer, or are not as they should be.
        """
        ...

    def train(self, job: Job) -> Made:
        """Train, judge and keep what comes of it; what the same job has made before it was killed counts.

        Raises:
            CloudError: Too little data, or the champion has changed meanwhile.
        """
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done at once, and why."""

    update: Update
    reason: str


def take_turn(schedule: TrainingSchedule, desk: TrainingDesk, wish: Wish | None = None) -> Entry | None:
    """Finish what was left, or look and do what follows.

    Args:
        schedule: Where it is written down.
        desk: Who does it.
        wish: Done instead of a look; None: only if it is due.

    Returns:
        What was decided and came of it; None: somebody else is at it, or it is not due.

    Raises:
        ConflictError: Our lease has ended meanwhile, and somebody else does it.
        CloudError: The job of a wish failed.
    """
    if wish is None and not schedule.is_due():
        return None
    with schedule.turn() as ours:
        if not ours:
            return None
        known, over = schedule.read()
        if known.running is not None:
            entry = _again(schedule, desk, known, over)
            if wish is None:
                return entry
            known, over = schedule.read()
        if wish is None and known.next_look_at is not None and known.next_look_at > schedule.now():
            return None  # somebody was quicker
        if wish is not None:
            return _follow(schedule, desk, (known, over), _wished(wish, known))
        known, decision = _look(schedule, desk, known)
        return _follow(schedule, desk, (known, over), decision)


def _wished(wish: Wish, known: Schedule) -> Decision:
    return by_command(wish.update, wish.reason, known.memory)


def _look(schedule: TrainingSchedule, desk: TrainingDesk, known: Schedule) -> tuple[Schedule, Decision]:
    """What is known after a look, and what follows from it."""
    signals, room = desk.look(known.memory, known.learnt)
    at = schedule.now()
    seen = known.model_copy(update={"looked": Looked(at=at, values=_strongest(signals))})
    return seen, decide(signals, known.memory, at, room=room)


def _strongest(signals: Sequence[Signal]) -> dict[str, float]:
    """The values by key: as many as an item of the store has room for."""
    told = [signal for signal in signals if not math.isnan(signal.value)]
    told.sort(key=lambda signal: -signal.value / RULES[signal.trigger].upper)
    return {signal.key: round(signal.value, 4) for signal in told[:MOST_SIGNALS]}


def _follow(
    schedule: TrainingSchedule, desk: TrainingDesk, before: tuple[Schedule, int], decision: Decision
) -> Entry:
    known, over = before
    at = schedule.now()
    if decision.update is None:
        outcome = "an alarm: look at `ac-advisor quality`" if decision.fired else "nothing to do"
        entry = Entry(at=at, trigger=decision.trigger, reason=decision.reason, outcome=outcome)
        rested = known.model_copy(update={"memory": decision.memory, "next_look_at": at + EVERY})
        schedule.write(rested, over, entry)
        return entry
    job = Job(job_id=uuid4().hex[:12], decision=decision, began_at=at)
    schedule.write(known.model_copy(update={"running": job}), over, _entry(job, at, "begun"))
    return _do(schedule, desk, job)


def _again(schedule: TrainingSchedule, desk: TrainingDesk, known: Schedule, over: int) -> Entry:
    """What a killed process has begun."""
    assert known.running is not None  # noqa: S101 (who calls has looked)
    job = known.running.model_copy(update={"attempt": known.running.attempt + 1})
    at = schedule.now()
    if job.attempt > MAX_ATTEMPTS:
        entry = _entry(job, at, f"given up: its process died {MAX_ATTEMPTS} times")
        memory = job.decision.memory
        schedule.write(_rested(known, at, memory), over, entry)
        return entry
    begun = _entry(job, at, f"begun again: attempt {job.attempt}")
    schedule.write(known.model_copy(update={"running": job}), over, begun)
    return _do(schedule, desk, job)


def _do(schedule: TrainingSchedule, desk: TrainingDesk, job: Job) -> Entry:
    known, over = schedule.read()
    try:
        made = desk.train(job)
    except CloudError as error:
        at = schedule.now()
        failed = known.model_copy(update={"running": None, "next_look_at": at + AFTER_FAILURE})
        schedule.write(failed, over, _entry(job, at, f"failed: {error}"))
        raise
    at = schedule.now()
    memory = after_job(job.decision, made.learnt.data_end)
    entry = _entry(job, at, made.outcome, made.version)
    schedule.write(_rested(known, at, memory).model_copy(update={"learnt": made.learnt}), over, entry)
    return entry


def _rested(known: Schedule, at: datetime, memory: Memory) -> Schedule:
    return known.model_copy(update={"running": None, "next_look_at": at + EVERY, "memory": memory})


def _entry(job: Job, at: datetime, outcome: str, version: str | None = None) -> Entry:
    decision = job.decision
    return Entry(
        at=at,
        job_id=job.job_id,
        trigger=decision.trigger,
        update=decision.update,
        reason=decision.reason,
        outcome=outcome,
        version=version,
    )
