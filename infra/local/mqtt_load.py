"""A load generator for an MQTT 3.1.1 broker that is not the limit: packets made before, over raw sockets.

QoS 1 with a window of unacknowledged publishes. Packets are joined into bursts before the clock starts, and
of what comes back only the length counts (a PUBACK has four bytes). `sink_rate` says how fast it is against
a peer that does next to nothing.
"""

import select
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cloud.adapters.mqtt_packets import packet, string
from infra.local.broker import Identity
from infra.local.errors import LocalError

PUBACK_BYTES: Final = 4
BURST_MESSAGES: Final = 250
WINDOW_BURSTS: Final = 4
"""Bursts on their way at once: 1000 messages, what NATS takes well."""

RECEIVE_BYTES: Final = 65_536
TIMEOUT_S: Final = 60.0
_CONNECT, _PUBLISH_QOS_1, _DISCONNECT = 0x10, 0x32, b"\xe0\x00"
_MAX_PACKET_ID: Final = 65_535


class LoadRefusedError(LocalError):
    """The broker does not take the load."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the broker does not take the load: {what}")


@dataclass(frozen=True, slots=True)
class Burst:
    """Packets that are sent in one piece."""

    packets: bytes
    messages: int


def bursts(messages: Iterable[tuple[str, bytes]], size: int = BURST_MESSAGES) -> list[Burst]:
    """The publishes of (topic, payload), `size` in a piece."""
    packets = [_publish(topic, payload, number) for number, (topic, payload) in enumerate(messages)]
    pieces = [packets[first : first + size] for first in range(0, len(packets), size)]
    return [Burst(b"".join(piece), len(piece)) for piece in pieces]


class LoadConnection:
    """One publisher.

    Args:
        connection: Connected to the broker.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._acknowledged_bytes = 0
        self.sent = 0

    @property
    def acknowledged(self) -> int:
        """How many publishes the broker has taken."""
        return self._acknowledged_bytes // PUBACK_BYTES

    def send(self, burst: Burst) -> None:
        """Send without waiting for the answer."""
        self._socket.sendall(burst.packets)
        self.sent += burst.messages

    def receive(self, timeout_s: float) -> None:
        """Count what comes within `timeout_s`, at most one piece."""
        if select.select([self._socket], [], [], timeout_s)[0]:
            received = len(self._socket.recv(RECEIVE_BYTES))
            if not received:
                raise LoadRefusedError("it has closed the connection")
            self._acknowledged_bytes += received

    def publish(self, pieces: Sequence[Burst]) -> float:
        """Send everything and wait for the last PUBACK; returns how long that took [s].

        Raises:
            LoadRefusedError: It was not taken.
        """
        began = time.perf_counter()
        for burst in pieces:
            while self.sent - self.acknowledged > (WINDOW_BURSTS - 1) * burst.messages:
                self._receive_some()
            self.send(burst)
        while self.acknowledged < self.sent:
            self._receive_some()
        return time.perf_counter() - began

    def _receive_some(self) -> None:
        before = self._acknowledged_bytes
        self.receive(TIMEOUT_S)
        if self._acknowledged_bytes == before:
            raise LoadRefusedError(f"no PUBACK within {TIMEOUT_S:.0f} s")


@contextmanager
def connected(
    port: int, identity: Identity, client_id: str, *, clean: bool = True
) -> Iterator[LoadConnection]:
    """A connection of `identity` to the broker on this machine.

    Raises:
        LoadRefusedError: It does not let us in.
    """
    flags = 0xC0 | (0x02 if clean else 0)
    fields = string("MQTT") + bytes([4, flags, 0, 0])
    fields += string(client_id) + string(identity.name) + string(identity.password)
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(packet(_CONNECT, fields))
        answer = connection.recv(4)
        if len(answer) < 4 or answer[3]:  # noqa: PLR2004 (CONNACK: four bytes, the last is the return code)
            raise LoadRefusedError(f"CONNACK {answer.hex()}")
        yield LoadConnection(connection)
        connection.sendall(_DISCONNECT)


def sink_rate(pieces: Sequence[Burst]) -> float:
    """What the generator alone can do [messages/s]: the peer is a thread that counts bytes and answers.

    The peer has its share of the time of this process, so that the generator is faster still.
    """
    ours, theirs = socket.socketpair()
    messages, size = sum(piece.messages for piece in pieces), sum(len(piece.packets) for piece in pieces)

    def answer() -> None:
        received = answered = 0
        while received < size:
            received += len(theirs.recv(4 * RECEIVE_BYTES))
            due = received * messages // size
            theirs.sendall(bytes(PUBACK_BYTES * (due - answered)))
            answered = due

    thread = threading.Thread(target=answer)
    with ours, theirs:
        thread.start()
        took_s = LoadConnection(ours).publish(pieces)
        thread.join()
    return messages / took_s


def _publish(topic: str, payload: bytes, number: int) -> bytes:
    packet_id = (1 + number % _MAX_PACKET_ID).to_bytes(2, "big")
    return packet(_PUBLISH_QOS_1, string(topic) + packet_id + payload)
