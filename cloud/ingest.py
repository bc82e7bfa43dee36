"""Ingest: judge what came in and say what to write; pure, so that any stream and any store can carry it.

The broker guarantees that the id in a topic is the publisher's own (or that of a device registered behind
the publishing gateway); here the ids inside the payload are held against it. What is refused becomes a dead
letter with a reason, never silence.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from cloud.ports.ingest import InboundMessage, Registrations
from cloud.ports.telemetry import DeadLetter, IngestCommit
from edge.contract import MAX_PAYLOAD_BYTES, Event, Refusal, Telemetry, read_telemetry
from edge.contract.telemetry import describe
from edge.contract.topics import owner

MAX_SEQ = 2**63 - 1
"""The largest `seq` that a 64-bit column holds."""


def ingest(messages: Sequence[InboundMessage], registrations: Registrations, now: datetime) -> IngestCommit:
    """What the messages of one round bring.

    Args:
        messages: In order of arrival; topics `dt/ac/<id>/telemetry`, `…/batch` and `…/event`.
        registrations: The known devices.
        now: When they arrived (UTC).

    Returns:
        The accepted readings and events in order, `motion` only where the home consents to it, and a dead
        letter for each element that was refused.

    Raises:
        UnavailableError: The registrations cannot be read; ingest the same messages again.
    """
    round_ = _Round(registrations, now)
    for message in messages:
        if message.topic.endswith("/event"):
            round_.take_event(message)
        else:
            round_.take_readings(message)
    return IngestCommit(round_.readings, round_.events, round_.dead_letters, now)


@dataclass(slots=True)
class _Round:
    registrations: Registrations
    now: datetime
    readings: list[Telemetry] = field(default_factory=list[Telemetry])
    events: list[Event] = field(default_factory=list[Event])
    dead_letters: list[DeadLetter] = field(default_factory=list[DeadLetter])

    def take_readings(self, message: InboundMessage) -> None:
        principal = owner(message.topic)
        in_batch = message.topic.endswith("/batch")
        accepted, refusals = read_telemetry(message.payload)
        for refusal in refusals:
            self._refuse(message, refusal)
        for number, reading in enumerate(accepted):
            fault = self._place(reading, principal, in_batch=in_batch)
            if fault:
                index = _index_of(number, message.payload, refusals)
                element = reading.model_dump_json(exclude_unset=True).encode()
                self._refuse(message, Refusal(fault, index, element))

    def take_event(self, message: InboundMessage) -> None:
        try:
            event = _read_event(message.payload)
            fault = self._fault_of_owner(event.device_id, owner(message.topic))
        except ValidationError as error:
            self._refuse(message, Refusal(describe(error), None, message.payload))
        except _TooLargeError as error:
            self._refuse(message, Refusal(str(error), None, message.payload))
        else:
            if fault:
                self._refuse(message, Refusal(fault, None, message.payload))
            else:
                self.events.append(event)

    def _place(self, reading: Telemetry, principal: str, *, in_batch: bool) -> str:
        """Accept a reading, or say what speaks against it."""
        fault = (
            self._fault_of_gateway(reading.device_id, principal)
            if in_batch
            else self._fault_of_owner(reading.device_id, principal)
        )
        if fault:
            return fault
        if reading.seq is not None and reading.seq > MAX_SEQ:
            return f"seq: larger than {MAX_SEQ}"
        self.readings.append(self._with_consent(reading))
        return ""

    def _fault_of_owner(self, device_id: str, principal: str) -> str:
        if device_id != principal:
            return f"device_id: {device_id!r} is not the publisher {principal!r}"
        return "" if self.registrations.find(device_id) else "unknown device"

    def _fault_of_gateway(self, device_id: str, principal: str) -> str:
        registration = self.registrations.find(device_id)
        if registration is None:
            return "unknown device"
        if registration.gateway_id != principal:
            return f"not registered behind gateway {principal!r}"
        return ""

    def _with_consent(self, reading: Telemetry) -> Telemetry:
        if reading.motion is None:
            return reading
        registration = self.registrations.find(reading.device_id)
        if registration is not None and registration.share_presence:
            return reading
        return reading.model_copy(update={"motion": None})

    def _refuse(self, message: InboundMessage, refusal: Refusal) -> None:
        self.dead_letters.append(dead_letter(message, refusal, self.now))


class _TooLargeError(ValueError):
    """An event over the contract's limit."""

    def __init__(self, size: int) -> None:
        super().__init__(f"payload of {size} bytes, at most {MAX_PAYLOAD_BYTES}")


def _read_event(payload: bytes) -> Event:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise _TooLargeError(len(payload))
    return Event.model_validate_json(payload)


def _index_of(number: int, payload: bytes, refusals: Sequence[Refusal]) -> int | None:
    """Where the accepted reading `number` stood in its array; None when the payload is a single reading."""
    if payload.lstrip()[:1] != b"[":
        return None
    refused = {refusal.index for refusal in refusals}
    return [place for place in range(number + len(refused) + 1) if place not in refused][number]


def _without_motion(element: bytes) -> bytes:
    """The element without `motion`: nobody has consented to keep that of a stranger."""
    if b'"motion"' not in element:
        return element
    try:
        document = json.loads(element)
    except (ValueError, RecursionError):
        return element
    for each in _objects(document):
        each.pop("motion", None)
    return json.dumps(document, separators=(",", ":")).encode()


def _objects(document: object) -> Iterator[dict[str, Any]]:
    for each in document if isinstance(document, list) else [document]:
        if isinstance(each, dict):
            yield each


def dead_letter(message: InboundMessage, refusal: Refusal, now: datetime) -> DeadLetter:
    """What is kept of a message, or of an element of it, that is refused at `now`; never its `motion`."""
    element = _without_motion(refusal.element)
    identity = b"\0".join((message.topic.encode(), str(refusal.index).encode(), element))
    return DeadLetter(
        letter_id=sha256(identity).hexdigest(),
        received_at=now,
        topic=message.topic,
        principal=owner(message.topic),
        reason=refusal.reason,
        index=refusal.index,
        element=element,
    )
