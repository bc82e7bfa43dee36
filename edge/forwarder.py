"""Forwarder: what is spooled goes to the cloud, and leaves the spool once the cloud has it."""

from edge.contract import DeviceId
from edge.packing import pack
from edge.ports import Spool, Uplink

WINDOW_BYTES = 1024 * 1024
"""What is under way at once [bytes]: about eight full messages, so that the line is never idle."""


class Forwarder:
    """Empties a spool into an uplink.

    Attributes:
        readings: How many the cloud has acknowledged since the start.
    """

    def __init__(self, gateway_id: DeviceId, spool: Spool, uplink: Uplink) -> None:
        self.readings = 0
        self._gateway_id = gateway_id
        self._spool = spool
        self._uplink = uplink

    def forward(self) -> int:
        """Send the next part of the spool; returns how many entries went.

        Raises:
            UplinkUnavailableError: Delivery is not certain; everything is still spooled.
            SpoolUnavailableError: The disk failed; what was sent may be sent again.
        """
        window = self._spool.peek(WINDOW_BYTES)
        if window:
            self._uplink.send(pack(self._gateway_id, window))
            self._spool.remove(window)
            self.readings += sum(each.entry.readings for each in window)
        return len(window)
