"""What every state store does the same way: the limits, the JSON of a body, and what a condition means."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cloud.errors import RejectedError
from cloud.ports.state import (
    MAX_ITEM_BYTES,
    MAX_KEY_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_WRITES,
    Item,
    Put,
    Write,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Row:
    """An item as stored: its body as JSON, its expiry in microseconds since 1970 (UTC)."""

    pk: str
    sk: str
    body: str
    version: int
    expires_at: int | None

    def expired(self, now: int) -> bool:
        """Whether readers have stopped seeing it at `now` [µs since 1970]."""
        return self.expires_at is not None and self.expires_at <= now

    def item(self) -> Item:
        """The item that a reader gets."""
        expires_at = None if self.expires_at is None else _EPOCH + self.expires_at * _MICROSECOND
        return Item(self.pk, self.sk, self.body, self.version, expires_at)


def microseconds(instant: datetime) -> int:
    """Microseconds from 1970 to `instant`."""
    return (instant - _EPOCH) // _MICROSECOND


def encode_writes(writes: Sequence[Write]) -> list[str | None]:
    """The JSON body of each write (None for a `Delete`), in the same order.

    Raises:
        RejectedError: More than `MAX_WRITES` or `MAX_TRANSACTION_BYTES`, the same key twice, a key that no
            store has, a body that is not JSON or too large.
    """
    if len(writes) > MAX_WRITES:
        raise RejectedError(f"{len(writes)} writes, at most {MAX_WRITES}")
    if len({(write.pk, write.sk) for write in writes}) < len(writes):
        raise RejectedError("the same key twice in one transaction")
    for write in writes:
        _check_key(write)
    bodies = [_encode(write) if isinstance(write, Put) else None for write in writes]
    size = sum(len(body.encode()) for body in bodies if body is not None and len(bodies) > 1)
    if size > MAX_TRANSACTION_BYTES:
        raise RejectedError(f"{size} bytes in one transaction, at most {MAX_TRANSACTION_BYTES}")
    return bodies


def holds(write: Write, version: int) -> bool:
    """Whether the condition of `write` holds for an item of this `version` (0: not there)."""
    return write.if_version is None or write.if_version == version


def _check_key(write: Write) -> None:
    try:
        longest = max(len(write.pk.encode()), len(write.sk.encode()))
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise RejectedError(f"{write.pk!r}/{write.sk!r}: {error}") from error
    if not write.pk or longest > MAX_KEY_BYTES:
        raise RejectedError(f"{write.pk[:50]}/{write.sk[:50]}: a key has 1 to {MAX_KEY_BYTES} bytes")


def _encode(put: Put) -> str:
    try:
        body = _json.encode(put.body)
        size = len(body.encode())
    except ValueError as error:  # NaN, infinity, half of a surrogate pair
        raise RejectedError(f"{put.pk}/{put.sk}: {error}") from error
    if size > MAX_ITEM_BYTES:
        raise RejectedError(f"{put.pk}/{put.sk}: {size} bytes, at most {MAX_ITEM_BYTES}")
    return body
