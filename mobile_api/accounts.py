"""Accounts: who may sign in, and what goes when they leave."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import structlog
from pydantic import AwareDatetime, Field, StringConstraints

from cloud.ports.deletion import scrub_write
from cloud.ports.state import Delete, Put, StateStore
from mobile_api import audit, lockout
from mobile_api.access import Principal
from mobile_api.account_store import find_account, new_account, store_account
from mobile_api.errors import StateConflictError
from mobile_api.homes import part_with
from mobile_api.identity_records import OPERATORS_PK
from mobile_api.operations import Answer, Body, Operations, Shown
from mobile_api.passwords import MAX_PASSWORD_LENGTH
from mobile_api.records import AccountRecord, account_pk, email_pk
from mobile_api.services import services
from mobile_api.sessions import end_all_sessions
from mobile_api.tickets import mail_of_second_sign_up, mail_ticket
from mobile_api.voice.alexa_grants import forget_grant
from mobile_api.voice.google_links import forget_link

MIN_PASSWORD_LENGTH = 10
"""Characters; any kind, no rules of composition (NIST SP 800-63B, 3.1.1.2)."""

FEDERATED_TOKENS_END_AFTER = timedelta(hours=24)
"""No token of another issuer is good for longer (Cognito's ID and access tokens last at most a day)."""

operations = Operations("accounts")
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


# U+0085 is white space to pydantic and none to ECMA-262, by which the description is read: it is named.
_EMAIL_PATTERN = r"^[^@\s\u0085]{1,64}@[^@\s\u0085]{1,190}$"

Email: TypeAlias = Annotated[str, StringConstraints(max_length=254, pattern=_EMAIL_PATTERN)]
NewPassword: TypeAlias = Annotated[
    str, StringConstraints(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)
]


class NewAccount(Body):
    """What it takes to sign up."""

    email: Email
    password: NewPassword = Field(json_schema_extra={"writeOnly": True})


class AccountView(Shown):
    """An account, as its person sees it."""

    account_id: str
    email: str
    created_at: AwareDatetime
    email_verified: bool = False
    operator: bool = False


@operations.post("/v1/accounts", status=201, public=True)
def create_own_account(body: NewAccount) -> Answer[AccountView]:
    """Sign up.

    An address that has an account is answered like one that has none, and its person is told by mail.
    """
    use = services()
    wanted = new_account(body.email, use.passwords.hash(body.password), use.now())
    return Answer(_view(_sign_up(wanted)), "/v1/accounts/me")


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


def delete_account(state: StateStore, principal: Principal) -> None:
    """Remove an account: homes first, so that a failure on the way leaves something to sign in to."""
    account = find_account(state, principal.account_id)
    part_with(principal)
    end_all_sessions(state, account, services().now())
    audit.forget(state, account.account_id)
    lockout.forget_sources(state, account.email)
    state.transact(
        [
            Delete(email_pk(account.email), "account"),
            Delete(account_pk(account.account_id), "account"),
            Delete(OPERATORS_PK, account.account_id),
            *forget_grant(account.account_id),
            *forget_link(account.account_id),
            *_federation_tombstones(account, services().now()),
            scrub_write(account.account_id),
        ]
    )
    audit.note(state, "account_deleted", account.account_id, services().now(), log=audit.OPERATORS)
    log.info("account_deleted")


def _sign_up(wanted: AccountRecord) -> AccountRecord:
    """Store the account, or, when there is one, leave it as it is; the answer does not tell which."""
    state = services().state
    try:
        store_account(state, wanted)
    except StateConflictError:
        audit.note(state, "account_created", None, wanted.created_at)
        if mail_ticket("email_check", wanted.email, None):
            mail_of_second_sign_up(wanted.email)
        return wanted
    mail_ticket("email_check", wanted.email, wanted)
    return wanted


def _federation_tombstones(account: AccountRecord, now: datetime) -> list[Put]:
    """Tokens of another issuer that still stand for the account must not make it anew."""
    until, body = now + FEDERATED_TOKENS_END_AFTER, {"deleted_at": now.isoformat()}
    return [Put(f"federated#{key}", "account", body, expires_at=until) for key in account.federated]


def _view(account: AccountRecord) -> AccountView:
    return AccountView(
        account_id=account.account_id,
        email=account.email,
        created_at=account.created_at,
        email_verified=account.email_verified_at is not None,
        operator=account.operator,
    )
