"""A home: it is made, a device comes into it by its code, it says where it is and when nobody is there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Response, request, url_for

from cloud.errors import NotFoundError
from mobile_api.access import RIGHTS, OwnedHome, Principal
from mobile_api.devices import DeviceClaim, claim_device
from mobile_api.errors import InvalidFieldError, StateConflictError
from mobile_api.homes import HomeBody, change_home, create_home, delete_home
from mobile_api.operations import Operations
from mobile_api.pages.forms import Refusal, done, entered, page, read, tried
from mobile_api.presence import PresenceBody, say_presence
from mobile_api.services import services

CONSENTS = ("measure_savings", "share_presence", "share_phone_presence")
"""What a home may consent to, each by itself; nothing is asked for by default."""

_PLACE = ("name", "latitude_deg", "longitude_deg", "timezone", "currency", "tariff_per_kwh")

operations = Operations("pages")


@operations.get("/homes/new", documented=False)
def show_new_home(principal: Principal) -> Response:  # noqa: ARG001 (the layer asks who it is)
    """The form for a home."""
    return _new_home()


@operations.post("/homes/new", documented=False)
def create_home_on_page(principal: Principal) -> Response:
    """Make a home, and go on to its first device."""
    made: list[str] = []

    def make() -> None:
        fields = {name: entered(name) for name in _PLACE} | _consents()
        made.append(create_home(principal, read(HomeBody, fields)).body.home_id)

    refusal = tried(make)
    if refusal is not None:
        return _new_home(refusal)
    return done(url_for("show_pairing", home_id=made[0]))


@operations.get("/homes/<home_id>/pair", right="set_up", documented=False)
def show_pairing(home: OwnedHome) -> Response:
    """The form for the code that a device shows."""
    return page("pair.html", home=home.record)


@operations.post("/homes/<home_id>/pair", documented=False)
def pair_on_page(home: OwnedHome, principal: Principal) -> Response:
    """Bring a device into the home by its code."""
    made: list[str] = []

    def pair() -> None:
        fields = {"code": entered("code"), "home_id": home.record.home_id, "name": entered("name") or None}
        made.append(claim_device(principal, read(DeviceClaim, fields)).body.device_id)

    refusal = tried(pair, {NotFoundError: "pair.unknown", StateConflictError: "pair.conflict"})
    if refusal is not None:
        return page("pair.html", refusal, home=home.record, name=entered("name"))
    return done(url_for("show_device_page", device_id=made[0]))


@operations.get("/homes/<home_id>", right="set_up", documented=False)
def show_home_page(home: OwnedHome) -> Response:
    """What the people say of their home."""
    return _home_page(home)


@operations.post("/homes/<home_id>", documented=False)
def change_home_on_page(home: OwnedHome) -> Response:
    """Change where it is and what energy costs there."""
    return _changed(home, lambda: {name: entered(name) for name in _PLACE})


@operations.post("/homes/<home_id>/vacation", documented=False)
def set_vacation(home: OwnedHome) -> Response:
    """Nobody is home until an instant, in the home's own time; without one the vacation is over."""
    return _changed(home, lambda: {"away_until": _away_until(home)})


@operations.post("/homes/<home_id>/presence", right="set_up", scope="advise", documented=False)
def say_presence_on_page(home: OwnedHome, principal: Principal) -> Response:
    """Whether the person with this phone is home; they are shown what is known on the first page."""
    body = read(PresenceBody, {"at_home": {"yes": True, "no": False}.get(entered("at_home"))})
    say_presence(home, principal, body)
    return done(url_for("show_start"))


@operations.get("/homes/<home_id>/privacy", right="own", documented=False)
def show_privacy(home: OwnedHome) -> Response:
    """What the home consents to, all that is kept of it, and the way out."""
    return page("privacy.html", home=home.record, consents=CONSENTS)


@operations.post("/homes/<home_id>/privacy", right="own", documented=False)
def change_consents(home: OwnedHome) -> Response:
    """Consent, or not any more."""
    refusal = tried(lambda: change_home(home, read(HomeBody, _fields(home) | _consents())))
    if refusal is not None:
        return page("privacy.html", refusal, home=home.record, consents=CONSENTS)
    return done(url_for("show_privacy", home_id=home.record.home_id))


@operations.post("/homes/<home_id>/delete", right="own", documented=False)
def delete_home_on_page(home: OwnedHome, principal: Principal) -> Response:
    """Delete the home with its devices; the box says that it is meant."""
    if request.form.get("sure") != "yes":
        return page("privacy.html", Refusal(422, "", ("sure",)), home=home.record, consents=CONSENTS)
    delete_home(home, principal)
    return done(url_for("show_start"))


def _changed(home: OwnedHome, changes: Callable[[], dict[str, Any]]) -> Response:
    refusal = tried(lambda: change_home(home, read(HomeBody, _fields(home) | changes())))
    if refusal is not None:
        return _home_page(home, refusal)
    return done(url_for("show_home_page", home_id=home.record.home_id))


def _new_home(refusal: Refusal | None = None) -> Response:
    return page("new_home.html", refusal, timezones=_timezones(), entered=request.form, consents=CONSENTS)


def _home_page(home: OwnedHome, refusal: Refusal | None = None) -> Response:
    away = home.record.away_until
    is_away = away is not None and away > services().now()
    return page(
        "home.html",
        refusal,
        home=home.record,
        rights=RIGHTS[home.role],
        timezones=_timezones(),
        away=away if is_away else None,
    )


def _timezones() -> list[str]:
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))


def _fields(home: OwnedHome) -> dict[str, Any]:
    """What is said of the home now, as `HomeBody` takes it."""
    return home.record.model_dump(mode="json", include=set(HomeBody.model_fields))


def _consents() -> dict[str, bool]:
    return {name: request.form.get(name) == "yes" for name in CONSENTS}


def _away_until(home: OwnedHome) -> str | None:
    """What a `datetime-local` field says, as an instant; None for an empty one.

    Raises:
        InvalidFieldError: It is none, or over.
    """
    said = entered("away_until")
    if not said:
        return None
    try:
        until = datetime.fromisoformat(said).replace(tzinfo=ZoneInfo(home.record.timezone))
    except ValueError as error:
        raise InvalidFieldError("#/away_until", "no instant") from error
    if until <= services().now():
        raise InvalidFieldError("#/away_until", "must be in the future")
    return until.isoformat()
