"""The native dialect: devices that speak the wire contract themselves.

The site's broker lets a device publish on its own topics only, so the id in the topic is who speaks; what it
says must be about itself.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from edge.contract import (
    MAX_PAYLOAD_BYTES,
    DeviceId,
    Event,
    Refusal,
    Reported,
    ShadowUpdate,
    Telemetry,
    read_telemetry,
    topics,
)
from edge.contract.telemetry import describe
from edge.heard import Heard, Report
from edge.ports import Message

FILTERS = (topics.TELEMETRY, topics.EVENT, topics.SHADOW_UPDATE, topics.SHADOW_GET)
"""What native devices publish on the site."""

MAX_SHADOW_BYTES = 8 * 1024
"""AWS IoT's limit of a shadow document [bytes]; the cloud would refuse a larger one."""


def hear(message: Message) -> Heard:
    """What a message on one of `FILTERS` says, and what of it is refused and why."""
    _, _, device_id, purpose = message.topic.split("/", 3)
    return _READERS[purpose](device_id, message.payload)


def _hear_readings(device_id: DeviceId, payload: bytes) -> Heard:
    readings, refusals = read_telemetry(payload)
    if all(reading.device_id == device_id for reading in readings):
        return Heard(device_id, readings=readings, refusals=refusals)
    own, foreign = _split_by_owner(device_id, payload, readings, refusals)
    return Heard(device_id, readings=own, refusals=[*refusals, *foreign])


def _split_by_owner(
    device_id: DeviceId, payload: bytes, readings: Sequence[Telemetry], refusals: Sequence[Refusal]
) -> tuple[list[Telemetry], list[Refusal]]:
    refused = {refusal.index for refusal in refusals}
    is_array = payload.lstrip()[:1] == b"["
    indices = (index for index in range(len(readings) + len(refused)) if index not in refused)
    own: list[Telemetry] = []
    foreign: list[Refusal] = []
    for index, reading in zip(indices, readings, strict=False):
        if reading.device_id == device_id:
            own.append(reading)
        else:
            element = reading.model_dump_json(exclude_defaults=True).encode()
            foreign.append(
                Refusal(_foreign(device_id, reading.device_id), index if is_array else None, element)
            )
    return own, foreign


def _foreign(device_id: DeviceId, named: DeviceId) -> str:
    return f"device_id: {named} in a message of {device_id}"


def _hear_event(device_id: DeviceId, payload: bytes) -> Heard:
    if len(payload) > MAX_PAYLOAD_BYTES:
        return _refuse(device_id, f"payload of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}", payload)
    try:
        event = Event.model_validate_json(payload)
    except ValidationError as error:
        return _refuse(device_id, describe(error), payload)
    if event.device_id != device_id:
        return _refuse(device_id, _foreign(device_id, event.device_id), payload)
    return Heard(device_id, events=[event])


def _hear_report(device_id: DeviceId, payload: bytes) -> Heard:
    if len(payload) > MAX_SHADOW_BYTES:
        return _refuse(device_id, f"shadow of {len(payload)} bytes, at most {MAX_SHADOW_BYTES}", payload)
    try:
        report = _report(ShadowUpdate.model_validate_json(payload))
    except ValidationError as error:
        return _refuse(device_id, describe(error), payload)
    if not report.reported and not report.clears_desired:
        return _refuse(device_id, "state: neither reported nor an end of desired", payload)
    return Heard(device_id, report=report)


def _report(update: ShadowUpdate) -> Report:
    """The update for the cloud, without `version`: what the device knows of it may be old."""
    said = update.state.get("reported") or {}
    known = Reported.model_validate(said).model_dump(include=set(said))
    clears_desired = "desired" in update.state and update.state["desired"] is None
    state: dict[str, Any] = {"reported": said} if said else {}
    if clears_desired:
        state["desired"] = None
    body: dict[str, Any] = {"state": state}
    if update.client_token is not None:
        body["clientToken"] = update.client_token
    return Report(known, clears_desired, json.dumps(body, separators=(",", ":")).encode())


def _hear_question(device_id: DeviceId, payload: bytes) -> Heard:  # noqa: ARG001 (AWS ignores the payload too)
    return Heard(device_id, asks_for_shadow=True)


def _refuse(device_id: DeviceId, reason: str, payload: bytes) -> Heard:
    return Heard(device_id, refusals=[Refusal(reason, None, payload)])


_READERS: Mapping[str, Callable[[DeviceId, bytes], Heard]] = {
    "telemetry": _hear_readings,
    "event": _hear_event,
    "shadow/update": _hear_report,
    "shadow/get": _hear_question,
}
