"""What a live update says: the same words as the routes that tell the same when they are asked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal, TypeAlias

from pydantic import Field

from edge.contract import DeviceId, Telemetry
from mobile_api.access import OwnedDevice, stored_advice
from mobile_api.commands import last_command
from mobile_api.devices import LatestReading
from mobile_api.operations import Shown
from mobile_api.recommendations import view as advice_view
from mobile_api.services import services

Kind: TypeAlias = Literal["recommendation", "command", "health"]

SILENT_AFTER = 3
"""So many intervals without a reading make a device silent; one may be lost, two are a pattern."""


class ReadingEvent(LatestReading):
    """A reading that has come."""

    device_id: DeviceId


class HealthEvent(Shown):
    """Whether a device is heard."""

    device_id: DeviceId
    status: Literal["new", "online", "silent"] = Field(
        description="`new`: never heard; `silent`: not for three of its intervals."
    )


def reading_event(reading: Telemetry) -> str:
    """A reading as JSON."""
    return ReadingEvent(**reading.model_dump(include=set(ReadingEvent.model_fields))).model_dump_json()


def state_events(device: OwnedDevice) -> Iterator[tuple[Kind, str]]:
    """What is now so of a device, as JSON: its advice, its newest command, its health."""
    advice = stored_advice(device)
    if advice is not None:
        yield "recommendation", advice_view(advice).model_dump_json()
    command = last_command(device)
    if command is not None:
        yield "command", command.model_dump_json()
    yield "health", health(device).model_dump_json()


def health(device: OwnedDevice) -> HealthEvent:
    """Whether a device is heard."""
    use, device_id = services(), device.record.device_id
    newest = use.readings.latest(device_id)
    if newest is None:
        return HealthEvent(device_id=device_id, status="new")
    silence = use.device_now(device_id) - newest.sampled_at
    is_silent = silence > SILENT_AFTER * timedelta(seconds=newest.interval_s)
    return HealthEvent(device_id=device_id, status="silent" if is_silent else "online")
