"""Neighbour: an air conditioner that does not speak the wire contract, with all its sources."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from edge.accumulator import SETTINGS, Accumulator, judge
from edge.authorship import Order
from edge.contract import Desired, DeviceId, Mode, topics, write_telemetry
from edge.dialects.dialect import Dialect, InForce
from edge.ports import Message, Parcel


class Neighbour:
    """Turns its messages into the contract's, and the contract's commands into its own.

    Args:
        device_id: Its id.
        dialects: Its sources.
        interval: Between two readings.
    """

    def __init__(self, device_id: DeviceId, dialects: Sequence[Dialect], interval: timedelta) -> None:
        self._device_id = device_id
        self._dialects = dialects
        self._known = Accumulator(device_id, interval)
        self._reported: InForce | None = None
        self._order: Order | None = None

    @property
    def routes(self) -> Mapping[str, Dialect]:
        """Its dialects by the topics on which they are heard."""
        return {topic: dialect for dialect in self._dialects for topic in dialect.filters}

    @property
    def called(self) -> str:
        """What it calls itself; empty: it does not say."""
        return next((dialect.called for dialect in self._dialects if dialect.called), "")

    @property
    def modes(self) -> tuple[Mode, ...]:
        """What it says that it can do besides `off`; empty: it does not say."""
        return next((tuple(dialect.modes) for dialect in self._dialects if dialect.modes), ())

    def begin(self) -> None:
        """What it has reported until now was heard by nobody: it reports anew."""
        self._reported = None

    def hear(self, dialect: Dialect, message: Message, now: datetime) -> tuple[list[Message], list[str]]:
        """What one of its messages leads to, and what of it is refused.

        Raises:
            UnreadableError: Nothing of it can be understood.
        """
        said = dialect.hear(message.topic, message.payload)
        due = self.sample(now)
        facts, faults = judge(said.facts)
        if message.retained:  # said once, nobody knows when: a setting holds, a measurement does not
            facts = {name: value for name, value in facts.items() if name in SETTINGS}
        if said.is_echo and self._order is not None and self._order.is_waiting(now):
            facts = {name: value for name, value in facts.items() if name not in SETTINGS}
        if said.online is not None:
            self._known.online = said.online
        self._known.learn(facts, now)
        return [*due, *self._report(now)], [*said.faults, *faults]

    def sample(self, now: datetime) -> list[Message]:
        """Its reading, when one is due."""
        reading = self._known.sample(now)
        if reading is None:
            return []
        return [Message(topics.telemetry(self._device_id), write_telemetry([reading]))]

    def tell(self, desired: Desired, now: datetime) -> tuple[list[Parcel], list[Message]]:
        """The messages that ask it for `desired`; and its report, where it does all of that already."""
        self._order = Order(desired, now)
        in_force = self._known.in_force
        parcels = [parcel for dialect in self._dialects for parcel in dialect.tell(desired, in_force)]
        return parcels, [] if parcels else self._report(now, is_asked=True)

    def missing(self, now: datetime) -> list[str]:
        """What keeps it from having readings or from being told."""
        return [
            *dict.fromkeys(lack for dialect in self._dialects for lack in dialect.missing),
            *self._known.missing(now),
            *(["the device itself (it says that it is offline)"] if self._known.online is False else []),
        ]

    def _report(self, now: datetime, *, is_asked: bool = False) -> list[Message]:
        """Its confirmation, when its settings have changed or the last order is done."""
        before, after = self._reported, self._known.in_force
        if after == InForce() or (after == before and not is_asked and not self._is_just_done(after)):
            return []
        self._reported = after
        reported: dict[str, Any] = {name: value for name, value in asdict(after).items() if value is not None}
        reported |= self._attribute(before, after, now)
        body = json.dumps({"state": {"reported": reported}}).encode()
        return [Message(topics.shadow(self._device_id, "update"), body)]

    def _is_just_done(self, in_force: InForce) -> bool:
        return self._order is not None and self._order.is_obeyed(in_force)

    def _attribute(self, before: InForce | None, after: InForce, now: datetime) -> dict[str, Any]:
        """Who changed it; by an order that is done, also which."""
        order = self._order
        if order is not None and order.is_obeyed(after):
            self._order = None
            self._known.changed_by = order.author
            done = {"command_id": order.desired.command_id, "advice_id": order.desired.advice_id}
            return {"changed_by": order.author, **done}
        if order is not None and order.is_waiting(now) and order.explains(before or InForce(), after):
            self._known.changed_by = order.author
        else:
            self._known.changed_by = "unknown" if _is_first(before, after) else "remote"
            self._order = None
        return {"changed_by": self._known.changed_by}


def _is_first(before: InForce | None, after: InForce) -> bool:
    """Whether only what was not known before is new: nobody has changed anything."""
    return before is None or all(getattr(before, name) in (None, getattr(after, name)) for name in SETTINGS)
