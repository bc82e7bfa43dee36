"""Commands: the way from a decision to a device, through its shadow."""

from collections.abc import Sequence
from typing import Protocol

from edge.contract import Desired, DeviceId


class Shadows(Protocol):
    """The desired side of every device's shadow."""

    def request(self, device_id: DeviceId, desired: Desired) -> None:
        """Ask for `desired`; it reaches the device when the device is there.

        Raises:
            UnavailableError: Delivery to the shadow is not certain; request the same again.
        """
        ...

    def request_all(self, requests: Sequence[tuple[DeviceId, Desired]]) -> None:
        """Ask for many, those of each device in this order, without waiting for each.

        Raises:
            UnavailableError: Delivery of some is not certain; request all of them again.
        """
        ...
