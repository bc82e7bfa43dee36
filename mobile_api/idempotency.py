"""Idempotency: a POST with an `Idempotency-Key` is done once in 24 h, however often it is sent.

As draft-ietf-httpapi-idempotency-key-header has it: the same request again is answered as the first was,
another body under the same key is refused (422), and so is a repeat while the first is still at work (409).

The key is reserved in the serving state, so replicas agree. The reservation is marked in the same transaction
with which the view does its work: whoever lost the reservation cannot do it any more, and after a crash it is
known whether it was done. Only what was done is kept; a refused request is tried anew.

| pk | sk | body |
|---|---|---|
| `idempotency#{account_id}` | digest of method, path and key | `KeptAnswer` |
"""

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Response, request
from pydantic import Field
from typing_extensions import override

from cloud.errors import ConflictError
from cloud.ports.records import Record
from cloud.ports.state import ABSENT, Delete, Item, Put, StateStore, Write, every
from mobile_api.errors import IdempotencyMismatchError, MalformedRequestError, RequestInFlightError
from mobile_api.services import services, using

RETENTION = timedelta(hours=24)
"""How long an answer is kept (wall clock)."""

LEASE = timedelta(minutes=1)
"""A request that has done nothing by then has crashed: the key may be used anew (wall clock)."""

KEY_PATTERN = r"^[!-~]{1,255}$"
"""A key as it is; in quotation marks, as the draft has it, they are part of it."""


class KeptAnswer(Record):
    """A request under a key: reserved, then done, then answered."""

    fingerprint: str
    reserved_at: datetime
    about: tuple[str, ...]
    done: bool = False
    status: int | None = None
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    body: str = ""


class _MarkingStore(StateStore):
    """The serving state of one request: its first transaction marks the reservation as done, or fails."""

    def __init__(self, state: StateStore, mark: Put) -> None:
        self._state = state
        self._mark: Put | None = mark

    @override
    def get(self, pk: str, sk: str) -> Item | None:
        return self._state.get(pk, sk)

    @override
    def query(self, pk: str, *, prefix: str = "", after: str = "", limit: int = 100) -> list[Item]:
        return self._state.query(pk, prefix=prefix, after=after, limit=limit)

    @override
    def transact(self, writes: Sequence[Write]) -> None:
        mark = [] if self._mark is None else [self._mark]
        self._state.transact([*writes, *mark])
        self._mark = None


def once(account_id: str, about: Collection[str], act: Callable[[], Response]) -> Response:
    """Do `act`, unless the request has a key under which it was done before.

    Args:
        account_id: Who asks; nobody else's keys are seen.
        about: Ids of what the request is about; removing that removes the answer.
        act: The request's work; it writes by `services().state`.

    Raises:
        MalformedRequestError: The key is none.
        IdempotencyMismatchError: Another request was sent under this key.
        RequestInFlightError: The same request is still at work, or its answer was lost.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not re.fullmatch(KEY_PATTERN, key):
        raise MalformedRequestError("an Idempotency-Key has 1 to 255 visible ASCII characters")
    pk, sk = _partition(account_id), _digest(request.method, request.path, key)
    asked = KeptAnswer(fingerprint=_fingerprint(), reserved_at=services().now(), about=tuple(about))
    version = _reserve(pk, sk, asked)
    return _replay(pk, sk, asked) if version is None else _do(_put(pk, sk, asked, version), asked, act)


def forget(account_id: str, removed_ids: Collection[str]) -> None:
    """Remove the answers kept for an account that are about what it has removed; without ids, all."""
    state = services().state
    for item in list(every(state, _partition(account_id))):
        kept = KeptAnswer.model_validate(item.body)
        words = {*kept.about, *re.findall(r"[\w:-]+", kept.body)}
        if not removed_ids or not words.isdisjoint(removed_ids):
            state.transact([Delete(item.pk, item.sk)])


def _reserve(pk: str, sk: str, asked: KeptAnswer) -> int | None:
    """The version of our reservation; None when the key is used."""
    state = services().state
    item = state.get(pk, sk)
    version = ABSENT if item is None else item.version
    if item is not None:
        kept = KeptAnswer.model_validate(item.body)
        if kept.done or kept.fingerprint != asked.fingerprint or asked.reserved_at - kept.reserved_at < LEASE:
            return None
    try:
        state.transact([_put(pk, sk, asked, version)])
    except ConflictError:
        return None  # the same request came at the same moment, and was first
    return version + 1


def _replay(pk: str, sk: str, asked: KeptAnswer) -> Response:
    item = services().state.get(pk, sk)
    if item is None:
        raise RequestInFlightError("the same request has just been refused: send it again")
    kept = KeptAnswer.model_validate(item.body)
    if kept.fingerprint != asked.fingerprint:
        raise IdempotencyMismatchError
    if kept.status is None and kept.done:
        raise RequestInFlightError(
            "the request was carried out, but its answer was lost: look at what there is"
        )
    if kept.status is None:
        raise RequestInFlightError("the same request is still at work")
    return Response(kept.body, kept.status, kept.headers)


def _do(reservation: Put, asked: KeptAnswer, act: Callable[[], Response]) -> Response:
    """Act on a marking store, and keep what was answered; give the key back when nothing was done."""
    outside = services()
    mark = _put(
        reservation.pk, reservation.sk, asked.model_copy(update={"done": True}), reservation.if_version or 0
    )
    try:
        with using(outside.on(_MarkingStore(outside.state, mark))):
            response = act()
    except Exception:
        _give_back(outside.state, mark)
        raise
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        _give_back(outside.state, mark)
    else:
        outside.state.transact([_put(mark.pk, mark.sk, _answered(asked, response))])
    return response


def _give_back(state: StateStore, mark: Put) -> None:
    with suppress(ConflictError):  # marked: something was done after all
        state.transact([Delete(mark.pk, mark.sk, if_version=mark.if_version)])


def _answered(asked: KeptAnswer, response: Response) -> KeptAnswer:
    headers = {
        name: response.headers[name] for name in ("Location", "Content-Type") if name in response.headers
    }
    kept = {
        "done": True,
        "status": response.status_code,
        "headers": headers,
        "body": response.get_data(as_text=True),
    }
    return asked.model_copy(update=kept)


def _put(pk: str, sk: str, kept: KeptAnswer, if_version: int | None = None) -> Put:
    return Put(pk, sk, kept.model_dump(mode="json"), if_version, expires_at=kept.reserved_at + RETENTION)


def _partition(account_id: str) -> str:
    return f"idempotency#{account_id}"


def _fingerprint() -> str:
    return _digest(
        request.query_string.decode("latin-1"), request.mimetype, request.get_data().decode("latin-1")
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
