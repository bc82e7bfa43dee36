"""How a device is to be treated: how far advice may go, what it must keep to, and the week by the clock."""

from typing import Any

from flask import Response, request, url_for

from cloud.ports.records import WEEKDAYS
from edge.contract.quantities import MODES_WITH_SETPOINT
from mobile_api.access import RIGHTS, OwnedDevice
from mobile_api.devices import delete_device
from mobile_api.operations import Operations
from mobile_api.pages.appearance import entered_c
from mobile_api.pages.forms import FormFaultError, Refusal, done, entered, page, read, tried
from mobile_api.preferences import PreferencesBody, change_preferences, preferences
from mobile_api.schedules import ScheduleBody, change_schedule, schedule

LADDER = ("observe", "suggest", "one_tap", "auto")
"""How far advice may go, rung by rung."""

operations = Operations("pages")


@operations.get("/devices/<device_id>/preferences", right="set_up", documented=False)
def show_preferences_page(device: OwnedDevice) -> Response:
    """The preferences of a device."""
    return _preferences_page(device)


@operations.post("/devices/<device_id>/preferences", documented=False)
def change_preferences_on_page(device: OwnedDevice) -> Response:
    """Replace them."""
    refusal = tried(lambda: change_preferences(device, read(PreferencesBody, _wanted()), None))
    if refusal is not None:
        return _preferences_page(device, refusal)
    return _preferences_page(device, saved=True)


@operations.post("/devices/<device_id>/delete", right="own", documented=False)
def delete_device_on_page(device: OwnedDevice) -> Response:
    """Delete a device with all that it has said; the box says that it is meant."""
    if request.form.get("sure") != "yes":
        return _preferences_page(device, Refusal(422, "", ("sure",)))
    delete_device(device)
    return done(url_for("show_start"))


@operations.get("/devices/<device_id>/schedule", right="set_up", documented=False)
def show_schedule_page(device: OwnedDevice) -> Response:
    """The week of a device."""
    return _schedule_page(device)


@operations.post("/devices/<device_id>/schedule", documented=False)
def add_to_schedule(device: OwnedDevice) -> Response:
    """One more entry."""
    refusal = tried(lambda: _replace(device, [*_entries(device), _new_entry()]))
    return _schedule_page(device, refusal) if refusal is not None else _back_to_schedule(device)


@operations.post("/devices/<device_id>/schedule/remove", documented=False)
def remove_from_schedule(device: OwnedDevice) -> Response:
    """One entry less; it is named by what it says, as others may have changed the week meanwhile."""
    gone = entered("entry")
    _replace(device, [each for each in _entries(device) if _name(each) != gone])
    return _back_to_schedule(device)


def _wanted() -> dict[str, Any]:
    quiet = {"start": entered("quiet_start"), "end": entered("quiet_end")}
    return {
        "autonomy": entered("autonomy"),
        "comfort_or_savings": entered("comfort_or_savings"),
        "min_setpoint_c": _setpoint("min_setpoint_c"),
        "max_setpoint_c": _setpoint("max_setpoint_c"),
        "quiet_hours": quiet if any(quiet.values()) else None,
    }


def _setpoint(name: str) -> float:
    try:
        return entered_c(entered(name))
    except ValueError as error:
        raise FormFaultError([name]) from error


def _new_entry() -> dict[str, Any]:
    mode = entered("mode") or "cool"
    setpoint_c = _setpoint("setpoint_c") if mode in MODES_WITH_SETPOINT else None
    return {"days": request.form.getlist("days"), "at": entered("at"), "mode": mode, "setpoint_c": setpoint_c}


def _entries(device: OwnedDevice) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json") for each in schedule(device).entries]


def _name(entry: dict[str, Any]) -> str:
    return f"{','.join(entry['days'])} {entry['at']}"


def _replace(device: OwnedDevice, entries: list[dict[str, Any]]) -> None:
    try:
        change_schedule(device, read(ScheduleBody, {"entries": entries}))
    except FormFaultError as error:
        raise FormFaultError(["entry"]) from error


def _back_to_schedule(device: OwnedDevice) -> Response:
    return done(url_for("show_schedule_page", device_id=device.record.device_id))


def _schedule_page(device: OwnedDevice, refusal: Refusal | None = None) -> Response:
    entries = [{**each, "name": _name(each)} for each in _entries(device)]
    entries.sort(key=lambda each: (WEEKDAYS.index(each["days"][0]), each["at"]))
    return page("schedule.html", refusal, **_subject(device), entries=entries, weekdays=WEEKDAYS)


def _preferences_page(
    device: OwnedDevice, refusal: Refusal | None = None, *, saved: bool = False
) -> Response:
    shown = preferences(device)
    return page("preferences.html", refusal, **_subject(device), shown=shown, ladder=LADDER, saved=saved)


def _subject(device: OwnedDevice) -> dict[str, Any]:
    return {"device": device.record, "home": device.home.record, "rights": RIGHTS[device.home.role]}
