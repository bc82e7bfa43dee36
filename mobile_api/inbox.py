"""Inbox: what people ask and say, left for the advisor in the order of time."""

import secrets
from datetime import datetime
from typing import Any, Literal

from cloud.ports.records import INBOX_PK, FeedbackKind, InboxEntry
from cloud.ports.state import ABSENT, Put


def entry_id(now: datetime, index: int = 0) -> str:
    """An id that sorts by the wall clock [ms]; entries of one request keep the order of `index`."""
    return f"{int(now.timestamp() * 1000):013d}-{index}{secrets.token_hex(6)}"


def feedback_entry(
    key: str, device_id: str, at: datetime, kind: FeedbackKind, advice_id: str | None
) -> InboxEntry:
    """What a person said, at the device's time `at`."""
    return InboxEntry(entry_id=key, device_id=device_id, at=at, kind=kind, advice_id=advice_id)


def command_entry(key: str, device_id: str, at: datetime, command: dict[str, Any]) -> InboxEntry:
    """What a person asked of the device; `command` has the fields of the shadow's `desired`."""
    kind: Literal["command"] = "command"
    return InboxEntry(entry_id=key, device_id=device_id, at=at, kind=kind, command=command)


def append(entry: InboxEntry) -> Put:
    """The write that leaves it."""
    return Put(INBOX_PK, entry.entry_id, entry.model_dump(mode="json"), if_version=ABSENT)
