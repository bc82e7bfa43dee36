"""The gateway: judges what devices say, makes it durable, and only then lets it be acknowledged."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from pydantic import TypeAdapter, ValidationError

from edge.contract import DeviceId, Event, Refusal, Telemetry, topics
from edge.contract.telemetry import describe
from edge.dialects import native
from edge.errors import DevicesUnavailableError
from edge.packing import MAX_JOINED_BYTES, split
from edge.ports import STRANGER, Clock, DeadLetter, Devices, Entry, Intake, Message, Parcel, Spool
from edge.registry import Registry
from edge.repeats import Repeats
from edge.shadow_desk import ANSWER, DELTA, ShadowDesk

log = structlog.get_logger()

CLOUD = "cloud"
"""The principal of dead letters that came down instead of up."""

PRESENCE = {"motion"}
"""Fields that say whether somebody is home: they leave the site only with consent."""

_reading = TypeAdapter(Telemetry)
_event = TypeAdapter(Event)


@dataclass(slots=True)
class _Round:
    entries: list[Entry] = field(default_factory=list[Entry])
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict[str, DeadLetter])


class Gateway:
    """Everything between a message's arrival and its acknowledgement.

    Args:
        registry: The devices behind this gateway.
        spool: Where what was accepted waits for the cloud.
        devices: The way to the devices.
        desk: Their shadows.
        clock: What time it is for a device.
        received_at: The wall's time, for dead letters.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        spool: Spool,
        devices: Devices,
        desk: ShadowDesk,
        clock: Clock,
        received_at: Callable[[], datetime],
    ) -> None:
        self._registry = registry
        self._spool = spool
        self._devices = devices
        self._desk = desk
        self._clock = clock
        self._received_at = received_at
        self._repeats = Repeats()
        self._known = set(registry)
        self._left = set[DeviceId]()

    @property
    def repeats_dropped(self) -> int:
        """Readings that had come before with the very same content."""
        return self._repeats.dropped

    def receive(self, messages: Sequence[Message], refused: Sequence[DeadLetter] = ()) -> int:
        """Judge a round of messages in order and make the outcome durable; then tell the devices.

        With no messages it only looks at the time. `refused` is what was refused before it came here.

        Returns:
            How many entries for the cloud are new in the spool.

        Raises:
            SpoolFullError: Nothing was kept: do not acknowledge, receive the same messages again later.
            SpoolUnavailableError: Likewise.
        """
        kept = False
        try:
            intake, orders = self._judge_all(messages, refused)
            if intake.entries or intake.dead_letters or intake.notes:
                self._spool.commit(intake)
            kept = True
        finally:
            self._close_round(kept=kept)
        self._tell(orders)
        return len(intake.entries)

    def follow_registry(self) -> None:
        """Devices came or went: of those that went nothing is kept."""
        self._left = (self._left | self._known) - self._registry.keys()
        self._known = set(self._registry)
        self._desk.keep_only(self._registry)

    def tell_again(self) -> None:
        """The site is back: tell devices what they have not confirmed."""
        self._tell(self._desk.unconfirmed())

    def _judge_all(
        self, messages: Sequence[Message], refused: Sequence[DeadLetter]
    ) -> tuple[Intake, list[Parcel]]:
        round_ = _Round(dead_letters={letter.letter_id: letter for letter in refused})
        for message in messages:
            self._judge(message, round_)
        self._desk.look_at_the_time()
        outcome = self._desk.outcome()
        letters = tuple(round_.dead_letters.values())
        return Intake((*round_.entries, *outcome.entries), letters, outcome.notes()), outcome.orders

    def _close_round(self, *, kept: bool) -> None:
        if kept:
            self._repeats.settle()
            self._desk.settle()
        else:
            self._repeats.forget()
            self._desk.forget()

    def _tell(self, orders: Sequence[Parcel]) -> None:
        if not orders:
            return
        try:
            self._devices.tell(orders)
        except DevicesUnavailableError as error:
            log.warning("devices_not_told", orders=len(orders), reason=str(error))

    def _judge(self, message: Message, round_: _Round) -> None:
        owner = topics.owner(message.topic)
        if owner not in self._registry:
            reason = f"{owner} {STRANGER}"
            payload = (
                b"" if owner in self._left else message.payload
            )  # a deleted one may have been on its way
            self._bury(round_, message.topic, owner, [Refusal(reason, None, payload)])
        elif message.topic.endswith((DELTA, ANSWER)):
            self._judge_cloud(message, round_)
        else:
            self._judge_site(message, round_)

    def _judge_cloud(self, message: Message, round_: _Round) -> None:
        try:
            self._desk.hear_cloud(message)
        except ValidationError as error:
            self._bury(round_, message.topic, CLOUD, [Refusal(describe(error), None, message.payload)])

    def _judge_site(self, message: Message, round_: _Round) -> None:
        heard = native.hear(message)
        refusals = list(heard.refusals)
        if heard.readings:
            self._clock.observe(heard.device_id, max(reading.sampled_at for reading in heard.readings))
            refusals += self._accept(heard.device_id, heard.readings, round_)
            self._desk.hear_readings(heard.device_id, heard.readings)
        round_.entries += [
            Entry(heard.device_id, "event", _event.dump_json(event, exclude_defaults=True))
            for event in heard.events
        ]
        if heard.report is not None:
            self._desk.hear_report(heard.device_id, heard.report)
        if heard.asks_for_shadow:
            self._desk.answer(heard.device_id)
        self._bury(round_, message.topic, heard.device_id, refusals)

    def _accept(self, device_id: DeviceId, readings: Sequence[Telemetry], round_: _Round) -> list[Refusal]:
        """Keep what is new; a reading too long for any message to the cloud is refused."""
        hidden = None if self._registry[device_id].share_presence else PRESENCE
        fresh: list[bytes] = []
        refusals = []
        for reading in readings:
            body = _reading.dump_json(reading, exclude_defaults=True, exclude=hidden)
            if len(body) > MAX_JOINED_BYTES:
                reason = f"reading of {len(body)} bytes, at most {MAX_JOINED_BYTES}"
                refusals.append(Refusal(reason, None, body))
            elif not self._repeats.is_repeat(device_id, reading.sampled_at, body):
                fresh.append(body)
        round_.entries += [Entry(device_id, "readings", run, count) for count, run in split(fresh)]
        return refusals

    def _bury(self, round_: _Round, topic: str, principal: str, refusals: Sequence[Refusal]) -> None:
        for refusal in refusals:
            letter_id = _letter_id(topic, refusal)
            round_.dead_letters[letter_id] = DeadLetter(
                letter_id=letter_id,
                received_at=self._received_at(),
                topic=topic,
                principal=principal,
                reason=refusal.reason,
                index=refusal.index,
                element=refusal.element,
            )


def _letter_id(topic: str, refusal: Refusal) -> str:
    digest = hashlib.blake2b(f"{topic}\n{refusal.index}\n".encode(), digest_size=16)
    digest.update(refusal.element)
    return digest.hexdigest()
