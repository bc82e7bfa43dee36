"""Accounts: who may sign in, and what goes when they leave."""

import secrets
from datetime import datetime
from typing import Annotated

import structlog
from pydantic import AwareDatetime, Field, StringConstraints

from cloud.errors import ConflictError, NotFoundError
from cloud.ports.deletion import scrub_write
from cloud.ports.state import ABSENT, Delete, Put, StateStore
from mobile_api.access import Principal
from mobile_api.errors import StateConflictError
from mobile_api.homes import part_with
from mobile_api.operations import Answer, Body, Operations, Shown
from mobile_api.passwords import Passwords
from mobile_api.records import AccountRecord, account_pk, email_pk
from mobile_api.services import services
from mobile_api.sessions import end_all_sessions

MIN_PASSWORD_LENGTH = 10
"""Characters; any kind, no rules of composition (NIST SP 800-63B, 3.1.1.2)."""

MAX_PASSWORD_LENGTH = 128
"""Characters; bounds the work of hashing."""

operations = Operations("accounts")
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class NewAccount(Body):
    """What it takes to sign up."""

    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")]
    password: Annotated[
        str, StringConstraints(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)
    ] = Field(json_schema_extra={"writeOnly": True})


class AccountView(Shown):
    """An account, as its person sees it."""

    account_id: str
    email: str
    created_at: AwareDatetime


@operations.post("/v1/accounts", status=201, public=True, errors=(409,))
def create_own_account(body: NewAccount) -> Answer[AccountView]:
    """Sign up.

    409 when the address has an account already.
    """
    use = services()
    account = create_account(use.state, use.passwords, body.email, body.password, use.now())
    return Answer(_view(account), "/v1/accounts/me")


@operations.get("/v1/accounts/me")
def show_own_account(principal: Principal) -> AccountView:
    """The account that the token belongs to."""
    return _view(find_account(services().state, principal.account_id))


@operations.delete("/v1/accounts/me")
def delete_own_account(principal: Principal) -> None:
    """Delete the account with the homes that it owns, their devices and all that those have said.

    Hand a home over first if others go on living there.
    """
    delete_account(services().state, principal)


def create_account(
    state: StateStore, passwords: Passwords, email: str, password: str, now: datetime
) -> AccountRecord:
    """Make an account.

    Raises:
        StateConflictError: The address has an account.
    """
    account = AccountRecord(
        account_id=f"a-{secrets.token_hex(8)}",
        email=one_form(email),
        password_hash=passwords.hash(password),
        created_at=now,
    )
    pointer = Put(email_pk(account.email), "account", {"account_id": account.account_id}, if_version=ABSENT)
    body = account.model_dump(mode="json")
    try:
        state.transact([pointer, Put(account_pk(account.account_id), "account", body, if_version=ABSENT)])
    except ConflictError as error:
        raise StateConflictError("this address has an account already") from error
    log.info("account_created")
    return account


def sign_in(state: StateStore, passwords: Passwords, email: str, password: str) -> AccountRecord | None:
    """The account with this password; an unknown address takes as long as a wrong password."""
    pointer = state.get(email_pk(one_form(email)), "account")
    item = None if pointer is None else state.get(account_pk(pointer.body["account_id"]), "account")
    account = None if item is None else AccountRecord.model_validate(item.body)
    stored_hash = None if account is None else account.password_hash
    return account if passwords.matches(password[:MAX_PASSWORD_LENGTH], stored_hash) else None


def find_account(state: StateStore, account_id: str) -> AccountRecord:
    """An account by id.

    Raises:
        NotFoundError: It was deleted.
    """
    item = state.get(account_pk(account_id), "account")
    if item is None:
        raise NotFoundError("account", account_id)
    return AccountRecord.model_validate(item.body)


def delete_account(state: StateStore, principal: Principal) -> None:
    """Remove an account: homes first, so that a failure on the way leaves something to sign in to."""
    account = find_account(state, principal.account_id)
    part_with(principal)
    end_all_sessions(state, account, services().now())
    state.transact(
        [
            Delete(email_pk(account.email), "account"),
            Delete(account_pk(account.account_id), "account"),
            scrub_write(account.account_id),
        ]
    )
    log.info("account_deleted")


def one_form(email: str) -> str:
    """Addresses that differ in case or in blanks around them are one."""
    return email.strip().casefold()


def _view(account: AccountRecord) -> AccountView:
    return AccountView(account_id=account.account_id, email=account.email, created_at=account.created_at)
