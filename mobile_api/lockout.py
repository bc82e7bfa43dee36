"""Lock-out: how guessing is made slow, without shutting out the person who is guessed at.

An attempt is counted *before* it is made and taken back when it was right, so that attempts at the same
moment cannot outrun the count. After some free failures each next one doubles the wait. While one waits,
attempts are refused unheard and not counted, whether right or wrong, known address or not.

Three counts bound a guesser: of the address from this source, of the address from all sources where its
person has never signed in, and of the source over all addresses. From where the person has signed in before,
the first alone counts: what happens elsewhere cannot shut them out. A password reset clears the first two.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cloud.errors import ConflictError
from cloud.ports.state import ABSENT, Delete, Item, Put, StateStore
from mobile_api.digests import digest
from mobile_api.errors import TooManyAttemptsError
from mobile_api.identity_records import AttemptsRecord

FIRST_WAIT: Final = timedelta(seconds=1)
"""After the last free failure; then twice as long each time."""

LONGEST_WAIT: Final = timedelta(minutes=15)
"""The true person never waits longer than this."""

FORGOTTEN_AFTER: Final = timedelta(hours=24)
"""A count ends so long after its last failure."""

KNOWN_FOR: Final = timedelta(days=90)
"""A source is known so long after its last sign-in."""

_MOST_RACES = 30
"""So often is a count tried that somebody else changes meanwhile; with 12, of eight who sign in at once on a
busy machine one was refused now and then."""

_PAUSE_S = 0.005
"""Longest pause before the second try; then longer each time [s]."""


@dataclass(frozen=True, slots=True)
class Count:
    """One count: what it is of, and how many failures are free.

    Args:
        key: Names it; stored as a digest.
        free: Failures without a wait.
        mine: A right attempt ends it, instead of taking back one failure.
        first_wait: After the last free failure; then twice as long each time.
        forgotten_after: It ends so long after its last failure.
    """

    key: str
    free: int
    mine: bool = False
    first_wait: timedelta = FIRST_WAIT
    forgotten_after: timedelta = FORGOTTEN_AFTER

    @property
    def pk(self) -> str:
        """Its partition."""
        return f"attempts#{digest(self.key)}"


def wait_after(failures: int, count: Count) -> timedelta:
    """How long nothing is heard after so many failures."""
    if failures < count.free:
        return timedelta(0)
    doublings = min(failures - count.free, 20)
    return min(LONGEST_WAIT, count.first_wait * (1 << doublings))


def sign_in_counts(state: StateStore, email: str, source: str) -> list[Count]:
    """The counts of an attempt to sign in as `email` (in its one form) from `source`."""
    if state.get(_known_pk(email), digest(source)) is not None:
        return [_pair(email, source)]
    return [_pair(email, source), _address(email), Count(f"source|{source}", free=50)]


def count_attempt(state: StateStore, counts: Sequence[Count], now: datetime) -> None:
    """Count one attempt as failed, for now.

    Raises:
        TooManyAttemptsError: It is not to be heard; nothing was counted.
    """
    for _ in _races():
        found = [state.get(count.pk, "count") for count in counts]
        _refuse_blocked(found, now)
        more = [_one_more(count, item, now) for count, item in zip(counts, found, strict=True)]
        with suppress(ConflictError):
            state.transact(more)
            return
    raise TooManyAttemptsError(FIRST_WAIT)


def take_back(state: StateStore, counts: Sequence[Count], now: datetime) -> None:
    """The attempt was right: it is no failure. Lost races leave it counted, which is the safe side."""
    for _ in _races():
        found = [(count, state.get(count.pk, "count")) for count in counts]
        less = [_one_less(count, item, now) for count, item in found if item is not None]
        with suppress(ConflictError):
            if less:
                state.transact(less)
            return


def remember_source(state: StateStore, email: str, source: str, now: datetime) -> None:
    """The person behind `email` has proved themselves from `source`."""
    state.transact([Put(_known_pk(email), digest(source), {}, expires_at=now + KNOWN_FOR)])


def forgive(state: StateStore, email: str, source: str) -> None:
    """End the counts of an address, after its person has proved themselves by mail."""
    end(state, [_pair(email, source), _address(email)])


def end(state: StateStore, counts: Sequence[Count]) -> None:
    """Nothing is counted any more, and nobody waits."""
    state.transact([Delete(count.pk, "count") for count in counts])


def forget_sources(state: StateStore, email: str) -> None:
    """Forget from where a deleted account was used."""
    while items := state.query(_known_pk(email)):
        state.transact([Delete(item.pk, item.sk) for item in items])


def _pair(email: str, source: str) -> Count:
    return Count(f"pair|{email}|{source}", free=5, mine=True)


def _address(email: str) -> Count:
    return Count(f"address|{email}", free=20)


def _known_pk(email: str) -> str:
    return f"known#{digest(email)}"


def _refuse_blocked(found: Sequence[Item | None], now: datetime) -> None:
    until = [AttemptsRecord.model_validate(item.body).blocked_until for item in found if item is not None]
    wait = max(until, default=now) - now
    if wait > timedelta(0):
        raise TooManyAttemptsError(wait)


def _one_more(count: Count, item: Item | None, now: datetime) -> Put:
    failures = 1 if item is None else item.body["failures"] + 1
    record = AttemptsRecord(failures=failures, blocked_until=now + wait_after(failures, count))
    version = ABSENT if item is None else item.version
    body = record.model_dump(mode="json")
    return Put(count.pk, "count", body, if_version=version, expires_at=now + count.forgotten_after)


def _one_less(count: Count, item: Item, now: datetime) -> Put | Delete:
    failures = AttemptsRecord.model_validate(item.body).failures - 1
    if count.mine or failures <= 0:
        return Delete(item.pk, item.sk, if_version=item.version)
    body = AttemptsRecord(failures=failures, blocked_until=now).model_dump(mode="json")
    return Put(item.pk, item.sk, body, if_version=item.version, expires_at=item.expires_at)


def _races() -> Iterator[int]:
    """Tries of what somebody else may change meanwhile: people behind one address share its count."""
    for n in range(_MOST_RACES):
        if n:
            time.sleep(random.uniform(0, _PAUSE_S * n))  # noqa: S311 (spreads them; no secret)
        yield n
