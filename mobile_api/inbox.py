"""Inbox: what people ask and say, left for the advisor in the order of time."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from cloud.ports.records import INBOX_PK, FeedbackKind, InboxEntry
from cloud.ports.state import ABSENT, Put
from edge.contract import RequestedBy


@dataclass(slots=True)
class EntryIds:
    """Ids of entries: they sort by the wall clock [ms], and in the order of giving within a millisecond."""

    now: Callable[[], datetime]
    _newest_ms: int = 0
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> str:
        """A new id (`{unix_ms:013d}-{count and random}`), after every other of this process."""
        with self._lock:
            at_ms = max(int(self.now().timestamp() * 1000), self._newest_ms)  # the clock may be set back
            self._count = self._count + 1 if at_ms == self._newest_ms else 0
            self._newest_ms = at_ms
            return f"{at_ms:013d}-{self._count:06x}{secrets.token_hex(5)}"


def feedback_entry(
    key: str,
    device_id: str,
    at: datetime,
    kind: FeedbackKind,
    advice_id: str | None,
    *,
    requested_by: RequestedBy = "app",
) -> InboxEntry:
    """What a person said, at the device's time `at`."""
    return InboxEntry(
        entry_id=key, device_id=device_id, at=at, kind=kind, advice_id=advice_id, requested_by=requested_by
    )


def command_entry(key: str, device_id: str, at: datetime, command: dict[str, Any]) -> InboxEntry:
    """What a person asked of the device; `command` has the fields of the shadow's `desired`."""
    kind: Literal["command"] = "command"
    return InboxEntry(entry_id=key, device_id=device_id, at=at, kind=kind, command=command)


def append(entry: InboxEntry) -> Put:
    """The write that leaves it."""
    return Put(INBOX_PK, entry.entry_id, entry.model_dump(mode="json"), if_version=ABSENT)
