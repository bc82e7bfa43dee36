"""Tickets: links by mail that prove an address, each good once and for half an hour."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from cloud.errors import ConflictError
from cloud.ports.mail import Mail
from cloud.ports.state import ABSENT, Put
from mobile_api.digests import digest
from mobile_api.errors import InvalidFieldError, TooManyAttemptsError
from mobile_api.identity_records import TicketRecord
from mobile_api.lockout import Count, count_attempt
from mobile_api.records import AccountRecord
from mobile_api.services import services

GOOD_FOR: Final = timedelta(minutes=30)
"""How long a link is good."""

FREE_MAILS: Final = 5
"""So many mails an address gets in a day before the next ones have to wait for each other."""

NO_GOOD: Final = "the link is no longer good: ask for a new one"

Purpose: TypeAlias = Literal["email_check", "password_reset"]


@dataclass(frozen=True, slots=True)
class _Letter:
    subject: str
    page: str
    words: str


_LETTERS: dict[Purpose, _Letter] = {
    "email_check": _Letter(
        "Confirm your address",
        "/confirm-email",
        "Somebody, probably you, made an account at ac-advisor with this address. Confirm that it is yours:",
    ),
    "password_reset": _Letter(
        "Choose a new password",
        "/reset-password",
        "Somebody, probably you, asked for a new password at ac-advisor. Choose one here:",
    ),
}


def mail_ticket(purpose: Purpose, email: str, account: AccountRecord | None) -> bool:
    """Mail a link to the person of `account`; None does the same work and mails nothing.

    Returns:
        Whether the address may be sent a mail now.
    """
    token = secrets.token_urlsafe(32)
    use = services()
    record = TicketRecord(
        purpose=purpose,
        account_id=None if account is None else account.account_id,
        email_digest=digest(email),
    )
    heard = _may_mail(email)
    put = Put(_pk(token), "ticket", record.model_dump(mode="json"), ABSENT, use.now() + GOOD_FOR)
    use.state.transact([put])
    if account is not None and heard:
        letter = _LETTERS[purpose]
        link = f"{use.settings.issuer}{letter.page}?token={token}"
        end = "The link is good once, for 30 minutes. If it was not you, ignore it."
        text = f"{letter.words}\n\n{link}\n\n{end}\n"
        use.post.send(Mail(account.email, f"{letter.subject} · ac-advisor", text))
    return heard


def mail_of_second_sign_up(email: str) -> None:
    """Tell the person of an address that somebody signed up with it: the answer did not."""
    page = f"{services().settings.issuer}/forgot-password"
    text = (
        "Somebody, probably you, signed up at ac-advisor with this address, which has an account "
        f"already. Sign in as before; if the password is lost, choose a new one:\n\n{page}\n"
    )
    services().post.send(Mail(email, "You have an account already · ac-advisor", text))


def use_ticket(purpose: Purpose, token: str) -> TicketRecord:
    """Use a ticket up.

    Raises:
        InvalidFieldError: It is unknown, over, used, or of another purpose.
    """
    state = services().state
    item = state.get(_pk(token), "ticket")
    record = None if item is None else TicketRecord.model_validate(item.body)
    if item is None or record is None or record.used or record.purpose != purpose:
        raise InvalidFieldError("#/token", NO_GOOD)
    body = record.model_copy(update={"used": True}).model_dump(mode="json")
    try:
        state.transact([Put(item.pk, item.sk, body, item.version, item.expires_at)])
    except ConflictError as error:
        raise InvalidFieldError("#/token", NO_GOOD) from error
    if record.account_id is None:
        raise InvalidFieldError("#/token", NO_GOOD)
    return record


def _may_mail(email: str) -> bool:
    """Whether this address may be sent another mail now: nobody's mailbox is flooded."""
    use = services()
    try:
        count_attempt(use.state, [Count(f"mail|{email}", FREE_MAILS)], use.now())
    except TooManyAttemptsError:
        return False
    return True


def _pk(token: str) -> str:
    return f"ticket#{digest(token)}"
