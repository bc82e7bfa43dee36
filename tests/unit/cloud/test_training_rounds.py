"""Training rounds: what is due is done once, whoever dies."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.errors import ConflictError, InsufficientDataError
from cloud.training_rounds import Made, Wish, take_turn
from cloud.training_schedule import (
    AFTER_FAILURE,
    EVERY,
    LEASE,
    MAX_ATTEMPTS,
    Job,
    Learnt,
    Looked,
    TrainingSchedule,
)
from cloud.triggers import Memory, Signal

T0 = datetime(2025, 7, 1, 3, tzinfo=UTC)
AGE = Signal(trigger="age", cohort="fleet", subject="", value=8.0, words="8 days old")
CALM = AGE.model_copy(update={"value": 0.5})


class KilledError(BaseException):
    """Stands for kill -9: nothing of ours may catch it."""


@dataclass
class Clock:
    now: datetime = T0

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Desk:
    """Trains nothing, and counts."""

    signal: Signal = AGE
    deaths: int = 0
    fails: bool = False
    jobs: list[Job] = field(default_factory=list[Job])
    looks: int = 0

    def look(self, memory: Memory, learnt: Learnt | None) -> tuple[Sequence[Signal], int]:
        assert memory == Memory()
        assert learnt is None
        self.looks += 1
        return [self.signal], 50

    def train(self, job: Job) -> Made:
        self.jobs.append(job)
        if len(self.jobs) <= self.deaths:
            raise KilledError
        if self.fails:
            raise InsufficientDataError(1, 2000)
        return Made("v2", "promoted over v1", Learnt(data_end=T0, hours=9000))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def schedule(clock: Clock) -> TrainingSchedule:
    return TrainingSchedule(MemoryStateStore(clock), clock)


def die(schedule: TrainingSchedule, desk: Desk) -> None:
    """A process that takes its turn and is killed: it cannot give its lease back."""
    lost = TrainingSchedule(schedule.store, schedule.now)
    taken = lost.turn()
    assert taken.__enter__()
    schedule.write(*unfinished(schedule))
    with pytest.raises(KilledError):
        desk.train(next(filter(None, [schedule.read()[0].running])))
    lost._lease_version = -1  # so that ending the block leaves the lease
    taken.__exit__(None, None, None)


def unfinished(schedule: TrainingSchedule) -> tuple:  # type: ignore[type-arg]
    from cloud.triggers import decide  # noqa: PLC0415

    known, over = schedule.read()
    job = Job(job_id="j1", decision=decide([AGE], known.memory, T0, room=50), began_at=T0)
    return known.model_copy(update={"running": job}), over


def test_the_first_look_is_due_at_once_and_the_next_a_day_later(
    schedule: TrainingSchedule, clock: Clock
) -> None:
    desk = Desk(CALM)
    assert schedule.is_due()

    first, second = take_turn(schedule, desk), take_turn(schedule, desk)
    clock.now += EVERY
    third = take_turn(schedule, desk)

    assert first is not None
    assert (first.outcome, second, desk.looks, desk.jobs) == ("nothing to do", None, 2, [])
    assert third is not None


def test_what_fired_is_done_and_written_down(schedule: TrainingSchedule) -> None:
    desk = Desk()

    entry = take_turn(schedule, desk)

    assert entry is not None
    assert (entry.trigger, entry.update, entry.version) == ("age", "fine_tune", "v2")
    known, _ = schedule.read()
    assert known.running is None
    assert known.learnt == Learnt(data_end=T0, hours=9000)
    assert [line.outcome for line in schedule.journal()] == ["begun", "promoted over v1"]
    assert {line.job_id for line in schedule.journal()} == {desk.jobs[0].job_id}
    assert schedule.journal()[0].reason == "fleet: 8 days old"


def test_what_a_look_saw_is_remembered_also_after_a_wish(schedule: TrainingSchedule) -> None:
    for desk in (Desk(CALM), Desk()):
        take_turn(schedule, desk)
        schedule.now.now += EVERY  # type: ignore[attr-defined]
    take_turn(schedule, Desk(), Wish("train", "now"))

    assert schedule.read()[0].looked == Looked(at=T0 + EVERY, values={"age/fleet/": 8.0})


def test_nobody_looks_while_somebody_is_at_it(schedule: TrainingSchedule, clock: Clock) -> None:
    other, desk = TrainingSchedule(schedule.store, clock), Desk()

    with other.turn() as theirs:
        assert theirs
        assert take_turn(schedule, desk) is None
        assert take_turn(schedule, desk, Wish("train", "now")) is None

    assert desk.looks == 0
    assert take_turn(schedule, desk) is not None


def test_a_job_whose_process_was_killed_is_done_again_when_its_lease_has_ended(
    schedule: TrainingSchedule, clock: Clock
) -> None:
    desk = Desk(deaths=1)
    die(schedule, desk)
    clock.now += LEASE - timedelta(seconds=1)
    assert take_turn(schedule, desk) is None

    clock.now += timedelta(seconds=2)
    entry = take_turn(schedule, desk)

    assert entry is not None
    assert entry.version == "v2"
    assert [(job.job_id, job.attempt) for job in desk.jobs] == [("j1", 1), ("j1", 2)]
    assert desk.looks == 0  # what was decided stands


def test_a_job_that_kills_is_given_up(schedule: TrainingSchedule, clock: Clock) -> None:
    desk = Desk(deaths=9)
    die(schedule, desk)
    for _ in range(MAX_ATTEMPTS - 1):
        clock.now += LEASE
        with pytest.raises(KilledError):
            take_turn(schedule, desk)
        clock.now += LEASE

    entry = take_turn(schedule, desk)

    assert entry is not None
    assert entry.outcome == f"given up: its process died {MAX_ATTEMPTS} times"
    assert len(desk.jobs) == MAX_ATTEMPTS
    assert not schedule.is_due()


def test_a_job_that_fails_is_looked_at_again_in_an_hour(schedule: TrainingSchedule, clock: Clock) -> None:
    desk = Desk(fails=True)

    with pytest.raises(InsufficientDataError):
        take_turn(schedule, desk)

    assert schedule.journal()[-1].outcome.startswith("failed: 1 rows")
    assert not schedule.is_due()
    clock.now += AFTER_FAILURE
    desk.fails = False
    entry = take_turn(schedule, desk)
    assert entry is not None
    assert entry.version == "v2"  # the trigger had not been answered


def test_a_wish_is_done_at_once_after_what_was_left(schedule: TrainingSchedule, clock: Clock) -> None:
    desk = Desk(deaths=1)
    die(schedule, desk)
    clock.now += LEASE

    entry = take_turn(schedule, desk, Wish("train", "Ada wants it"))

    assert entry is not None
    assert (entry.trigger, entry.reason) == ("manual", "Ada wants it")
    assert [job.decision.trigger for job in desk.jobs] == ["age", "age", "manual"]


def test_who_has_lost_the_lease_cannot_write(schedule: TrainingSchedule) -> None:
    known, over = schedule.read()
    schedule.write(known, over)

    with pytest.raises(ConflictError):
        schedule.write(known, over)
