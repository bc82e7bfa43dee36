"""One device now: its advice with the answers to it, what it reports, and the plan beside the habit."""

from typing import Any

from flask import Response, request, url_for

from cloud.errors import NotReadyError
from mobile_api.access import RIGHTS, OwnedAdvice, OwnedDevice, stored_advice
from mobile_api.commands import last_command, send_command
from mobile_api.conditional import cacheable
from mobile_api.devices import view as device_view
from mobile_api.errors import InvalidFieldError, StateConflictError
from mobile_api.live_views import health
from mobile_api.operations import Operations
from mobile_api.pages.by_hand import choices, wanted
from mobile_api.pages.forms import Refusal, done, page, tried
from mobile_api.pages.texts import text
from mobile_api.preferences import preferences
from mobile_api.recommendations import PlanView, Reason, Verdict, decide, feel, show_plan
from mobile_api.recommendations import view as advice_view
from mobile_api.services import services

_REASONS: dict[str, Reason] = {
    "too_hot": "too_hot",
    "a_bit_warm": "a_bit_warm",
    "a_bit_cool": "a_bit_cool",
    "too_cold": "too_cold",
    "not_home": "not_home",
}

operations = Operations("pages")


@operations.get("/devices/<device_id>", documented=False)
def show_device_page(device: OwnedDevice) -> Response:
    """One device: its advice, its plan, its last two days."""
    return _device_page(device)


@operations.get("/devices/<device_id>/live", documented=False)
def show_live(device: OwnedDevice) -> Response:
    """The part of the page that changes."""
    return cacheable(page("live.html", **live_values(device)))


@operations.get("/devices/<device_id>/plan", documented=False)
def show_plan_part(device: OwnedDevice) -> Response:
    """The plan as a table, from which a script draws it."""
    return cacheable(page("plan.html", **live_values(device), plan=_plan(device)))


@operations.post("/advice/<advice_id>/<any(accept, dismiss, undo):verdict>", scope="advise", documented=False)
def answer_on_page(advice: OwnedAdvice, verdict: Verdict) -> Response:
    """A button under the advice."""
    try:
        decide(advice, verdict, None)
    except StateConflictError:
        only_watched = preferences(advice.device).autonomy == "observe"
        return _after(advice.device, note=text("card.only_watched" if only_watched else "card.too_late"))
    return _after(advice.device)


@operations.post("/devices/<device_id>/feedback", scope="advise", documented=False)
def feel_on_page(device: OwnedDevice) -> Response:
    """A button that says how it feels."""
    kind = _REASONS.get(request.form.get("kind", ""))
    if kind is None:
        raise InvalidFieldError("#/kind", f"one of {', '.join(_REASONS)}")
    feel(device, kind)
    return _after(device, note=text("feel.noted"))


@operations.post("/devices/<device_id>/command", right="control", documented=False)
def set_by_hand(device: OwnedDevice) -> Response:
    """Ask the device to do something; the page shows how far it has got."""
    refusal = tried(lambda: send_command(device, wanted(device)))
    return _after(device) if refusal is None else _device_page(device, refusal)


def live_values(device: OwnedDevice) -> dict[str, Any]:
    """What `live.html` shows of a device."""
    advice = stored_advice(device)
    home, now = device.home.record, services().device_now(device.record.device_id)
    return {
        "device": device_view(device),
        "advice": None if advice is None else advice_view(advice),
        "home": home,
        "rights": RIGHTS[device.home.role],
        "autonomy": preferences(device).autonomy,
        "health": health(device).status,
        "command": last_command(device),
        "away": home.away_until is not None and home.away_until > now,
    }


def _device_page(device: OwnedDevice, refusal: Refusal | None = None) -> Response:
    values = {**live_values(device), **choices(device), "plan": _plan(device)}
    return page("device.html", refusal, **values)


def _plan(device: OwnedDevice) -> PlanView | None:
    """The plan; None before the first."""
    try:
        return show_plan(device)
    except NotReadyError:
        return None


def _after(device: OwnedDevice, note: str | None = None) -> Response:
    """What a button leaves: the changed part for htmx, the whole page without scripts."""
    if request.headers.get("HX-Request") == "true":
        return page("live.html", **live_values(device), note=note)
    return done(url_for("show_device_page", device_id=device.record.device_id))
