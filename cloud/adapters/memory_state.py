"""Serving state in memory: the test twin of every other state store."""

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from typing_extensions import override

from cloud.adapters.state_items import Row, encode_writes, holds, microseconds
from cloud.errors import ConflictError
from cloud.ports.state import Item, Key, Put, StateStore, Write


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryStateStore(StateStore):
    """A `StateStore` that lives and dies with its process; safe for threads.

    Args:
        now: The clock that decides what has expired (UTC).
    """

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        self._now = now
        self._rows: dict[tuple[str, str], Row] = {}
        self._lock = threading.Lock()

    @override
    def get(self, pk: str, sk: str) -> Item | None:
        with self._lock:
            row = self._visible(pk, sk)
        return None if row is None else row.item()

    @override
    def get_each(self, keys: Collection[Key]) -> dict[Key, Item]:
        with self._lock:
            rows = [self._visible(*key) for key in keys]
        return {(row.pk, row.sk): row.item() for row in rows if row is not None}

    @override
    def query(self, pk: str, *, prefix: str = "", after: str = "", limit: int = 100) -> list[Item]:
        with self._lock:
            keys = sorted(key for key in self._rows if key[0] == pk and key[1] > after)
            rows = [self._visible(*key) for key in keys if key[1].startswith(prefix)]
        return [row.item() for row in rows if row is not None][: max(0, limit)]

    @override
    def transact(self, writes: Sequence[Write]) -> None:
        bodies = encode_writes(writes)
        with self._lock:
            versions = [self._version(write) for write in writes]
            for write, body, version in zip(writes, bodies, versions, strict=True):
                self._do(write, body, version)

    def _visible(self, pk: str, sk: str) -> Row | None:
        row = self._rows.get((pk, sk))
        return None if row is None or row.expired(microseconds(self._now())) else row

    def _version(self, write: Write) -> int:
        row = self._visible(write.pk, write.sk)
        version = 0 if row is None else row.version
        if not holds(write, version):
            raise ConflictError(write.pk, write.sk)
        return version

    def _do(self, write: Write, body: str | None, version: int) -> None:
        if isinstance(write, Put) and body is not None:
            expires_at = None if write.expires_at is None else microseconds(write.expires_at)
            self._rows[write.pk, write.sk] = Row(write.pk, write.sk, body, version + 1, expires_at)
        else:
            self._rows.pop((write.pk, write.sk), None)
