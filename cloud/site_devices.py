"""What a gateway is to know of the devices behind it, as the people of their homes have set it up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from cloud.ports.behind import behind
from cloud.ports.records import (
    DeviceRecord,
    HomeRecord,
    PreferencesRecord,
    ScheduleRecord,
    device_pk,
    gateway_pk,
    home_pk,
)
from cloud.ports.state import Put, StateStore
from edge.contract import DeviceId, SiteDevice, SiteDevices

Json = dict[str, Any]

LetSpeak: TypeAlias = Callable[[DeviceId, Sequence[DeviceId]], None]
"""Lets a gateway speak for just these devices."""

SPOKEN_SK: Final = "spoken_for"
"""In a gateway's partition: the devices for which it was let speak last."""


def site_devices(
    state: StateStore, device_ids: Iterable[str], sources: Mapping[str, Sequence[str]]
) -> list[SiteDevice]:
    """Devices behind a gateway.

    A device that is in no home yet has the gateway's own settings.

    Args:
        state: Knows homes and weeks.
        device_ids: Who is behind the gateway.
        sources: What devices of other makes are heard as, by device id.

    Raises:
        UnavailableError: The serving state does not answer.
    """
    homes: dict[str, HomeRecord | None] = {}
    return [
        SiteDevice(**_registration(state, device_id, homes) | _heard_as(sources, device_id))
        for device_id in device_ids
    ]


def devices_behind(state: StateStore, gateway_id: DeviceId) -> SiteDevices:
    """Who lives behind a gateway: who was registered there, and of those it has found who was let in.

    Raises:
        UnavailableError: The serving state does not answer.
    """
    there = [each for each in behind(state, gateway_id) if each.source is None or each.home_id is not None]
    sources = {each.device_id: [each.source] for each in there if each.source is not None}
    return SiteDevices(devices=tuple(site_devices(state, [each.device_id for each in there], sources)))


def in_step(state: StateStore, gateway_id: DeviceId, let_speak: LetSpeak | None) -> SiteDevices:
    """Who lives behind a gateway; if they are others than before, it is let speak for just these first.

    Args:
        state: Knows them, and for whom it was let speak last.
        gateway_id: The gateway.
        let_speak: Lets it; None: whoever makes the broker's logins does.

    Raises:
        RejectedError: More devices than one gateway can speak for.
        UnavailableError: The serving state, or who lets it speak, does not answer.
    """
    found = devices_behind(state, gateway_id)
    device_ids = [each.device_id for each in found.devices]
    item = state.get(gateway_pk(gateway_id), SPOKEN_SK)
    before = [] if item is None else item.body["device_ids"]
    if let_speak is not None and device_ids != before:
        let_speak(gateway_id, device_ids)
        state.transact([Put(gateway_pk(gateway_id), SPOKEN_SK, {"device_ids": device_ids})])
    return found


def _heard_as(sources: Mapping[str, Sequence[str]], device_id: str) -> Json:
    named = sources.get(device_id)
    return {"sources": tuple(named)} if named else {}


def _registration(state: StateStore, device_id: str, homes: dict[str, HomeRecord | None]) -> Json:
    item = state.get(device_pk(device_id), "device")
    home_id = None if item is None else DeviceRecord.model_validate(item.body).home_id
    if home_id is None:
        return {"device_id": device_id}
    if home_id not in homes:
        found = state.get(home_pk(home_id), "home")
        homes[home_id] = None if found is None else HomeRecord.model_validate(found.body)
    home = homes[home_id]
    if home is None:
        return {"device_id": device_id}
    week = state.get(device_pk(device_id), "schedule")
    schedule = ScheduleRecord() if week is None else ScheduleRecord.model_validate(week.body)
    return {
        "device_id": device_id,
        "share_presence": home.share_presence,
        "timezone": home.timezone,
        "schedule_min": tuple(schedule.at_minutes()),
        **_wishes(state, device_id),
    }


def _wishes(state: StateStore, device_id: str) -> Json:
    """Quiet hours, and whether advice is applied unasked, so that it may be without the cloud, too."""
    item = state.get(device_pk(device_id), "preferences")
    wanted = PreferencesRecord() if item is None else PreferencesRecord.model_validate(item.body)
    quiet = wanted.quiet_hours
    return {
        "offline_advice": wanted.autonomy == "auto",
        "quiet_hours": None if quiet is None else (_minute(quiet.start), _minute(quiet.end)),
    }


def _minute(local: str) -> int:
    return int(local[:2]) * 60 + int(local[3:5])
