"""Federation: the account that another issuer's token stands for."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cloud.errors import ConflictError
from cloud.ports.state import Put, StateStore
from mobile_api import audit
from mobile_api.account_store import (
    allowed_scopes,
    change_account,
    find_by_email,
    new_account,
    one_form,
    read_account,
    store_account,
)
from mobile_api.digests import digest
from mobile_api.errors import StateConflictError, UnauthenticatedError
from mobile_api.records import SCOPES, AccountRecord, Scope, SessionRecord
from mobile_api.sessions import end_all_sessions
from mobile_api.trusted_issuer import Stranger, TrustedIssuer

MAX_SUBJECTS: Final = 10
"""Identities of the other issuer that may stand for one account."""

_RACES = 3


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who came with another issuer's token, as one of ours."""

    session: SessionRecord
    scopes: frozenset[str]


def welcome(state: StateStore, issuer: TrustedIssuer, token: str, now: datetime) -> Guest:
    """The account that a token stands for: by its subject, else by its verified address, else a new one.

    Raises:
        UnauthenticatedError: The token is not good, or the issuer has not verified an address.
        KeysUnavailableError: Nobody can say now.
    """
    stranger = issuer.read(token, now)
    account = _account_of(state, stranger, now)
    scopes = _scopes(stranger, account)
    session = SessionRecord(
        session_id=f"federated.{account.account_id}",
        account_id=account.account_id,
        client_id=issuer.audience,
        scopes=scopes,
        kind="federated",
        secret_digest="",
        created_at=stranger.issued_at,
        expires_at=stranger.expires_at,
    )
    return Guest(session, frozenset(scopes))


def _scopes(stranger: Stranger, account: AccountRecord) -> tuple[Scope, ...]:
    """Those of ours that the token names; a token that names no scopes at all has what everybody has."""
    if stranger.scopes is None:
        return SCOPES
    return tuple(scope for scope in allowed_scopes(account) if scope in stranger.scopes)


def _account_of(state: StateStore, stranger: Stranger, now: datetime) -> AccountRecord:
    key = digest(f"{stranger.issuer}|{stranger.subject}")
    for _ in range(_RACES):
        known = _known(state, key, stranger)
        if known is not None:
            return known
        if stranger.email is None:
            raise UnauthenticatedError("no account stands behind this token, and its address is not verified")
        with suppress(ConflictError, StateConflictError):  # another request of theirs came first: look again
            return _link(state, one_form(stranger.email), key, now)
    raise ConflictError(f"federated#{key}", "account")


def _known(state: StateStore, key: str, stranger: Stranger) -> AccountRecord | None:
    pointer = state.get(f"federated#{key}", "account")
    if pointer is None:
        return None
    if "deleted_at" in pointer.body:
        if stranger.issued_at <= datetime.fromisoformat(pointer.body["deleted_at"]):
            raise UnauthenticatedError("the account was deleted")
        return None
    return read_account(state, pointer.body["account_id"])


def _link(state: StateStore, email: str, key: str, now: datetime) -> AccountRecord:
    """Join the issuer's person to the account of their address, or to a new one."""
    present = find_by_email(state, email)
    if present is None:
        fresh = new_account(email, None, now)
        linked = fresh.model_copy(update={"email_verified_at": now, "federated": (key,)})
        store_account(state, linked)
    else:
        linked = _joined(state, present, key, now)
    pointer = Put(f"federated#{key}", "account", {"account_id": linked.account_id})
    state.transact([pointer])
    audit.note(state, "federated_linked", linked.account_id, now)
    return linked


def _joined(state: StateStore, account: AccountRecord, key: str, now: datetime) -> AccountRecord:
    """An account whose address nobody has confirmed may be anybody's: its password and sessions end."""
    if len(account.federated) >= MAX_SUBJECTS:
        raise UnauthenticatedError("too many identities stand for this account")
    changes: dict[str, object] = {"federated": (*account.federated, key)}
    if account.email_verified_at is None:
        changes |= {"password_hash": None, "email_verified_at": now}
        end_all_sessions(state, account, now)
    return change_account(state, account.account_id, **changes)
