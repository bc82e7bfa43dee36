"""Publisher: the network side of a fleet, served by one thread.

Either every device has a connection of its own, as in life, or thousands share a few, for a broker that lets
one login speak for all of them (on ours a `service` of the devices' account). Both are the same sessions.
"""

import selectors
import time
from collections.abc import Mapping, Sequence
from zlib import crc32

from device_sim.errors import BrokerUnavailableError
from device_sim.wire.dialects.choice import speak
from device_sim.wire.dialects.dialect import Dialect, Message
from device_sim.wire.session import Credentials as Credentials
from device_sim.wire.session import Line as Line
from device_sim.wire.session import OnDesired, Session
from edge.contract import Event, Reported


def own_lines(
    identities: Mapping[str, Credentials], dialects: Mapping[str, Dialect] | None = None
) -> list[Line]:
    """A connection for each device, whose id is its client id.

    Args:
        identities: Credentials by device id.
        dialects: How they speak; the wire contract unless said.
    """
    spoken = speak("native", identities) if dialects is None else dialects
    return [
        Line(device_id, credentials, {device_id: spoken[device_id]})
        for device_id, credentials in identities.items()
    ]


def shared_lines(account: Credentials, dialects: Mapping[str, Dialect], connections: int) -> list[Line]:
    """A few connections for all devices; which carries a device depends on its id and their number only.

    Args:
        account: A login that may speak for all devices.
        dialects: How they speak, by device id.
        connections: How many.
    """
    shares: list[dict[str, Dialect]] = [{} for _ in range(connections)]
    for device_id, dialect in dialects.items():
        shares[crc32(device_id.encode()) % connections][device_id] = dialect
    return [Line(f"{account.username}-sim-{k}", account, share) for k, share in enumerate(shares) if share]


class FleetPublisher:
    """The network side of a fleet. Not thread-safe: everything happens inside `pump`.

    Args:
        lines: The connections, by `own_lines` or `shared_lines`.
        host: The broker.
        port: Its MQTT port.
        on_desired: Called inside `pump` with what is newly desired of a device.
    """

    def __init__(self, lines: Sequence[Line], host: str, port: int, on_desired: OnDesired) -> None:
        self._selector = selectors.DefaultSelector()
        self._address = (host, port)
        self._sessions = [Session(line, (host, port), self._selector, on_desired) for line in lines]
        self._by_device = {
            device_id: session
            for line, session in zip(lines, self._sessions, strict=True)
            for device_id in line.dialects
        }
        self._dialects = {name: dialect for line in lines for name, dialect in line.dialects.items()}
        self._serviced_s = time.monotonic()

    @property
    def unacknowledged(self) -> int:
        """Messages that the broker has not confirmed yet."""
        return sum(session.unacknowledged for session in self._sessions)

    @property
    def connected(self) -> int:
        """Devices that are connected and subscribed."""
        return sum(session.ready for session in self._by_device.values())

    def connect(self, timeout_s: float = 30.0) -> None:
        """Connect all devices.

        Raises:
            BrokerUnavailableError: Not all of them are connected in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while not all(session.ready for session in self._sessions):
            if time.monotonic() > deadline_s:
                reasons = sorted({session.reason for session in self._sessions if not session.ready})
                raise BrokerUnavailableError(*self._address, "; ".join(reasons))
            self.pump(0.1)

    def publish(self, device_id: str, message: Message) -> None:
        """Queue a message of a device; at least once, in order."""
        self._by_device[device_id].publish(message)

    def publish_reported(self, device_id: str, reported: Reported) -> None:
        """Queue what a device confirms."""
        for message in self._dialects[device_id].confirm(reported):
            self.publish(device_id, message)

    def publish_event(self, event: Event) -> None:
        """Queue an event of a device."""
        for message in self._dialects[event.device_id].tell(event):
            self.publish(event.device_id, message)

    def pump(self, timeout_s: float = 0.0) -> None:
        """Send, receive, dispatch what is desired and reconnect what has dropped; waits up to `timeout_s`."""
        now_s = time.monotonic()
        wait_s = timeout_s
        for session in self._sessions:
            if session.retry_at_s is not None:
                session.reconnect_if_due(now_s)
                wait_s = min(wait_s, session.waits_s(now_s))
        for key, events in self._selector.select(wait_s):
            session = key.data
            if events & selectors.EVENT_READ:
                session.client.loop_read()
            if events & selectors.EVENT_WRITE:
                session.client.loop_write()
        if now_s - self._serviced_s > 1.0:
            self._serviced_s = now_s
            for session in self._sessions:
                session.service(now_s)

    def drain(self, timeout_s: float) -> bool:
        """Pump until everything is acknowledged; False when that takes longer than `timeout_s`."""
        deadline_s = time.monotonic() + timeout_s
        while self.unacknowledged and time.monotonic() < deadline_s:
            self.pump(0.05)
        return self.unacknowledged == 0

    def close(self) -> None:
        """Take leave of the broker; what is not acknowledged is given up."""
        for session in self._sessions:
            session.close()
        self._selector.close()
