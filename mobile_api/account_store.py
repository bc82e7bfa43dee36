"""The accounts in the serving state: one per address, changed under optimistic versions."""

import secrets
from datetime import datetime

import structlog

from cloud.errors import ConflictError, NotFoundError
from cloud.ports.state import ABSENT, Put, StateStore
from mobile_api import audit
from mobile_api.errors import StateConflictError
from mobile_api.records import ALL_SCOPES, SCOPES, AccountRecord, Scope, account_pk, email_pk

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def new_account(email: str, password_hash: str | None, now: datetime) -> AccountRecord:
    """An account that is not stored yet."""
    return AccountRecord(
        account_id=f"a-{secrets.token_hex(8)}",
        email=one_form(email),
        password_hash=password_hash,
        created_at=now,
    )


def store_account(state: StateStore, account: AccountRecord) -> None:
    """Store a new account.

    Raises:
        StateConflictError: The address has an account.
    """
    pointer = Put(email_pk(account.email), "account", {"account_id": account.account_id}, if_version=ABSENT)
    body = account.model_dump(mode="json")
    try:
        state.transact([pointer, Put(account_pk(account.account_id), "account", body, if_version=ABSENT)])
    except ConflictError as error:
        raise StateConflictError("this address has an account already") from error
    audit.note(state, "account_created", account.account_id, account.created_at)
    log.info("account_created")


def change_account(state: StateStore, account_id: str, **changes: object) -> AccountRecord:
    """Replace some fields of an account.

    Raises:
        NotFoundError: It was deleted.
        ConflictError: Somebody else changed it at the same moment.
    """
    item = state.get(account_pk(account_id), "account")
    if item is None:
        raise NotFoundError("account", account_id)
    changed = AccountRecord.model_validate({**item.body, **changes})
    state.transact([Put(item.pk, item.sk, changed.model_dump(mode="json"), if_version=item.version)])
    return changed


def find_by_email(state: StateStore, email: str) -> AccountRecord | None:
    """The account of an address in its one form; an unknown address is looked up as far as a known one."""
    pointer = state.get(email_pk(email), "account")
    return read_account(state, "nobody" if pointer is None else pointer.body["account_id"])


def read_account(state: StateStore, account_id: str) -> AccountRecord | None:
    """An account by id; None when it was deleted."""
    item = state.get(account_pk(account_id), "account")
    return None if item is None else AccountRecord.model_validate(item.body)


def find_account(state: StateStore, account_id: str) -> AccountRecord:
    """An account by id.

    Raises:
        NotFoundError: It was deleted.
    """
    account = read_account(state, account_id)
    if account is None:
        raise NotFoundError("account", account_id)
    return account


def allowed_scopes(account: AccountRecord) -> tuple[Scope, ...]:
    """What an account may grant: `admin` too, if it is an operator's."""
    return ALL_SCOPES if account.operator else SCOPES


def one_form(email: str) -> str:
    """Addresses that differ in case or in blanks around them are one."""
    return email.strip().casefold()
