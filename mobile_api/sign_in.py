"""Signing in with a password: bounded, noted, and silent about which addresses have an account."""

from datetime import datetime
from typing import Final

from flask import Response

from mobile_api import audit
from mobile_api.access import SESSION_COOKIE
from mobile_api.account_store import allowed_scopes, find_by_email, one_form
from mobile_api.lockout import count_attempt, remember_source, sign_in_counts, take_back
from mobile_api.passwords import MAX_PASSWORD_LENGTH
from mobile_api.records import AccountRecord
from mobile_api.services import services
from mobile_api.sessions import LIFETIME, open_session
from mobile_api.sources import counted_source
from mobile_api.tickets import mail_ticket

PAGE_CLIENT_ID: Final = "web"
"""What sessions of the page are called."""

WRONG: Final = "Wrong address or password."
"""What is said of every attempt that does not sign in; nobody learns what was wrong."""


def sign_in(email: str, password: str) -> AccountRecord | None:
    """The account with this address and password.

    None for a wrong password, an unknown address, and, where the address has to be confirmed first, for one
    that is not: all three are answered alike and take as long.

    Raises:
        TooManyAttemptsError: Too many have failed; this one was not looked at.
    """
    use, address, source = services(), one_form(email), counted_source()
    now = use.now()
    counts = sign_in_counts(use.state, address, source)
    count_attempt(use.state, counts, now)
    account = find_by_email(use.state, address)
    right = _is_right(account, password)
    _note(account, now, right=right)
    if account is None or not right:
        return None
    take_back(use.state, counts, now)
    remember_source(use.state, address, source, now)
    if use.settings.email_check == "required" and account.email_verified_at is None:
        mail_ticket("email_check", address, account)
        return None
    return account


def open_browser_session(account: AccountRecord, response: Response) -> Response:
    """Give a browser the cookie of a new session."""
    use = services()
    _, cookie = open_session(
        use.state,
        account_id=account.account_id,
        client_id=PAGE_CLIENT_ID,
        scopes=allowed_scopes(account),
        kind="browser",
        now=use.now(),
    )
    secure = use.settings.secure_cookies
    response.set_cookie(
        SESSION_COOKIE, cookie, max_age=LIFETIME, httponly=True, samesite="Lax", secure=secure
    )
    return response


def _is_right(account: AccountRecord | None, password: str) -> bool:
    stored_hash = None if account is None else account.password_hash
    return services().passwords.matches(password[:MAX_PASSWORD_LENGTH], stored_hash)


def _note(account: AccountRecord | None, now: datetime, *, right: bool) -> None:
    account_id = None if account is None else account.account_id
    audit.note(services().state, "signed_in" if right else "sign_in_failed", account_id, now)
