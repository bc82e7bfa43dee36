"""Shadows in memory: the test twin."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from cloud.errors import UnavailableError
from cloud.ports.commands import Shadows
from edge.contract import Desired, DeviceId


@dataclass(slots=True)
class MemoryShadows(Shadows):
    """A `Shadows` that hands what is requested to whoever holds this object.

    Attributes:
        requested: What was asked for, in order.
        available: False: every request fails.
    """

    requested: list[tuple[DeviceId, Desired]] = field(default_factory=list[tuple[DeviceId, Desired]])
    available: bool = True

    @override
    def request(self, device_id: DeviceId, desired: Desired) -> None:
        self.request_all([(device_id, desired)])

    @override
    def request_all(self, requests: Sequence[tuple[DeviceId, Desired]]) -> None:
        if not self.available:
            raise UnavailableError("the shadows are away")
        self.requested.extend(requests)
