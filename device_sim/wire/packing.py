"""Packing: readings of each device gathered into messages, and what happens to these on their way."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np

from device_sim.faults.condition import Bools, WireCondition
from device_sim.wire.dialects.dialect import Dialect, Message
from device_sim.wire.dialects.native import Native
from device_sim.wire.readings import POWER_ON_C, Row, StepReadings

MOST_READINGS = 200
"""Of 600 bytes at most each (ids of 128 characters included): below the contract's 128 KB a message."""

Sent: TypeAlias = Iterable[tuple[str, Message]]


class _Fate(NamedTuple):
    """What happens to messages that a device sends now; times are epoch seconds, 0 is at once.

    Attributes:
        arrives_s: When they leave the network.
        again: Whether they come twice.
        again_s: When they come for the second time.
    """

    arrives_s: float = 0.0
    again: bool = False
    again_s: float = 0.0


class _Parcel(NamedTuple):
    """Messages that travel together, and the readings in them."""

    device_id: str
    messages: Sequence[Message]
    rows: Sequence[Row]


@dataclass(slots=True)
class Packer:
    """Turns steps into messages, with the faults of the wire.

    Every reading that a fleet has given is in exactly one of `distinct_readings`, `overwritten_readings`,
    `lost_readings` and `held_readings`.

    Attributes:
        readings_per_message: 1 sends each reading alone; at most `MOST_READINGS`.
        dialects: How the devices speak, by device id; the wire contract when there are none.
        distinct_readings: How many different readings have been given out, good or bad. Good ones differ by
            (`device_id`, `sampled_at`), so a clock that jumps back may say the same twice.
        refused_readings: How many of them the contract will refuse.
        overwritten_readings: How many were given out under a time that the same device had used before.
        repeated_messages: How many messages were given out twice.
        lost_readings: How many were lost because the device's memory was full.
    """

    readings_per_message: int
    dialects: Mapping[str, Dialect] = field(default_factory=dict[str, Dialect])
    distinct_readings: int = 0
    refused_readings: int = 0
    overwritten_readings: int = 0
    repeated_messages: int = 0
    lost_readings: int = 0
    _waiting: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    _under_way: list[tuple[float, int, _Parcel, bool]] = field(
        default_factory=list[tuple[float, int, _Parcel, bool]]
    )
    _number: int = 0
    _offline: set[str] = field(default_factory=set[str])
    _times: dict[str, set[str]] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.readings_per_message <= MOST_READINGS:
            raise ValueError(f"1 to {MOST_READINGS} readings in a message, not {self.readings_per_message}")

    @property
    def sent_readings(self) -> int:
        """How many readings of different content have been given out: what a log of arrivals holds."""
        return self.distinct_readings + self.overwritten_readings

    @property
    def held_readings(self) -> int:
        """How many are still on their device or under way."""
        waiting = sum(len(rows) for rows in self._waiting.values())
        return waiting + sum(len(parcel.rows) for _, _, parcel, again in self._under_way if not again)

    def add(self, readings: StepReadings) -> Sent:
        """The messages that leave now: (device_id, message), one that is repeated at once twice in a row."""
        now_s = readings.sampled_at.timestamp()
        condition = readings.condition
        yield from self._arrive(now_s)
        if condition is not None:
            yield from self._notice(readings.device_ids, condition)
        for i, device_id in enumerate(readings.device_ids):
            if condition is not None and condition.lost[i]:
                self.lost_readings += 1
                continue
            waiting = self._waiting.setdefault(device_id, [])
            waiting.append(readings.row(i))
            if len(waiting) >= self.readings_per_message and device_id not in self._offline:
                yield from self._send_full(device_id, _fate(readings, i, now_s))

    def flush(self, *, final: bool = False) -> Sent:
        """The messages that are not full yet, of devices that have network.

        Args:
            final: Nothing comes any more: the network is back everywhere, and all that is late arrives.
        """
        if final:
            self._offline.clear()
        for device_id, waiting in self._waiting.items():
            if waiting and device_id not in self._offline:
                yield from self._send_full(device_id, _Fate())
                if waiting:
                    yield from self._send(device_id, len(waiting), _Fate())
        if final:
            yield from self._arrive(float("inf"))

    def _send_full(self, device_id: str, fate: _Fate) -> Sent:
        """Full messages; after an outage there are several."""
        while len(self._waiting[device_id]) >= self.readings_per_message:
            yield from self._send(device_id, self.readings_per_message, fate)

    def _send(self, device_id: str, rows: int, fate: _Fate) -> Sent:
        waiting = self._waiting[device_id]
        batch = waiting[:rows]
        del waiting[:rows]
        parcel = _Parcel(device_id, self._dialect(device_id).say(batch), batch)
        if fate.arrives_s:
            self._delay(fate.arrives_s, parcel)
        else:
            yield from self._give_out(parcel)
        if fate.again and fate.again_s:
            self._delay(max(fate.again_s, fate.arrives_s), parcel, again=True)
        elif fate.again:
            yield from self._give_out(parcel, again=True)

    def _delay(self, until_s: float, parcel: _Parcel, *, again: bool = False) -> None:
        self._number += 1
        heapq.heappush(self._under_way, (until_s, self._number, parcel, again))

    def _arrive(self, now_s: float) -> Sent:
        """What was under way until now."""
        while self._under_way and self._under_way[0][0] <= now_s:
            _, _, parcel, again = heapq.heappop(self._under_way)
            yield from self._give_out(parcel, again=again)

    def _give_out(self, parcel: _Parcel, *, again: bool = False) -> Sent:
        if again:
            self.repeated_messages += len(parcel.messages)
        else:
            self._count(parcel)
        for message in parcel.messages:
            yield parcel.device_id, message

    def _count(self, parcel: _Parcel) -> None:
        refused = sum(row.indoor_dry_bulb_c == POWER_ON_C for row in parcel.rows)
        self.refused_readings += refused
        known = None if self._times is None else self._times.get(parcel.device_id)
        fresh = len(parcel.rows)
        if known is not None:
            good = [row.sampled_at for row in parcel.rows if row.indoor_dry_bulb_c != POWER_ON_C]
            before = len(known)
            known.update(good)
            fresh = len(known) - before + refused
        self.distinct_readings += fresh
        self.overwritten_readings += len(parcel.rows) - fresh

    def _notice(self, device_ids: Sequence[str], condition: WireCondition) -> Sent:
        """Devices whose network has gone or come back since the last step, and those with a wrong clock."""
        if self._times is None:
            self._times = {device_id: set() for device_id in _where(condition.clock_faulty, device_ids)}
        offline = _where(condition.offline, device_ids)
        gone, back = sorted(offline - self._offline), sorted(self._offline - offline)
        self._offline = offline
        for device_id in gone:
            will = self._dialect(device_id).will
            if will is not None:
                yield device_id, will
        for device_id in back:
            for message in self._dialect(device_id).greet():
                yield device_id, message

    def _dialect(self, device_id: str) -> Dialect:
        return self.dialects.get(device_id) or Native(device_id)


def _where(mask: Bools, device_ids: Sequence[str]) -> set[str]:
    return {device_ids[home] for home in np.flatnonzero(mask).tolist()}


def _fate(readings: StepReadings, i: int, now_s: float) -> _Fate:
    repeated, condition = bool(readings.repeated[i]), readings.condition
    if condition is None:
        return _Fate(again=repeated)
    delay_s, again_after_s = float(condition.delay_s[i]), float(condition.again_after_s[i])
    again = repeated or again_after_s >= 0.0
    return _Fate(
        arrives_s=now_s + delay_s if delay_s > 0.0 else 0.0,
        again=again,
        again_s=now_s + again_after_s if again_after_s > 0.0 and not repeated else 0.0,
    )
