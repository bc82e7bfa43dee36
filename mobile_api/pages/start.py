"""The first page: sign up, sign in, and then what every device of every home advises now.

The browser holds a session cookie that scripts cannot read (HttpOnly, SameSite=Lax); requests from other
sites are refused by `access.require_same_origin`. Pages go through the same checks as the API's routes.
"""

from flask import Response, make_response, redirect, request, url_for

from mobile_api import audit
from mobile_api.access import SESSION_COOKIE, Principal, find_principal, owned_devices, owned_homes
from mobile_api.accounts import MIN_PASSWORD_LENGTH, NewAccount, create_own_account
from mobile_api.errors import TooManyAttemptsError
from mobile_api.operations import Operations
from mobile_api.pages.advice import live_values
from mobile_api.pages.forms import done, entered, page, read, too_many, tried
from mobile_api.pages.texts import text
from mobile_api.presence import known_presence
from mobile_api.services import services
from mobile_api.sessions import end_session
from mobile_api.sign_in import open_browser_session, sign_in

operations = Operations("pages")


@operations.get("/", public=True, documented=False)
def show_start() -> Response:
    """The homes, or the sign-in form."""
    principal = find_principal()
    if principal is None:
        return page("sign_in.html")
    return page("homes.html", homes=_homes(principal), operator="admin" in principal.scopes)


@operations.post("/login", public=True, documented=False)
def log_in() -> Response:
    """Open a session for the browser."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        account = sign_in(email, password)
    except TooManyAttemptsError as error:
        return page("sign_in.html", status=429, wrong=too_many(error), email=email)
    if account is None:
        return page("sign_in.html", status=401, wrong=text("wrong.sign_in"), email=email)
    return open_browser_session(account, make_response(redirect(url_for("show_start"), 303)))


@operations.post("/logout", documented=False, scope="read")
def log_out(principal: Principal) -> Response:
    """End the browser's session."""
    use = services()
    end_session(use.state, principal.session)
    audit.note(use.state, "signed_out", principal.account_id, use.now())
    response = done(url_for("show_start"))
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Lax")
    return response


@operations.get("/sign-up", public=True, documented=False)
def show_sign_up() -> Response:
    """The form for a new account."""
    return page("sign_up.html", least=MIN_PASSWORD_LENGTH)


@operations.post("/sign-up", public=True, documented=False)
def sign_up_on_page() -> Response:
    """Make an account and go on as its person; an address that has one already is answered by mail."""
    values = {"email": entered("email"), "password": request.form.get("password", "")}
    refusal = tried(lambda: create_own_account(read(NewAccount, values)))
    if refusal is not None:
        return page("sign_up.html", refusal, least=MIN_PASSWORD_LENGTH, email=values["email"])
    if services().settings.email_check == "required":
        return page("sign_up.html", sent=True)
    account = sign_in(values["email"], values["password"])
    if account is None:
        return page("sign_up.html", sent=True)
    return open_browser_session(account, done(url_for("show_start")))


def _homes(principal: Principal) -> list[dict[str, object]]:
    devices = owned_devices(principal)
    return [
        {
            "home": home.record,
            "role": home.role,
            "asks_presence": home.role != "guest" and home.record.share_phone_presence,
            "presence": known_presence(home, principal.account_id),
            "devices": [
                live_values(device) for device in devices if device.record.home_id == home.record.home_id
            ],
        }
        for home in owned_homes(principal)
    ]
