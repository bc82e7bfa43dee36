"""Dialect: the topics and payloads of one device, whatever its make."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from device_sim.wire.readings import Row
from edge.contract import Desired, Event, Reported

SETPOINT_RANGE_C = (5.0, 35.0)
"""What the wire contract can say [°C]. Firmware that checks nothing passes any number on to its machine,
which cuts it to its own, narrower range."""


class Message(NamedTuple):
    """What a device publishes, always with QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False


class Heard(NamedTuple):
    """What a device makes of a message: what it is to do, and what it answers at once."""

    desired: Desired | None = None
    answers: Sequence[Message] = ()


NOTHING: Final = Heard()
"""A message that asks for nothing."""


class Dialect(Protocol):
    """How one device speaks. It may remember what it has said: one object for each device."""

    @property
    def subscriptions(self) -> Sequence[str]:
        """Topics with commands, without wildcards."""
        ...

    @property
    def will(self) -> Message | None:
        """What is published on its behalf when it is gone."""
        ...

    def greet(self) -> Sequence[Message]:
        """What it says first on every connection."""
        ...

    def say(self, rows: Sequence[Row]) -> Sequence[Message]:
        """Readings, oldest first."""
        ...

    def confirm(self, reported: Reported) -> Sequence[Message]:
        """What it says when its settings have changed."""
        ...

    def tell(self, event: Event) -> Sequence[Message]:
        """What it says of an event."""
        ...

    def hear(self, topic: str, payload: bytes) -> Heard:
        """What it makes of a message on one of its subscriptions.

        Raises:
            ValueError: The payload is no command (also as `KeyError`, `TypeError` or `AttributeError`).
        """
        ...


def speakable_c(setpoint_c: float) -> float:
    """The setpoint, cut to what the contract can say [°C].

    Raises:
        ValueError: It is no number.
    """
    if math.isnan(setpoint_c):
        raise ValueError("the setpoint is no number")
    low, high = SETPOINT_RANGE_C
    return min(max(setpoint_c, low), high)
