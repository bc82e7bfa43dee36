"""Device grants: a screen or a hub asks, somebody allows it on their phone (RFC 8628).

The screen keeps a long device code and shows a short user code. Both are stored as digests. Whoever is
signed in may try user codes, so wrong ones are counted like wrong passwords: of 20^8 codes, a person and a
source get to try a few while one is good.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cloud.errors import ConflictError
from cloud.ports.state import ABSENT, Delete, Item, Put, StateStore
from mobile_api.clients import scopes_of
from mobile_api.digests import digest
from mobile_api.errors import StateConflictError
from mobile_api.identity_records import DeviceGrantRecord
from mobile_api.lockout import Count
from mobile_api.records import SCOPES
from mobile_api.sessions import new_session_id

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters of user codes: no vowels, so no words; no digits, so none to mistake (RFC 8628, 6.1)."""

CODE_LENGTH: Final = 8
"""Letters of a user code."""

CODE_LIFETIME: Final = timedelta(minutes=10)
"""A pair of codes is good so long."""

KEPT_FOR: Final = timedelta(minutes=20)
"""So long a screen that still asks is told that its code has expired."""

INTERVAL_S: Final = 5
"""A screen asks no more often [s]; each time that it does, it has to wait so much longer (RFC 8628, 3.5)."""

FREE_TRIES: Final = 10
"""Wrong user codes that a person, or a source, may enter before they have to wait."""


_RACES = 5


@dataclass(frozen=True, slots=True)
class Polled:
    """A grant as it was when its screen asked."""

    record: DeviceGrantRecord
    item: Item
    too_early: bool


def new_user_code() -> str:
    """A code to show: `WDJB-MJHT`."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def entered_code(text: str) -> str:
    """What a person has typed, as it was shown: case, blanks and hyphens do not matter (RFC 8628, 6.1)."""
    letters = "".join(letter for letter in text.upper() if letter in ALPHABET)
    return f"{letters[:4]}-{letters[4:]}"


def tries(account_id: str, source: str) -> list[Count]:
    """What wrong user codes are counted by."""
    return [
        Count(f"user-code|account|{account_id}", free=FREE_TRIES),
        Count(f"user-code|source|{source}", free=FREE_TRIES),
    ]


def store_grant(state: StateStore, client_id: str, scope: str, codes: dict[str, Any], now: datetime) -> None:
    """Keep a new pair of codes.

    Raises:
        ConflictError: The user code is in use.
    """
    record = DeviceGrantRecord(
        client_id=client_id,
        scopes=scopes_of(scope, SCOPES),
        session_id=new_session_id(),
        user_code_digest=digest(codes["user_code"]),
        expires_at=now + CODE_LIFETIME,
        interval_s=INTERVAL_S,
    )
    pk, ends = f"device_code#{digest(codes['device_code'])}", now + KEPT_FOR
    pointer = Put(_user_pk(record.user_code_digest), "grant", {"pk": pk}, ABSENT, record.expires_at)
    state.transact([pointer, Put(pk, "grant", record.model_dump(mode="json"), ABSENT, ends)])


def find_grant(state: StateStore, user_code: str) -> DeviceGrantRecord | None:
    """The grant that waits for this user code, as `entered_code` gives it."""
    item = _by_user_code(state, user_code)
    return None if item is None else DeviceGrantRecord.model_validate(item.body)


def decide(state: StateStore, user_code: str, account_id: str, *, allowed: bool) -> DeviceGrantRecord:
    """What the person says; the user code is used up.

    Raises:
        StateConflictError: Nothing waits for this code any more.
    """
    for _ in range(_RACES):  # its screen may ask at the same moment
        item = _by_user_code(state, user_code)
        if item is None:
            break
        record = DeviceGrantRecord.model_validate(item.body)
        status = "allowed" if allowed else "refused"
        decided = record.model_copy(update={"status": status, "account_id": account_id})
        with suppress(ConflictError):
            state.transact([_put(item, decided), Delete(_user_pk(record.user_code_digest), "grant")])
            return decided
    raise StateConflictError("nothing waits for this code any more")


def poll(state: StateStore, device_code: str, now: datetime) -> Polled | None:
    """The grant of a device code, and whether its screen asks too early; None when there is none."""
    item = state.get(f"device_code#{digest(device_code)}", "grant")
    if item is None:
        return None
    record = DeviceGrantRecord.model_validate(item.body)
    if record.status != "pending":
        return Polled(record, item, too_early=False)
    last = record.polled_at
    too_early = last is not None and now - last < timedelta(seconds=record.interval_s)
    longer = INTERVAL_S if too_early else 0
    asked = record.model_copy(update={"polled_at": now, "interval_s": record.interval_s + longer})
    try:
        state.transact([_put(item, asked)])
    except ConflictError:  # it asks twice at once, or was decided at this moment
        return Polled(record, item, too_early=True)
    return Polled(asked, item, too_early)


def use_up(state: StateStore, polled: Polled) -> DeviceGrantRecord:
    """Mark an allowed grant as used.

    Raises:
        ConflictError: Another request has used it.
    """
    used = polled.record.model_copy(update={"status": "used"})
    state.transact([_put(polled.item, used)])
    return used


def _by_user_code(state: StateStore, user_code: str) -> Item | None:
    pointer = state.get(_user_pk(digest(user_code)), "grant")
    return None if pointer is None else state.get(pointer.body["pk"], "grant")


def _put(item: Item, record: DeviceGrantRecord) -> Put:
    body = record.model_dump(mode="json")
    return Put(item.pk, item.sk, body, if_version=item.version, expires_at=item.expires_at)


def _user_pk(code_digest: str) -> str:
    return f"user_code#{code_digest}"
