"""Dead letters after a fix: each goes the way of a new message again, and is accepted once or stays.

What was refused is judged by the same `ingest` as what arrives, so a letter is accepted when the contract or
the registrations allow it meanwhile. `motion` was never kept, so none comes back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud.ingest import ingest
from cloud.ports.ingest import InboundMessage, Registrations
from cloud.ports.telemetry import DeadLetter, IngestCommit, Readings, ReplayableLetters
from edge.contract import Telemetry

MILLISECOND = timedelta(milliseconds=1)
"""A reading is named by its device and its millisecond."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ingest says of a letter now.

    Attributes:
        letter_id: Of the letter.
        accepted: Something of it is a reading or an event now.
        reason: What speaks against it; empty when it is accepted.
        readings: How many readings it brings to the log.
        events: How many events.
        superseded: How many readings of it have come again since, and were accepted: those stay.
        parts_refused: Elements that became dead letters of their own, when a whole message is replayed.
    """

    letter_id: str
    accepted: bool
    reason: str = ""
    readings: int = 0
    events: int = 0
    superseded: int = 0
    parts_refused: int = 0


def judge(letter: DeadLetter, log: Readings, registrations: Registrations, now: datetime) -> Verdict:
    """What a replay would bring; nothing is written.

    Raises:
        UnavailableError: The registrations cannot be read.
    """
    return _judge(letter, log, registrations, now)[0]


def replay(
    letter: DeadLetter, log: ReplayableLetters, registrations: Registrations, now: datetime
) -> Verdict:
    """Take a letter for a message that arrives; killed at any moment nothing is lost, or comes twice.

    Args:
        letter: An open one.
        log: Where its readings go, and where it stands.
        registrations: The known devices.
        now: The time (UTC).

    Raises:
        AlreadyReplayedError: It has been accepted before; nothing was written.
        UnavailableError: It is open still, as far as can be told: replay it again.
    """
    verdict, commit = _judge(letter, log, registrations, now)
    if verdict.accepted:
        log.settle(letter, now, commit)
    else:
        log.refuse_again(letter, verdict.reason)
    return verdict


def _judge(
    letter: DeadLetter, log: Readings, registrations: Registrations, now: datetime
) -> tuple[Verdict, IngestCommit]:
    commit = ingest([InboundMessage(letter.topic, letter.element)], registrations, now)
    if not commit.readings and not commit.events:
        reason = commit.dead_letters[0].reason if commit.dead_letters else "it holds no reading"
        return Verdict(letter.letter_id, accepted=False, reason=reason), commit
    fresh = list(_not_in_log(commit.readings, log))
    verdict = Verdict(
        letter_id=letter.letter_id,
        accepted=True,
        readings=len(fresh),
        events=len(commit.events),
        superseded=len(commit.readings) - len(fresh),
        parts_refused=len(commit.dead_letters),
    )
    return verdict, replace(commit, readings=fresh)


def _not_in_log(readings: Iterable[Telemetry], log: Readings) -> Iterable[Telemetry]:
    """Those whose instant the log does not have: the last arrival wins, and a letter arrived before it."""
    for reading in readings:
        if not log.between(reading.device_id, reading.sampled_at, reading.sampled_at + MILLISECOND):
            yield reading
