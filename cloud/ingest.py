"""Ingest: judge what came in and say what to write; pure, so that any stream and any store can carry it.

The broker guarantees that the id in a topic is the publisher's own (or that of a device registered behind
the publishing gateway); here the ids inside the payload are held against it. What is refused becomes a dead
letter with a reason, never silence.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeAlias, cast

import pyarrow as pa
from msgspec.structs import astuple
from pydantic import ValidationError

from cloud.ports.ingest import InboundMessage, Registration, Registrations
from cloud.ports.telemetry import DeadLetter, IngestCommit
from cloud.reading_columns import ReadingColumns, batch_of_columns
from cloud.reading_decoder import MAX_SEQ, WireReading, decode, instants
from cloud.reading_rows import Row, row_of
from edge.contract import MAX_PAYLOAD_BYTES, Event, Refusal, Telemetry, read_telemetry
from edge.contract.quantities import DEVICE_ID_PATTERN
from edge.contract.telemetry import describe
from edge.contract.topics import owner

TURNED_ROWS = 500
"""Readings are judged and turned into columns so many at a time: they are still in the cache [readings]."""

_Decoded: TypeAlias = tuple[InboundMessage, list[WireReading] | None]


DELETED = "unknown device: it was deleted by its people, so what it says is not kept"
"""The reason of dead letters that have no element."""

NOT_LET_IN = "found by its gateway and not let in: its people have to confirm it first"
"""Likewise: once for each gateway, since nothing of what it says may be kept."""


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
    round_.take(messages)
    return IngestCommit(round_.readings(), round_.events, round_.dead_letters, now)


_DEVICE_ID = re.compile(DEVICE_ID_PATTERN)


@dataclass(slots=True)
class _Sender:
    """Who publishes on a topic, and for which devices it may speak as far as was asked."""

    principal: str
    in_batches: bool
    of_events: bool
    speaks_for: set[str] = field(default_factory=set[str])


@dataclass(slots=True)
class _Round:
    """What is known of these messages so far; the devices of one round are looked up once."""

    registrations: Registrations
    now: datetime
    events: list[Event] = field(default_factory=list[Event])
    dead_letters: list[DeadLetter] = field(default_factory=list[DeadLetter])
    _rows: list[Row] = field(default_factory=list[Row])
    _times_ms: list[int] = field(default_factory=list[int])
    _parts: list[pa.RecordBatch] = field(default_factory=list[pa.RecordBatch])
    _senders: dict[str, "_Sender"] = field(default_factory=dict[str, "_Sender"])
    _known: dict[str, Registration | None] = field(default_factory=dict[str, Registration | None])
    _deleted: dict[str, bool] = field(default_factory=dict[str, bool])

    def take(self, messages: Sequence[InboundMessage]) -> None:
        """Judge messages in order: quickly where the decoder says yes to a whole message."""
        group: list[_Decoded] = []
        waiting = 0
        for message in messages:
            readings = None if self._sender(message.topic).of_events else decode(message.payload)
            group.append((message, readings))
            waiting += len(readings or ())
            if waiting >= TURNED_ROWS:
                self._take_group(group)
                group, waiting = [], 0
        self._take_group(group)

    def readings(self) -> ReadingColumns:
        """What was accepted."""
        self._turn()
        return ReadingColumns(pa.concat_batches(self._parts))

    def _take_group(self, group: Sequence[_Decoded]) -> None:
        times_ms = instants([each.sampled_at for _, readings in group for each in readings or ()])
        first = 0
        for message, readings in group:
            if readings is None:
                self._take_slowly(message)
                continue
            moments = times_ms[first : first + len(readings)]
            first += len(readings)
            if None in moments or not self._admits(self._senders[message.topic], readings):
                self._take_slowly(message)
            else:
                self._rows += map(astuple, readings)
                self._times_ms += cast("list[int]", moments)
        if len(self._rows) >= TURNED_ROWS:
            self._turn()

    def _turn(self) -> None:
        """Make columns of the rows so far."""
        columns: list[Sequence[object]] = list(zip(*self._rows, strict=True))
        columns[1:2] = [self._times_ms] if columns else []
        self._parts.append(batch_of_columns(columns))
        self._rows, self._times_ms = [], []

    def _sender(self, topic: str) -> "_Sender":
        sender = self._senders.get(topic)
        if sender is None:
            sender = self._senders[topic] = _Sender(
                owner(topic), in_batches=topic.endswith("/batch"), of_events=topic.endswith("/event")
            )
        return sender

    def _admits(self, sender: "_Sender", readings: Sequence[WireReading]) -> bool:
        """Whether the sender may say all this; `motion` is taken out where nobody consents to it."""
        for each in readings:
            if each.device_id not in sender.speaks_for and not self._may_speak(sender, each.device_id):
                return False
            if each.motion is not None and not self._consents(each.device_id):
                each.motion = None
        return True

    def _may_speak(self, sender: "_Sender", device_id: str) -> bool:
        registration = self._find(device_id)
        if registration is None or not registration.let_in:
            return False
        if sender.principal != (registration.gateway_id if sender.in_batches else device_id):
            return False
        sender.speaks_for.add(device_id)
        return True

    def _find(self, device_id: str) -> Registration | None:
        if device_id not in self._known:
            is_one = _DEVICE_ID.fullmatch(device_id)
            self._known[device_id] = self.registrations.find(device_id) if is_one else None
        return self._known[device_id]

    def _consents(self, device_id: str) -> bool:
        registration = self._find(device_id)
        return registration is not None and registration.share_presence

    def _take_slowly(self, message: InboundMessage) -> None:
        if message.topic.endswith("/event"):
            self.take_event(message)
        else:
            self.take_readings(message)

    def take_readings(self, message: InboundMessage) -> None:
        """Judge each element by the contract's own model, and say what is wrong with it."""
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
        """Judge an event."""
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
        row = row_of(self._with_consent(reading))
        self._rows.append((*row, None))
        self._times_ms.append(row[1])
        return ""

    def _fault_of_owner(self, device_id: str, principal: str) -> str:
        if device_id != principal:
            return f"device_id: {device_id!r} is not the publisher {principal!r}"
        return _fault_of_guest(self._find(device_id))

    def _fault_of_gateway(self, device_id: str, principal: str) -> str:
        registration = self._find(device_id)
        if registration is not None and registration.gateway_id != principal:
            return f"not registered behind gateway {principal!r}"
        return _fault_of_guest(registration)

    def _with_consent(self, reading: Telemetry) -> Telemetry:
        if reading.motion is None or self._consents(reading.device_id):
            return reading
        return reading.model_copy(update={"motion": None})

    def _refuse(self, message: InboundMessage, refusal: Refusal) -> None:
        """Keep what is refused; of a deleted device only that it speaks still: once, with a count."""
        if refusal.reason == NOT_LET_IN:
            refusal = Refusal(NOT_LET_IN, None, b"")
        elif any(map(self._is_deleted, {owner(message.topic), *_named(refusal.element)})):
            refusal = Refusal(DELETED, None, b"")
        self.dead_letters.append(dead_letter(message, refusal, self.now))

    def _is_deleted(self, device_id: str) -> bool:
        if device_id not in self._deleted:
            is_known = self._find(device_id) is not None
            self._deleted[device_id] = not is_known and self.registrations.was_deleted(device_id)
        return self._deleted[device_id]


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


def _named(element: bytes) -> set[str]:
    """The devices that an element names; none if it is no JSON."""
    try:
        document = json.loads(element)
    except (ValueError, RecursionError):
        return set()
    named = (each.get("device_id") for each in _objects(document))
    return {each for each in named if isinstance(each, str) and _DEVICE_ID.fullmatch(each)}


def _objects(document: object) -> Iterator[dict[str, Any]]:
    for each in document if isinstance(document, list) else [document]:
        if isinstance(each, dict):
            yield each


def _fault_of_guest(registration: Registration | None) -> str:
    if registration is None:
        return "unknown device"
    return "" if registration.let_in else NOT_LET_IN


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
