"""The shadow desk: where what the cloud asks and what devices confirm meet, and etiquette decides.

It changes nothing by itself: a round of messages is heard, its outcome taken and made durable, then settled
(or forgotten, when the disk refuses and the same messages come again).
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from edge import etiquette, shadow_sync
from edge.authorship import attribute
from edge.compressor import Compressor, work_of
from edge.contract import Desired, DeviceId, Event, EventKind, Telemetry, topics
from edge.heard import Report
from edge.offline import OfflineAdvice
from edge.ports import Clock, Entry, Message, Parcel
from edge.read_back import ReadBack, is_confirmed
from edge.registry import Registration, Registry
from edge.shadow_sync import Delta, DeviceShadow, Document, Settings
from edge.windows import Windows

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
        superseded: Commands that were overtaken before their device had done them.
    """

    orders: list[Parcel] = field(default_factory=list[Parcel])
    entries: list[Entry] = field(default_factory=list[Entry])
    shadows: dict[DeviceId, DeviceShadow] = field(default_factory=dict[DeviceId, DeviceShadow])
    refused: int = 0
    superseded: int = 0

    def notes(self) -> dict[DeviceId, bytes]:
        """The shadows, as they are kept on disk."""
        return {
            device_id: shadow.model_dump_json(exclude_defaults=True).encode()
            for device_id, shadow in self.shadows.items()
        }


