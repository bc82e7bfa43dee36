"""The native dialect: devices that speak the wire contract themselves."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from device_sim.wire.dialects.dialect import NOTHING, Dialect, Heard, Message
from device_sim.wire.readings import Row, encode
from edge.contract import Desired, Event, Reported, topics, update_document


def merge_delta(known: Reported, delta: Mapping[str, Any]) -> Desired:
    """What is desired, from a shadow delta: it names only what differs from what the device has reported.

    `requested_by` and `expires_at` are never reported, so a delta without them means that they are not
    desired. Any other absent field is as reported, or has been removed; of these only `advice_id` matters,
    and it is taken for removed unless the advisor asks.

    Raises:
        ValidationError: The delta is not one of the contract.
    """
    fields = known.model_dump(mode="json", include={"setpoint_c", "mode", "fan", "advice_id", "command_id"})
    if delta.get("requested_by") != "advisor":
        fields["advice_id"] = None
    merged = {**fields, **delta}
    if merged["mode"] == "off":
        merged["setpoint_c"] = None
    return Desired.model_validate_json(json.dumps(merged))


class Native(Dialect):
    """A device of the wire contract.

    What was asked of it while it was away is read from its shadow on connecting.
    """

    def __init__(self, device_id: str) -> None:
        self._device_id = device_id
        self._known = Reported()
        self._version = 0
        self._last_desired: Desired | None = None

    @property
    @override
    def subscriptions(self) -> Sequence[str]:
        return [topics.shadow(self._device_id, name) for name in ("update/delta", "get/accepted")]

    @property
    @override
    def will(self) -> Message | None:
        return None

    @override
    def greet(self) -> Sequence[Message]:
        self._version = 0  # a shadow that was made anew meanwhile counts from 1 again
        return (Message(topics.shadow(self._device_id, "get"), b""),)

    @override
    def say(self, rows: Sequence[Row]) -> Sequence[Message]:
        payload = encode(rows[0] if len(rows) == 1 else rows)
        return (Message(topics.telemetry(self._device_id), payload),)

    @override
    def confirm(self, reported: Reported) -> Sequence[Message]:
        self._known = reported
        document = update_document(reported=reported)
        return (Message(topics.shadow(self._device_id, "update"), document),)

    @override
    def tell(self, event: Event) -> Sequence[Message]:
        return (Message(topics.event(self._device_id), event.model_dump_json().encode()),)

    @override
    def hear(self, topic: str, payload: bytes) -> Heard:
        desired = self._read(topic, json.loads(payload))
        if desired is None or desired == self._last_desired:
            return NOTHING
        self._last_desired = desired
        return Heard(desired)

    def _read(self, topic: str, document: dict[str, Any]) -> Desired | None:
        """What is desired, unless the document is older than one already read or asks for nothing."""
        version = int(document.get("version", 0))
        if version < self._version:
            return None
        self._version = version
        state = document["state"]
        if topic.endswith("/delta"):
            return merge_delta(self._known, state)
        return Desired.model_validate_json(json.dumps(state["desired"])) if state.get("delta") else None
