"""Passwords that are lost or changed, and addresses that are confirmed."""

from flask import Response
from pydantic import Field

from mobile_api import audit
from mobile_api.access import Principal
from mobile_api.account_store import change_account, find_account, find_by_email, one_form, read_account
from mobile_api.accounts import Email, NewPassword
from mobile_api.digests import digest
from mobile_api.errors import InvalidFieldError
from mobile_api.lockout import Count, count_attempt, forgive, remember_source, sign_in_counts, take_back
from mobile_api.operations import Body, Operations
from mobile_api.passwords import MAX_PASSWORD_LENGTH
from mobile_api.records import AccountRecord
from mobile_api.services import services
from mobile_api.sessions import end_all_sessions
from mobile_api.sources import counted_source
from mobile_api.tickets import NO_GOOD, Purpose, mail_ticket, use_ticket

FREE_RESETS = 20
"""Resets that one source may ask for before it has to wait, over all addresses."""

operations = Operations("accounts")


class NewPasswordBody(Body):
    """The password now, and the next one."""

    current_password: str = Field(max_length=MAX_PASSWORD_LENGTH, json_schema_extra={"writeOnly": True})
    new_password: NewPassword = Field(json_schema_extra={"writeOnly": True})


class LostPassword(Body):
    """Whose password is lost."""

    email: Email


class ResetBody(Body):
    """What the mailed link carries, and the next password."""

    token: str = Field(max_length=100)
    new_password: NewPassword = Field(json_schema_extra={"writeOnly": True})


class ConfirmedEmail(Body):
    """What the mailed link carries."""

    token: str = Field(max_length=100)


@operations.put("/v1/accounts/me/password", status=204, errors=(409, 422, 429))
def change_own_password(principal: Principal, body: NewPasswordBody) -> None:
    """Change the password; every other session ends.

    429 when the present one was wrong too often.
    """
    use = services()
    account = find_account(use.state, principal.account_id)
    counts = sign_in_counts(use.state, account.email, counted_source())
    count_attempt(use.state, counts, use.now())
    if not use.passwords.matches(body.current_password, account.password_hash):
        raise InvalidFieldError("#/current_password", "this is not the present password")
    take_back(use.state, counts, use.now())
    _set_password(account, body.new_password, keep=principal.session.session_id)


@operations.post("/v1/password-resets", status=202, public=True, errors=(429,))
def ask_for_password_reset(body: LostPassword) -> Response:
    """Mail a link to choose a new password, if the address has an account; the answer does not tell."""
    mail_reset(body.email)
    return Response(status=202)


@operations.post("/v1/password-resets/confirm", status=204, public=True, errors=(409,))
def choose_new_password(body: ResetBody) -> None:
    """Choose a new password with the token of the mailed link; every session ends."""
    reset_password(body.token, body.new_password)


@operations.post("/v1/accounts/me/email-check", status=202)
def ask_for_email_check(principal: Principal) -> Response:
    """Mail the link that confirms the address once more."""
    account = find_account(services().state, principal.account_id)
    if account.email_verified_at is None:
        mail_ticket("email_check", account.email, account)
    return Response(status=202)


@operations.post("/v1/email-checks/confirm", status=204, public=True, errors=(409,))
def confirm_own_email(body: ConfirmedEmail) -> None:
    """Confirm the address with the token of the mailed link."""
    confirm_email(body.token)


def mail_reset(email: str) -> None:
    """Mail a link to the person of an address; does the same work for one that has no account.

    Raises:
        TooManyAttemptsError: This source has asked too often.
    """
    use, address = services(), one_form(email)
    count_attempt(use.state, [Count(f"reset|{counted_source()}", FREE_RESETS)], use.now())
    account = find_by_email(use.state, address)
    account_id = None if account is None else account.account_id
    mail_ticket("password_reset", address, account)
    audit.note(use.state, "password_reset_asked", account_id, use.now())


def reset_password(token: str, new_password: str) -> None:
    """Set a new password for whom the mailed link was sent to; whoever reads that mail owns the address.

    Raises:
        InvalidFieldError: The link is no longer good.
    """
    account = _of_ticket("password_reset", token)
    _set_password(account, new_password, keep=None)
    source = counted_source()
    forgive(services().state, account.email, source)
    remember_source(services().state, account.email, source, services().now())


def confirm_email(token: str) -> None:
    """Note that the address of an account is its person's.

    Raises:
        InvalidFieldError: The link is no longer good.
    """
    account, use = _of_ticket("email_check", token), services()
    change_account(use.state, account.account_id, email_verified_at=use.now())
    audit.note(use.state, "email_verified", account.account_id, use.now())


def _of_ticket(purpose: Purpose, token: str) -> AccountRecord:
    ticket = use_ticket(purpose, token)
    account = None if ticket.account_id is None else read_account(services().state, ticket.account_id)
    if account is None or digest(account.email) != ticket.email_digest:
        raise InvalidFieldError("#/token", NO_GOOD)
    return account


def _set_password(account: AccountRecord, new_password: str, *, keep: str | None) -> None:
    """Store the hash, and end all sessions but `keep`; without one, a mail has proved the address as well."""
    use = services()
    changes: dict[str, object] = {"password_hash": use.passwords.hash(new_password)}
    if keep is None:
        changes["email_verified_at"] = account.email_verified_at or use.now()
    change_account(use.state, account.account_id, **changes)
    end_all_sessions(use.state, account, use.now(), keep=keep)
    audit.note(use.state, "password_changed", account.account_id, use.now())
