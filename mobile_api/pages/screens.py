"""The page on which a person allows a screen or a hub by the code that it shows (RFC 8628, 3.3)."""

from http import HTTPStatus

from flask import Response, render_template, request

from mobile_api import audit
from mobile_api.access import find_principal
from mobile_api.account_store import read_account
from mobile_api.clients import find_client
from mobile_api.device_grants import decide, entered_code, find_grant, tries
from mobile_api.errors import StateConflictError, TooManyAttemptsError
from mobile_api.lockout import count_attempt, take_back
from mobile_api.operations import Operations
from mobile_api.pages.forms import too_many
from mobile_api.pages.texts import text
from mobile_api.records import AccountRecord
from mobile_api.services import services
from mobile_api.sign_in import open_browser_session, sign_in
from mobile_api.sources import counted_source

operations = Operations("pages")


@operations.get("/device", public=True, documented=False)
def ask_for_user_code() -> Response:
    """The form; a link with the code in it still has to be confirmed by hand."""
    return _form(_signed_in(), HTTPStatus.OK)


@operations.post("/device", public=True, documented=False)
def enter_user_code() -> Response:
    """Show what the code is for, and then do what the person says."""
    try:
        return _enter()
    except TooManyAttemptsError as error:
        return _form(_signed_in(), HTTPStatus.TOO_MANY_REQUESTS, too_many(error))


def _enter() -> Response:
    account, decision = _signed_in(), request.form.get("decision")
    if account is not None:
        return _show_or_decide(account, decision)
    account = sign_in(request.form.get("email", ""), request.form.get("password", ""))
    if account is None:
        return _form(None, HTTPStatus.UNAUTHORIZED, text("wrong.sign_in"))
    # Who has just signed in sees first what they allow.
    return open_browser_session(account, _show_or_decide(account, None))


def _show_or_decide(account: AccountRecord, decision: str | None) -> Response:
    """Every code that is entered is counted as wrong until it is found."""
    use, code = services(), entered_code(request.form.get("user_code", ""))
    counts = tries(account.account_id, counted_source())
    count_attempt(use.state, counts, use.now())
    grant = find_grant(use.state, code)
    if grant is None:
        return _form(account, HTTPStatus.NOT_FOUND, text("screen.unknown"))
    take_back(use.state, counts, use.now())
    if decision not in {"allow", "refuse"}:
        client = find_client(use.state, grant.client_id, ())
        name = grant.client_id if client is None else client.record.name
        return _page(HTTPStatus.OK, client_name=name, scopes=grant.scopes, user_code=code)
    return _decide(account, code, allowed=decision == "allow")


def _decide(account: AccountRecord, code: str, *, allowed: bool) -> Response:
    use = services()
    try:
        grant = decide(use.state, code, account.account_id, allowed=allowed)
    except StateConflictError:
        return _form(account, HTTPStatus.NOT_FOUND, text("screen.unknown"))
    if not allowed:  # the session that an allowed one opens is noted when its screen fetches it
        audit.note(use.state, "access_refused", account.account_id, use.now(), client_id=grant.client_id)
    return _page(HTTPStatus.OK, done=grant.status)


def _signed_in() -> AccountRecord | None:
    principal = find_principal()
    if principal is None or principal.session.kind != "browser":
        return None
    return read_account(services().state, principal.account_id)


def _form(account: AccountRecord | None, status: int, wrong: str | None = None) -> Response:
    return _page(status, account=account, wrong=wrong, user_code=request.values.get("user_code", ""))


def _page(status: int, **values: object) -> Response:
    response = Response(render_template("device_code.html", **values), status)
    response.headers["Cache-Control"] = "no-store"
    return response
