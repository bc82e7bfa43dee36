"""Packing: readings of each device gathered into messages of several, as thrifty devices do."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from device_sim.wire.readings import StepReadings

MOST_READINGS = 200
"""Of 600 bytes at most each (ids of 128 characters included): below the contract's 128 KB a message."""


@dataclass(slots=True)
class Packer:
    """Turns steps into messages, with the faults of the wire.

    Attributes:
        readings_per_message: 1 sends each reading alone; at most `MOST_READINGS`.
        distinct_readings: How many different readings have been packed, good or bad.
        refused_readings: How many of them the contract will refuse.
        repeated_messages: How many messages were given out twice.
    """

    readings_per_message: int
    distinct_readings: int = 0
    refused_readings: int = 0
    repeated_messages: int = 0
    _waiting: dict[str, list[bytes]] = field(default_factory=dict[str, list[bytes]])

    def __post_init__(self) -> None:
        if not 1 <= self.readings_per_message <= MOST_READINGS:
            raise ValueError(f"1 to {MOST_READINGS} readings in a message, not {self.readings_per_message}")

    def add(self, readings: StepReadings) -> Iterable[tuple[str, bytes]]:
        """The messages that are full now: (device_id, payload), a repeated one twice in a row."""
        self.distinct_readings += len(readings)
        self.refused_readings += int(readings.power_on_fault.sum())
        for i, device_id in enumerate(readings.device_ids):
            waiting = self._waiting.setdefault(device_id, [])
            waiting.append(readings.wire(i))
            if len(waiting) >= self.readings_per_message:
                yield from self._send(device_id, twice=bool(readings.repeated[i]))

    def flush(self) -> Iterable[tuple[str, bytes]]:
        """The messages that are not full yet."""
        for device_id, waiting in self._waiting.items():
            if waiting:
                yield from self._send(device_id, twice=False)

    def _send(self, device_id: str, *, twice: bool) -> Iterable[tuple[str, bytes]]:
        waiting = self._waiting[device_id]
        payload = waiting[0] if self.readings_per_message == 1 else b"[" + b",".join(waiting) + b"]"
        waiting.clear()
        yield device_id, payload
        if twice:
            self.repeated_messages += 1
            yield device_id, payload
