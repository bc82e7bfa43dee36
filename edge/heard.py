"""What was heard: a message of a device, in the words of the wire contract, whatever its dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.contract import DeviceId, Event, Refusal, Telemetry


@dataclass(frozen=True, slots=True)
class Report:
    """A device's shadow update.

    Attributes:
        reported: The fields of `reported` that it names; null removes one.
        clears_desired: Whether it declares `desired` void.
        body: The update as it goes on to the cloud.
    """

    reported: Mapping[str, Any]
    clears_desired: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message says."""

    device_id: DeviceId
    readings: Sequence[Telemetry] = ()
    events: Sequence[Event] = ()
    report: Report | None = None
    asks_for_shadow: bool = False
    refusals: Sequence[Refusal] = ()
