"""Sessions: what a sign-in opens, what every token hangs on, and what signing out ends.

A secret is given once and stored as its digest. A refresh token of a public client is replaced each time that
it is used; one that comes again was copied, and ends its whole session (RFC 9700, 4.14.2).
"""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import structlog

from cloud.errors import ConflictError
from cloud.ports.state import ABSENT, Delete, Put, StateStore, every
from mobile_api import audit
from mobile_api.digests import digest
from mobile_api.errors import UnauthenticatedError
from mobile_api.records import AccountRecord, Scope, SessionRecord, account_pk, session_pk
from mobile_api.stored import record_of

LIFETIME = timedelta(days=30)
"""A session ends then, however often it was refreshed."""

SCREEN_LIFETIME = timedelta(days=365)
"""The same of a screen or hub: nobody wants to sign in at a wall each month."""

LINKED_LIFETIME = timedelta(days=365)
"""The session of a client with a secret ends so long after its last refresh: a linked voice assistant stays
linked while it is used."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def new_session_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_urlsafe(16)


def open_session(  # noqa: PLR0913 (the facts of a session, all named)
    state: StateStore,
    *,
    account_id: str,
    client_id: str,
    scopes: Sequence[Scope],
    kind: Literal["browser", "app"],
    now: datetime,
    session_id: str | None = None,
    lifetime: timedelta = LIFETIME,
) -> tuple[SessionRecord, str]:
    """Open a session.

    Returns:
        The session, and the cookie or refresh token that proves it (`{session_id}.{secret}`).

    Raises:
        UnauthenticatedError: The account is gone.
    """
    secret = secrets.token_urlsafe(32)
    session = SessionRecord(
        session_id=session_id or new_session_id(),
        account_id=account_id,
        client_id=client_id,
        scopes=tuple(scopes),
        kind=kind,
        secret_digest=digest(secret),
        created_at=now,
        expires_at=now + lifetime,
    )
    account = state.get(account_pk(account_id), "account")
    if account is None:
        raise UnauthenticatedError("the account is gone")
    state.transact(
        [
            _put(session, ABSENT),
            Put(account_pk(account_id), f"session#{session.session_id}", {}, expires_at=session.expires_at),
        ]
    )
    log.info("session_opened", kind=kind, client_id=client_id)
    return session, f"{session.session_id}.{secret}"


def find_session(state: StateStore, session_id: str, now: datetime) -> SessionRecord | None:
    """The session, unless it has ended."""
    item = state.get(session_pk(session_id), "session")
    if item is None:
        return None
    session = record_of(SessionRecord, item)
    return session if now < session.expires_at else None


def prove_session(
    state: StateStore, proof: str, kind: Literal["browser", "app"], now: datetime
) -> SessionRecord | None:
    """The session that a cookie or a refresh token proves; None when it proves nothing (any more).

    A refresh token that was used before ends its session.
    """
    session_id, _, secret = proof.partition(".")
    session = find_session(state, session_id, now)
    if session is None or session.kind != kind:
        return None
    if hmac.compare_digest(session.secret_digest, digest(secret)):
        return session
    if state.get(session_pk(session_id), f"spent#{digest(secret)}") is not None:
        end_session(state, session)
        log.warning("refresh_token_reused", client_id=session.client_id)
        audit.note(state, "refresh_token_reused", session.account_id, now, client_id=session.client_id)
    return None


def rotate(state: StateStore, session: SessionRecord) -> str:
    """Replace the session's refresh token.

    Returns:
        The new one.

    Raises:
        ConflictError: The same token was used at the same moment, or the session has ended.
    """
    item = state.get(session_pk(session.session_id), "session")
    if item is None or item.body["secret_digest"] != session.secret_digest:
        raise ConflictError(session_pk(session.session_id), "session")
    secret = secrets.token_urlsafe(32)
    renewed = session.model_copy(update={"secret_digest": digest(secret)})
    spent = f"spent#{session.secret_digest}"
    state.transact(
        [
            _put(renewed, item.version),
            Put(session_pk(session.session_id), spent, {}, expires_at=session.expires_at),
        ]
    )
    return f"{session.session_id}.{secret}"


def prolong(state: StateStore, session: SessionRecord, now: datetime) -> None:
    """Let a linked client's session end later; written once a day at most.

    Raises:
        ConflictError: The session has ended, or was prolonged at the same moment.
    """
    until = now + LINKED_LIFETIME
    if until - session.expires_at < timedelta(days=1):
        return
    item = state.get(session_pk(session.session_id), "session")
    if item is None:
        raise ConflictError(session_pk(session.session_id), "session")
    pointer = f"session#{session.session_id}"
    state.transact(
        [
            _put(session.model_copy(update={"expires_at": until}), item.version),
            Put(account_pk(session.account_id), pointer, {}, expires_at=until),
        ]
    )


def end_session(state: StateStore, session: SessionRecord) -> None:
    """End a session: no token of it is accepted from now on."""
    pk = session_pk(session.session_id)
    state.transact(
        [Delete(pk, "session"), Delete(account_pk(session.account_id), f"session#{session.session_id}")]
    )
    for spent in list(every(state, pk, "spent#")):
        state.transact([Delete(pk, spent.sk)])
    log.info("session_ended", kind=session.kind, client_id=session.client_id)


def end_all_sessions(
    state: StateStore, account: AccountRecord, now: datetime, *, keep: str | None = None
) -> None:
    """Sign an account out everywhere, but in the session `keep`."""
    for pointer in list(every(state, account_pk(account.account_id), "session#")):
        session = find_session(state, pointer.sk.removeprefix("session#"), now)
        if session is not None and session.session_id != keep:
            end_session(state, session)


def _put(session: SessionRecord, if_version: int) -> Put:
    return Put(
        session_pk(session.session_id),
        "session",
        session.model_dump(mode="json"),
        if_version=if_version,
        expires_at=session.expires_at,
    )
