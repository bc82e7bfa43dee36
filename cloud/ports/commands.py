"""Commands: the way from a decision to a device, through its shadow."""

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
