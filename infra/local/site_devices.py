"""What the gateway is to know of the devices behind it, as the people of their homes have set it up."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloud.ports.records import (
    DeviceRecord,
    HomeRecord,
    PreferencesRecord,
    ScheduleRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import StateStore

Json = dict[str, Any]


def site_devices(
    state: StateStore, device_ids: Iterable[str], sources: Mapping[str, Sequence[str]]
) -> list[Json]:
    """The registrations of devices behind a gateway (`edge.registry.Registration`).

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
        _registration(state, device_id, homes) | _heard_as(sources, device_id) for device_id in device_ids
    ]


def _heard_as(sources: Mapping[str, Sequence[str]], device_id: str) -> Json:
    named = sources.get(device_id)
    return {"sources": list(named)} if named else {}


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
        "schedule_min": list(schedule.at_minutes()),
        **_wishes(state, device_id),
    }


def _wishes(state: StateStore, device_id: str) -> Json:
    """Quiet hours, and whether advice is applied unasked, so that it may be without the cloud, too."""
    item = state.get(device_pk(device_id), "preferences")
    wanted = PreferencesRecord() if item is None else PreferencesRecord.model_validate(item.body)
    quiet = wanted.quiet_hours
    return {
        "offline_advice": wanted.autonomy == "auto",
        "quiet_hours": None if quiet is None else [_minute(quiet.start), _minute(quiet.end)],
    }


def _minute(local: str) -> int:
    return int(local[:2]) * 60 + int(local[3:5])
