"""The web page: sign in, see homes and devices, answer advice. Rendered here, refreshed by polling.

The browser holds a session cookie that scripts cannot read (HttpOnly, SameSite=Lax); requests from other
sites are refused by `access.require_same_origin`. Pages go through the same checks as the API's routes.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, make_response, redirect, render_template, request, url_for

from mobile_api import audit
from mobile_api.access import (
    SESSION_COOKIE,
    OwnedAdvice,
    OwnedDevice,
    Principal,
    find_principal,
    owned_devices,
    owned_homes,
    stored_advice,
)
from mobile_api.commands import last_command
from mobile_api.conditional import cacheable
from mobile_api.devices import view as device_view
from mobile_api.errors import InvalidFieldError, StateConflictError, TooManyAttemptsError
from mobile_api.operations import Operations
from mobile_api.recommendations import Reason, Verdict, decide, feel
from mobile_api.recommendations import view as advice_view
from mobile_api.services import services
from mobile_api.sessions import end_session
from mobile_api.sign_in import WRONG, open_browser_session, sign_in

_REASONS: dict[str, Reason] = {
    "too_hot": "too_hot",
    "a_bit_warm": "a_bit_warm",
    "a_bit_cool": "a_bit_cool",
    "too_cold": "too_cold",
    "not_home": "not_home",
}

operations = Operations("pages")


def install(app: Flask) -> None:
    """Teach the templates to write instants in a home's own time."""
    app.add_template_filter(_clock_time, "clock_time")
    app.add_template_filter(_day_time, "day_time")


@operations.get("/", public=True, documented=False)
def show_start() -> Response:
    """The homes, or the sign-in form."""
    principal = find_principal()
    if principal is None:
        return make_response(render_template("sign_in.html"))
    return _page("homes.html", homes=_homes(principal))


@operations.post("/login", public=True, documented=False)
def log_in() -> Response:
    """Open a session for the browser."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        account = sign_in(email, password)
    except TooManyAttemptsError as error:
        return make_response(render_template("sign_in.html", wrong=str(error), email=email), 429)
    if account is None:
        return make_response(render_template("sign_in.html", wrong=WRONG, email=email), 401)
    return open_browser_session(account, make_response(redirect(url_for("show_start"), 303)))


@operations.post("/logout", documented=False, scope="read")
def log_out(principal: Principal) -> Response:
    """End the browser's session."""
    use = services()
    end_session(use.state, principal.session)
    audit.note(use.state, "signed_out", principal.account_id, use.now())
    response = make_response(redirect(url_for("show_start"), 303))
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Lax")
    return response


@operations.get("/devices/<device_id>", documented=False)
def show_device_page(device: OwnedDevice) -> Response:
    """One device: its advice, its last two days."""
    return _page("device.html", **_live(device))


@operations.get("/devices/<device_id>/live", documented=False)
def show_live(device: OwnedDevice) -> Response:
    """The part of the page that changes."""
    return cacheable(_page("live.html", **_live(device)))


@operations.post("/advice/<advice_id>/<any(accept, dismiss, undo):verdict>", scope="advise", documented=False)
def answer_on_page(advice: OwnedAdvice, verdict: Verdict) -> Response:
    """A button under the advice."""
    try:
        decide(advice, verdict, None)
    except StateConflictError:
        return _after(advice.device, note="This advice has expired; the next one is on its way.")
    return _after(advice.device)


@operations.post("/devices/<device_id>/feedback", scope="advise", documented=False)
def feel_on_page(device: OwnedDevice) -> Response:
    """A button that says how it feels."""
    kind = _REASONS.get(request.form.get("kind", ""))
    if kind is None:
        raise InvalidFieldError("#/kind", f"one of {', '.join(_REASONS)}")
    feel(device, kind)
    return _after(device, note="Thank you, noted.")


def _after(device: OwnedDevice, note: str | None = None) -> Response:
    """What a button leaves: the changed part for htmx, the whole page without scripts."""
    if request.headers.get("HX-Request") == "true":
        return _page("live.html", **_live(device), note=note)
    return make_response(redirect(url_for("show_device_page", device_id=device.record.device_id), 303))


def _page(template: str, **values: object) -> Response:
    return make_response(render_template(template, **values))


def _homes(principal: Principal) -> list[dict[str, object]]:
    devices = owned_devices(principal)
    return [
        {
            "home": home.record,
            "devices": [
                _summary(device) for device in devices if device.record.home_id == home.record.home_id
            ],
        }
        for home in owned_homes(principal)
    ]


def _summary(device: OwnedDevice) -> dict[str, object]:
    advice = stored_advice(device)
    return {"device": device_view(device), "advice": None if advice is None else advice_view(advice)}


def _live(device: OwnedDevice) -> dict[str, Any]:
    return {**_summary(device), "home": device.home.record, "command": last_command(device)}


def _clock_time(at: datetime, timezone: str) -> str:
    """`22:00` in the home's own time."""
    return at.astimezone(ZoneInfo(timezone)).strftime("%H:%M")


def _day_time(at: datetime, timezone: str) -> str:
    """`Tue 14 Jul, 22:00` in the home's own time."""
    return at.astimezone(ZoneInfo(timezone)).strftime("%a %-d %b, %H:%M")
