"""The training schedule: when to look next, whose turn it is, and what was decided; all of it durable.

One at a time: whoever wants to look or train takes a lease, which ends by itself when its holder dies. What
was begun is written down before, so that the next one does it again. Any number of processes and machines
over the same serving state.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from pydantic import BaseModel, ConfigDict

from cloud.errors import ConflictError, UnavailableError
from cloud.ports.state import ABSENT, Delete, Put, StateStore, Write, every
from cloud.triggers import Decision, Memory

TRAINING_PK: Final = "training#0"
"""Partition of the schedule."""

_SCHEDULE, _LEASE, _DECISION = "schedule", "lease", "decision#"

EVERY: Final = timedelta(days=1)
"""From one look to the next."""

AFTER_FAILURE: Final = timedelta(hours=1)
"""From a job that failed to the next look."""

LEASE: Final = timedelta(seconds=90)
"""So long after its death nobody takes the place of a holder."""

RENEW_S: Final = 15.0
"""How often a holder says that it lives [s]."""

MAX_ATTEMPTS: Final = 3
"""A job whose process died so often is given up: it may be what kills it."""

KEPT: Final = timedelta(days=400)
"""How long decisions are remembered."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(_Record):
    """A job that was begun and has not ended.

    Attributes:
        job_id: In the lineage of what it makes.
        decision: What it is for.
        began_at: When.
        attempt: 1 for the first.
    """

    job_id: str
    decision: Decision
    began_at: datetime
    attempt: int = 1


class Learnt(_Record):
    """What the newest job has learnt from.

    Attributes:
        data_end: Up to when its data went.
        hours: How many hours, without the reservoir.
    """

    data_end: datetime
    hours: int


class Looked(_Record):
    """What the newest look saw.

    Attributes:
        at: When.
        values: By `Signal.key`; the strongest, where there are very many.
    """

    at: datetime
    values: dict[str, float] = {}


class Schedule(_Record):
    """What is known from one look to the next."""

    next_look_at: datetime | None = None
    memory: Memory = Memory()
    running: Job | None = None
    learnt: Learnt | None = None
    looked: Looked | None = None


class Entry(_Record):
    """One line of the journal: what a look decided, or how a job ended.

    Attributes:
        at: When.
        job_id: Of the job; empty when nothing was to be done.
        trigger: The strongest that fired.
        update: What was to be done.
        reason: Why, in plain words.
        outcome: What came of it.
        version: What the job made.
    """

    at: datetime
    job_id: str = ""
    trigger: str = ""
    update: str | None = None
    reason: str
    outcome: str = ""
    version: str | None = None


@dataclass(slots=True)
class TrainingSchedule:
    """The schedule as one process sees it.

    Args:
        store: Where it is kept.
        now: The wall clock (UTC); that of the store.
    """

    store: StateStore
    now: Callable[[], datetime]
    _lease_version: int = field(default=0)

    def is_due(self) -> bool:
        """Whether somebody should look now: it is time, or a job was left unfinished; nobody is at it.

        Raises:
            UnavailableError: The store does not answer.
        """
        if self.store.get(TRAINING_PK, _LEASE) is not None:
            return False
        schedule, _ = self.read()
        is_time = schedule.next_look_at is None or schedule.next_look_at <= self.now()
        return is_time or schedule.running is not None

    def read(self) -> tuple[Schedule, int]:
        """The schedule and its version in the store."""
        item = self.store.get(TRAINING_PK, _SCHEDULE)
        if item is None:
            return Schedule(), ABSENT
        return Schedule.model_validate(item.body), item.version

    def journal(self, newest: int = 20) -> list[Entry]:
        """The newest entries, oldest first."""
        found = every(self.store, TRAINING_PK, _DECISION)
        return [Entry.model_validate(item.body) for item in found][-newest:]

    def write(self, schedule: Schedule, over: int, entry: Entry | None = None) -> None:
        """Replace the schedule, and write down why, in one transaction.

        Raises:
            ConflictError: Somebody else has written meanwhile: our lease has ended.
        """
        writes: list[Write] = [Put(TRAINING_PK, _SCHEDULE, _body(schedule), if_version=over)]
        if entry is not None:
            place = f"{_DECISION}{over:010d}"  # counts up with every write
            writes.append(Put(TRAINING_PK, place, _body(entry), expires_at=entry.at + KEPT))
        self.store.transact(writes)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Hold the lease, if nobody else does; says whether we do. It is renewed until the block ends."""
        if not self._take():
            yield False
            return
        over = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(over,), name="lease", daemon=True)
        renewal.start()
        try:
            yield True
        finally:
            over.set()
            renewal.join()
            with suppress(ConflictError, UnavailableError):  # it ends by itself
                self.store.transact([Delete(TRAINING_PK, _LEASE, if_version=self._lease_version)])

    def _take(self) -> bool:
        try:
            self.store.transact([self._lease(ABSENT)])
        except ConflictError:
            return False
        self._lease_version = 1
        return True

    def _renew(self, over: threading.Event) -> None:
        while not over.wait(RENEW_S):
            try:
                self.store.transact([self._lease(self._lease_version)])
                self._lease_version += 1
            except ConflictError:
                log.warning("training_lease_lost")  # what we write now is refused
                return
            except UnavailableError as error:  # tried again while it lasts
                log.warning("training_lease_not_renewed", reason=str(error))

    def _lease(self, over: int) -> Put:
        return Put(TRAINING_PK, _LEASE, {}, if_version=over, expires_at=self.now() + LEASE)


def _body(record: _Record) -> dict[str, object]:
    return record.model_dump(mode="json")
