"""The shadow desk: where what the cloud asks and what devices confirm meet, and etiquette decides.

It changes nothing by itself: a round of messages is heard, its outcome taken and made durable, then settled
(or forgotten, when the disk refuses and the same messages come again).
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from edge import etiquette, shadow_sync
from edge.contract import Desired, DeviceId, Event, topics
from edge.heard import Report
from edge.ports import Clock, Entry, Message, Parcel
from edge.registry import Registry
from edge.shadow_sync import Delta, DeviceShadow, Document

DELTA, ANSWER = "update/delta", "get/accepted"
"""The topics, after `.../shadow/`, on which the cloud and the gateway say what is desired."""


@dataclass(slots=True)
class Outcome:
    """What a round of messages leads to.

    Attributes:
        orders: What devices on the site are told, once the rest is durable.
        entries: What goes to the cloud.
        shadows: What is known now of the devices that were concerned.
        refused: Commands that etiquette kept from a device.
    """

    orders: list[Parcel] = field(default_factory=list[Parcel])
    entries: list[Entry] = field(default_factory=list[Entry])
    shadows: dict[DeviceId, DeviceShadow] = field(default_factory=dict[DeviceId, DeviceShadow])
    refused: int = 0

    def notes(self) -> dict[DeviceId, bytes]:
        """The shadows, as they are kept on disk."""
        return {
            device_id: shadow.model_dump_json(exclude_defaults=True).encode()
            for device_id, shadow in self.shadows.items()
        }


class ShadowDesk:
    """The gateway's side of its devices' shadows.

    Attributes:
        refused: Commands that were kept from a device since the start.
    """

    def __init__(
        self, registry: Registry, clock: Clock, max_beeps_per_hour: int, notes: Mapping[DeviceId, bytes]
    ) -> None:
        self.refused = 0
        self._registry = registry
        self._clock = clock
        self._max_beeps_per_hour = max_beeps_per_hour
        self._settled = {
            device_id: DeviceShadow.model_validate_json(note) for device_id, note in notes.items()
        }
        self._outcome = Outcome()

    def hear_cloud(self, message: Message) -> None:
        """A delta, or an answer to our question for a whole shadow.

        Raises:
            ValidationError: It is neither.
        """
        _, _, device_id, purpose = message.topic.split("/", 3)
        if purpose == "shadow/" + DELTA:
            self._hear_delta(device_id, Delta.model_validate_json(message.payload))
        else:
            self._hear_document(device_id, Document.model_validate_json(message.payload))

    def hear_report(self, device_id: DeviceId, report: Report) -> None:
        """A device confirms something, or says that somebody has changed it."""
        before, now = self.shadow(device_id), self._clock.now(device_id)
        after = shadow_sync.report(before, report.reported, clears_desired=report.clears_desired)
        if etiquette.is_persons_change(before, after.reported, now, self._clock.lag(device_id)):
            registration = self._registry[device_id]
            until = etiquette.hold_until(now, registration.timezone, registration.schedule_min)
            after = after.model_copy(update={"granted": None, "expiry_seen_at": None, "hold_until": until})
        self._outcome.shadows[device_id] = after
        self._outcome.entries.append(Entry(device_id, "report", report.body))

    def answer(self, device_id: DeviceId) -> None:
        """A device asks for its shadow."""
        payload = shadow_sync.answer_payload(self.shadow(device_id), self._clock.now(device_id))
        self._outcome.orders.append(Parcel(topics.shadow(device_id, ANSWER), payload))

    def look_at_the_time(self) -> None:
        """End what has expired: devices that did not go back by themselves are sent back."""
        for device_id in {**self._settled, **self._outcome.shadows}:
            shadow = self.shadow(device_id)
            if device_id not in self._registry or shadow.granted is None:
                continue
            if shadow.granted.expires_at is not None:
                self._expire(device_id, shadow, self._clock.now(device_id))

    def unconfirmed(self) -> list[Parcel]:
        """What devices were told and have not confirmed: told again when the site is back."""
        orders = []
        for device_id, shadow in self._settled.items():
            granted, now = shadow.granted, self._clock.now(device_id)
            if granted is None or granted.command_id == shadow.reported.command_id:
                continue
            if device_id not in self._registry:
                continue  # it has just left
            if granted.expires_at is None or now < granted.expires_at:
                orders.append(_order(device_id, shadow, granted, now))
        return orders

    def shadow(self, device_id: DeviceId) -> DeviceShadow:
        """What is known of a device, this round included."""
        known = self._outcome.shadows.get(device_id) or self._settled.get(device_id)
        return DeviceShadow() if known is None else known

    def outcome(self) -> Outcome:
        """What has been heard since the last round leads to this."""
        return self._outcome

    def settle(self) -> None:
        """The outcome is on disk."""
        self._settled.update(self._outcome.shadows)
        self.refused += self._outcome.refused
        self._outcome = Outcome()

    def forget(self) -> None:
        """The outcome is not on disk: the same messages come again."""
        self._outcome = Outcome()

    def keep_only(self, device_ids: Collection[DeviceId]) -> None:
        """Forget the devices that are not among these."""
        for device_id in self._settled.keys() - set(device_ids):
            del self._settled[device_id]

    def _hear_delta(self, device_id: DeviceId, delta: Delta) -> None:
        shadow = self.shadow(device_id)
        if delta.version < shadow.version:
            return  # overtaken by a newer one
        fields = shadow_sync.whole_desired(delta.state, shadow)
        self._consider(device_id, fields, shadow.model_copy(update={"version": delta.version}))

    def _hear_document(self, device_id: DeviceId, document: Document) -> None:
        """The whole shadow counts as it is, its version too (a shadow can have been made anew)."""
        shadow = self.shadow(device_id).model_copy(update={"version": document.version})
        self._outcome.shadows[device_id] = shadow
        fields = document.state.desired or {}
        confirmed = (document.state.reported or {}).get("command_id")
        if (
            fields
            and shadow.judged is None
            and confirmed is not None
            and confirmed == fields.get("command_id")
        ):
            self._adopt(device_id, fields, shadow)
        elif fields:
            self._consider(device_id, fields, shadow)

    def _adopt(self, device_id: DeviceId, fields: Mapping[str, object], shadow: DeviceShadow) -> None:
        """A gateway that lost its memory learns of a command that the device obeys already."""
        desired = shadow_sync.read_desired(fields)
        self._outcome.shadows[device_id] = shadow.model_copy(
            update={"desired": desired, "judged": shadow_sync.identity(fields), "granted": desired}
        )

    def _consider(self, device_id: DeviceId, fields: Mapping[str, object], shadow: DeviceShadow) -> None:
        identity = shadow_sync.identity(fields)
        if identity == shadow.judged:
            self._outcome.shadows[device_id] = shadow
            return
        now = self._clock.now(device_id)
        try:
            desired = shadow_sync.read_desired(fields)
        except ValidationError:
            self._refuse(device_id, shadow.model_copy(update={"judged": identity}), fields, "invalid")
            return
        shadow = shadow.model_copy(update={"desired": desired, "judged": identity})
        registration = self._registry[device_id]
        verdict = etiquette.judge(desired, shadow, registration, now, self._max_beeps_per_hour)
        if isinstance(verdict, etiquette.Refused):
            self._refuse(device_id, shadow, fields, verdict.reason)
        else:
            self._grant(device_id, shadow, verdict, now)

    def _grant(
        self, device_id: DeviceId, shadow: DeviceShadow, verdict: etiquette.Granted, now: datetime
    ) -> None:
        beeps = etiquette.recent_beeps(shadow.beeps, now)
        update = {
            "granted": verdict.desired,
            "expiry_seen_at": None,
            "beeps": (*beeps, now) if verdict.beeps else beeps,
        }
        self._outcome.shadows[device_id] = shadow.model_copy(update=update)
        self._outcome.orders.append(_order(device_id, shadow, verdict.desired, now))

    def _refuse(
        self,
        device_id: DeviceId,
        shadow: DeviceShadow,
        fields: Mapping[str, object],
        reason: etiquette.Reason,
    ) -> None:
        """Tell the cloud that a command was refused; the same refusal always has the same event id."""
        digest = hashlib.blake2b(f"{device_id}\n{shadow.judged}".encode(), digest_size=12).hexdigest()
        event = Event(
            device_id=device_id,
            event_id=f"edge-{digest}",
            occurred_at=self._clock.now(device_id),
            kind="command_result",
            detail={"command_id": fields.get("command_id"), "result": "rejected", "reason": reason},
        )
        self._outcome.shadows[device_id] = shadow
        self._outcome.entries.append(Entry(device_id, "event", event.model_dump_json().encode()))
        self._outcome.refused += 1

    def _expire(self, device_id: DeviceId, shadow: DeviceShadow, now: datetime) -> None:
        end = etiquette.expire(shadow, now)
        if end is None:
            return
        if end == "waiting":
            if shadow.expiry_seen_at is None:
                self._outcome.shadows[device_id] = shadow.model_copy(update={"expiry_seen_at": now})
            return
        self._outcome.shadows[device_id] = shadow.model_copy(
            update={"granted": end.back_to, "expiry_seen_at": None}
        )
        if end.back_to is not None:
            self._outcome.orders.append(_order(device_id, shadow, end.back_to, now))


def _order(device_id: DeviceId, shadow: DeviceShadow, desired: Desired, now: datetime) -> Parcel:
    return Parcel(topics.shadow(device_id, DELTA), shadow_sync.delta_payload(desired, shadow.version, now))
