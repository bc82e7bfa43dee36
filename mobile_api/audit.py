"""The audit log: who did what to an account, when, and roughly from where. Entries are only ever added.

An account's person reads their own; operators read every one. Entries end after a year, and with the
account; what is then left with the operators names it by its random id alone.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cloud.ports.state import ABSENT, Delete, Put, StateStore
from mobile_api.identity_records import AuditedAct, AuditRecord, audit_pk
from mobile_api.sources import coarse_source

KEPT_FOR: Final = timedelta(days=365)
"""How long an entry is kept."""

OPERATORS: Final = "operators"
"""The log of what operators did, and of accounts that are gone."""

NOBODY: Final = "nobody"
"""The log of attempts at addresses without an account: it costs as much as an entry of an account's."""

_END: Final = datetime(9999, 12, 31, tzinfo=UTC)


def note(  # noqa: PLR0913 (the facts of an entry, all named)
    state: StateStore,
    act: AuditedAct,
    account_id: str | None,
    now: datetime,
    *,
    by: str | None = None,
    client_id: str | None = None,
    log: str | None = None,
) -> None:
    """Add an entry to the account's log, or to `log`.

    Args:
        state: Where it is kept.
        act: What was done.
        account_id: To which account; None when there is none.
        now: When.
        by: Who did it, when that is not the account's person.
        client_id: By which application.
        log: `OPERATORS` or `NOBODY`, instead of the account's.
    """
    entry = AuditRecord(
        act=act,
        at=now,
        account_id=account_id,
        by=by or account_id or "nobody",
        source=coarse_source(),
        client_id=client_id,
    )
    pk = audit_pk(log or account_id or NOBODY)
    body = entry.model_dump(mode="json")
    state.transact([Put(pk, _newest_first(now), body, if_version=ABSENT, expires_at=now + KEPT_FOR)])


def entries(
    state: StateStore, log: str, *, after: str = "", limit: int = 50
) -> Sequence[tuple[str, AuditRecord]]:
    """Entries of a log with their keys, newest first, from behind the key `after`."""
    found = state.query(audit_pk(log), after=after, limit=limit)
    return [(item.sk, AuditRecord.model_validate(item.body)) for item in found]


def forget(state: StateStore, account_id: str) -> None:
    """Remove the log of an account that is being deleted."""
    pk = audit_pk(account_id)
    while items := state.query(pk):
        state.transact([Delete(pk, item.sk) for item in items])


def _newest_first(at: datetime) -> str:
    """A key that sorts before all older ones [µs until the end of the calendar]."""
    left = (_END - at) // timedelta(microseconds=1)
    return f"{left:018d}-{secrets.token_hex(4)}"