class ShadowDesk:
    """The gateway's side of its devices' shadows.

    Args:
        registry: The devices behind the gateway.
        clock: What time it is for a device.
        limits: What etiquette holds every device to.
        notes: What was noted of each device before.
        wall_now: The wall's time (UTC): by it devices confirm, or do not.
        offline: What to advise while the cloud is away.

    Attributes:
        refused: Commands that were kept from a device, or not confirmed by it, since the start.
        resent: Commands that were sent once more, since the start.
        superseded: Commands that something newer overtook before their device had done them, since the start.
    """

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        limits: etiquette.Limits,
        notes: Mapping[DeviceId, bytes],
        wall_now: Callable[[], datetime],
        offline: OfflineAdvice,
    ) -> None:
        self.refused = 0
        self.resent = 0
        self.superseded = 0
        self._registry = registry
        self._clock = clock
        self._limits = limits
        self._wall_now = wall_now
        self._offline = offline
        self._read_back = ReadBack()
        self._indoor_c: dict[DeviceId, float] = {}
        self._windows: dict[DeviceId, Windows] = {}
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

    def hear_readings(self, device_id: DeviceId, readings: Sequence[Telemetry]) -> None:
        """What the air in a room tells: how hot it is, and whether its window stands open."""
        windows = self._windows.setdefault(device_id, Windows())
        for reading in readings:
            if reading.indoor_dry_bulb_c is not None:
                self._indoor_c[device_id] = reading.indoor_dry_bulb_c
            change = windows.observe(reading)
            if change is not None:
                at = reading.sampled_at
                self._tell_cloud(device_id, change, at.isoformat(), {"seen_by": "gateway"}, at)
        self._advise_offline(device_id, readings)

    def hear_report(self, device_id: DeviceId, heard: Report) -> None:
        """A device confirms something, or says (or shows) that somebody has changed it."""
        before, now = self.shadow(device_id), self._clock.now(device_id)
        report = attribute(before, heard)
        after = shadow_sync.report(before, report.reported, clears_desired=report.clears_desired)
        if work_of(before.reported.mode) != work_of(after.reported.mode) and before.reported.mode is not None:
            after = after.model_copy(update={"switched_at": now})
        if etiquette.is_persons_change(before, after.reported, now, self._clock.lag(device_id)):
            registration = self._registry[device_id]
            until = etiquette.hold_until(now, registration.timezone, registration.schedule_min)
            after = after.model_copy(update={"granted": None, "expiry_seen_at": None, "hold_until": until})
            self._tell_superseded(device_id, before, Settings.of(after.reported), now)
        self._outcome.shadows[device_id] = after
        self._outcome.entries.append(Entry(device_id, "report", report.body))
        if report is not heard:
            change = Settings.of(after.reported).model_dump(exclude_none=True)
            detail = {**change, "changed_by": after.reported.changed_by, "seen_by": "gateway"}
            self._tell_cloud(device_id, "setpoint_changed", f"{now.isoformat()} {detail}", detail, now)

    def answer(self, device_id: DeviceId) -> None:
        """A device asks for its shadow."""
        payload = shadow_sync.answer_payload(self.shadow(device_id), self._clock.now(device_id))
        self._outcome.orders.append(Parcel(topics.shadow(device_id, ANSWER), payload))

    def look_at_the_time(self) -> None:
        """End what has expired or heats a room; tell again what was not confirmed in time."""
        for device_id in {**self._settled, **self._outcome.shadows}:
            shadow = self.shadow(device_id)
            if device_id not in self._registry or shadow.granted is None:
                continue
            if shadow.granted.expires_at is not None or shadow.granted.requested_by == "advisor":
                self._expire(device_id, shadow, self._clock.now(device_id))
        for device_id, granted, again in self._read_back.overdue(self._wall_now()):
            self._insist(device_id, granted, again=again)

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
        self.superseded += self._outcome.superseded
        self._outcome = Outcome()

    def forget(self) -> None:
        """The outcome is not on disk: the same messages come again."""
        self._outcome = Outcome()

    def keep_only(self, device_ids: Collection[DeviceId]) -> None:
        """Forget the devices that are not among these."""
        for device_id in self._settled.keys() - set(device_ids):
            del self._settled[device_id]
        for device_id in self._windows.keys() - set(device_ids):
            del self._windows[device_id]
            self._indoor_c.pop(device_id, None)
        self._offline.keep_only({each.device_id for each in self._registry.values() if each.offline_advice})

    def _advise_offline(self, device_id: DeviceId, readings: Sequence[Telemetry]) -> None:
        """The cloud's commands are not judged anew for it: what it asks for when it is back still counts."""
        shadow, now = self.shadow(device_id), self._clock.now(device_id)
        wish = self._offline.hear(self._registry[device_id], readings, shadow, now)
        if wish is None:
            return
        verdict = etiquette.judge(wish, self._situation(device_id, shadow, now), self._limits)
        if isinstance(verdict, etiquette.Granted):
            self._grant(device_id, shadow, verdict, now)

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
        verdict = etiquette.judge(desired, self._situation(device_id, shadow, now), self._limits)
        if isinstance(verdict, etiquette.Refused):
            self._refuse(device_id, shadow, fields, verdict.reason)
        else:
            self._grant(device_id, shadow, verdict, now)

    def _situation(self, device_id: DeviceId, shadow: DeviceShadow, now: datetime) -> etiquette.Situation:
        registration = self._registry[device_id]
        others = [self.shadow(other) for other in self._neighbours(registration)]
        switches = [each.switched_at for each in (shadow, *others) if each.switched_at is not None]
        compressor = Compressor(
            shadow.reported.mode,
            tuple(each.reported.mode for each in others if each.reported.mode is not None),
            max(switches, default=None),
        )
        return etiquette.Situation(shadow, registration, now, self._indoor_c.get(device_id), compressor)

    def _neighbours(self, registration: Registration) -> list[DeviceId]:
        """The other units on the same compressor."""
        if registration.compressor is None:
            return []
        units = (each for each in self._registry.values() if each.compressor == registration.compressor)
        return [unit.device_id for unit in units if unit.device_id != registration.device_id]

    def _grant(
        self, device_id: DeviceId, shadow: DeviceShadow, verdict: etiquette.Granted, now: datetime
    ) -> None:
        beeps = etiquette.recent_beeps(shadow.beeps, now)
        self._tell_superseded(device_id, shadow, Settings.of(verdict.desired), now)
        is_replaced = self._take_back(device_id)
        update = {
            "granted": verdict.desired,
            "expiry_seen_at": None,
            "beeps": (*beeps, now) if verdict.beeps and not is_replaced else beeps,
        }
        self._outcome.shadows[device_id] = shadow.model_copy(update=update)
        self._order(device_id, shadow, verdict.desired, now)

    def _tell_superseded(
        self, device_id: DeviceId, shadow: DeviceShadow, by: Settings, now: datetime
    ) -> None:
        """Whoever asked for what is overtaken hears so: nobody waits for a read-back that cannot come."""
        overtaken = shadow_sync.overtaken(shadow, by, now)
        if overtaken is not None:
            self._tell_result(device_id, overtaken, overtaken, "superseded", now)
            self._outcome.superseded += 1

    def _take_back(self, device_id: DeviceId) -> bool:
        """Of commands in one round the device gets the last alone, with one beep."""
        topic = topics.shadow(device_id, DELTA)
        kept = [order for order in self._outcome.orders if order.topic != topic]
        is_replaced = len(kept) < len(self._outcome.orders)
        self._outcome.orders[:] = kept
        return is_replaced

    def _order(self, device_id: DeviceId, shadow: DeviceShadow, desired: Desired, now: datetime) -> None:
        self._read_back.told(device_id, desired, self._wall_now())
        self._outcome.orders.append(_order(device_id, shadow, desired, now))

    def _insist(self, device_id: DeviceId, granted: Desired, *, again: bool) -> None:
        """A device has not confirmed in time: tell it again if that is still proper, else say so."""
        shadow = self.shadow(device_id)
        if device_id not in self._registry or shadow.granted != granted or is_confirmed(shadow, granted):
            self._read_back.drop(device_id)
            return
        now = self._clock.now(device_id)
        verdict = etiquette.judge(granted, self._situation(device_id, shadow, now), self._limits)
        if again and isinstance(verdict, etiquette.Granted):
            self.resent += 1
            self._grant(device_id, shadow, verdict, now)
        else:
            self._read_back.drop(device_id)
            self._refuse(device_id, shadow, {"command_id": granted.command_id}, "not_confirmed")

    def _refuse(
        self,
        device_id: DeviceId,
        shadow: DeviceShadow,
        fields: Mapping[str, object],
        reason: etiquette.Reason,
    ) -> None:
        """Tell the cloud that a command was refused; the same refusal always has the same event id."""
        self._outcome.shadows[device_id] = shadow
        at = self._clock.now(device_id)
        self._tell_result(device_id, str(shadow.judged), fields.get("command_id"), reason, at)
        self._outcome.refused += 1

    def _tell_result(
        self, device_id: DeviceId, which: str, command_id: object, reason: etiquette.Reason, at: datetime
    ) -> None:
        detail = {"command_id": command_id, "result": "rejected", "reason": reason}
        self._tell_cloud(device_id, "command_result", which, detail, at)

    def _tell_cloud(
        self, device_id: DeviceId, kind: EventKind, which: str, detail: Mapping[str, object], at: datetime
    ) -> None:
        """Queue an event of ours; the same occurrence always has the same id."""
        digest = hashlib.blake2b(f"{device_id}\n{which}".encode(), digest_size=12).hexdigest()
        event = Event(
            device_id=device_id, event_id=f"edge-{digest}", occurred_at=at, kind=kind, detail=dict(detail)
        )
        self._outcome.entries.append(Entry(device_id, "event", event.model_dump_json().encode()))

    def _expire(self, device_id: DeviceId, shadow: DeviceShadow, now: datetime) -> None:
        situation = self._situation(device_id, shadow, now)
        end = etiquette.end_for_heat(situation, self._limits) or etiquette.expire(situation, self._limits)
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
            self._order(device_id, shadow, end.back_to, now)


def _order(device_id: DeviceId, shadow: DeviceShadow, desired: Desired, now: datetime) -> Parcel:
    return Parcel(topics.shadow(device_id, DELTA), shadow_sync.delta_payload(desired, shadow.version, now))
