"""A person's account: how pages look, the password, what was done with it, and the way out."""

from flask import Response, request, url_for

from mobile_api.access import Principal
from mobile_api.account_store import find_account
from mobile_api.accounts import MIN_PASSWORD_LENGTH, delete_own_account
from mobile_api.audit import entries
from mobile_api.errors import InvalidFieldError
from mobile_api.operations import Operations
from mobile_api.pages.appearance import UNIT_COOKIE, remember
from mobile_api.pages.forms import Refusal, done, page, read, tried
from mobile_api.pages.texts import LANGUAGE_COOKIE, languages
from mobile_api.recovery import NewPasswordBody, ask_for_email_check, change_own_password
from mobile_api.services import services

SHOWN_ACTS = 20
"""Entries of the log on the page; the API has all of them."""

operations = Operations("pages")


@operations.get("/account", documented=False)
def show_account_page(principal: Principal) -> Response:
    """The account."""
    return _account(principal)


@operations.post("/account/appearance", scope="read", documented=False)
def choose_appearance(principal: Principal) -> Response:  # noqa: ARG001 (the layer asks who it is)
    """Unit and language, for this browser."""
    response = done(url_for("show_account_page"))
    if request.form.get("unit") in {"c", "f"}:
        remember(response, UNIT_COOKIE, request.form["unit"])
    if request.form.get("language") in languages():
        remember(response, LANGUAGE_COOKIE, request.form["language"])
    return response


@operations.post("/account/password", documented=False)
def change_password_on_page(principal: Principal) -> Response:
    """Another password; every other session ends."""
    names = ("current_password", "new_password")
    values = {name: request.form.get(name, "") for name in names}
    refusal = tried(
        lambda: change_own_password(principal, read(NewPasswordBody, values)),
        {InvalidFieldError: "account.wrong_password"},
    )
    return _account(principal, refusal, saved=refusal is None)


@operations.post("/account/email-check", documented=False)
def ask_for_email_check_on_page(principal: Principal) -> Response:
    """Another mail with a link that confirms the address."""
    refusal = tried(lambda: ask_for_email_check(principal))
    return _account(principal, refusal, mailed=refusal is None)


@operations.post("/account/delete", documented=False)
def delete_account_on_page(principal: Principal) -> Response:
    """Delete the account and what it owns; the box says that it is meant."""
    if request.form.get("sure") != "yes":
        return _account(principal, Refusal(422, "", ("sure",)))
    delete_own_account(principal)
    return done(url_for("show_start"))


def _account(
    principal: Principal, refusal: Refusal | None = None, *, saved: bool = False, mailed: bool = False
) -> Response:
    state = services().state
    return page(
        "account.html",
        refusal,
        account=find_account(state, principal.account_id),
        acts=[record for _, record in entries(state, principal.account_id, after="", limit=SHOWN_ACTS)],
        least=MIN_PASSWORD_LENGTH,
        saved=saved,
        mailed=mailed,
        push=services().push is not None,
    )
