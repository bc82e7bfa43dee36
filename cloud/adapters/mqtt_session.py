"""One connection of the durable session of `mqtt_stream`: bytes in, messages out, acknowledgements back.

One thread calls `read` and `wait_for`, another `take` and `acknowledge`; both may send. What one connection
has in hand means nothing to the next one: the broker delivers it again.
"""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from cloud.adapters.mqtt_connection import KEEPALIVE_S
from cloud.adapters.mqtt_packets import (
    DISCONNECT,
    PINGREQ,
    MalformedPacketError,
    Publish,
    acknowledgements,
    first_packet,
    publishes,
)
from cloud.ports.ingest import InboundMessage

MAX_TAKE_MESSAGES: Final = 2000
MAX_TAKE_BYTES: Final = 5_000_000
"""About 20,000 packed readings of 250 bytes: bounds a commit's time and memory [bytes]."""

MAX_UNREAD_BYTES: Final = 16_000_000
"""What may lie here and not be taken [bytes]; then we stop reading, and TCP holds the broker back."""

RECEIVE_BYTES: Final = 1 << 18
PING_S: Final = KEEPALIVE_S / 2
SILENCE_S: Final = 1.5 * KEEPALIVE_S
"""A broker that has said nothing for so long, not even to a ping, is given up [s]."""

ROOM_POLL_S: Final = 0.05


class MqttSession:
    """A connection to the broker.

    Args:
        connection: The socket, with a timeout.
        arrived: Called when there may be something to take.
    """

    def __init__(self, connection: socket.socket, arrived: Callable[[], None]) -> None:
        self._socket = connection
        self._arrived = arrived
        self._sending = threading.Lock()
        self._pieces: deque[bytes] = deque()
        self._received_bytes = 0  # of the reading thread only
        self._cut_bytes = 0  # of the taking thread only, as everything below
        self._rest = b""
        self._ready: deque[Publish] = deque()
        self._held: dict[bytes, int] = {}  # packet id and content, from `take` to `acknowledge`
        self._done: dict[bytes, int] = {}  # the same of what was acknowledged last
        self._names: dict[bytes, str] = {}
        self._is_cut_off = False
        self._heard_s = self._pinged_s = time.monotonic()

    @property
    def waiting_bytes(self) -> int:
        """What has come and was not taken yet [bytes]."""
        return self._received_bytes - self._cut_bytes + sum(len(each[1]) for each in tuple(self._ready))

    def send(self, packets: bytes) -> None:
        """Send whole packets.

        Raises:
            OSError: The connection is lost.
        """
        with self._sending:
            self._socket.sendall(packets)

    def end(self) -> None:
        """Disconnect in order: whoever reads reads on until the broker closes, too.

        To close with something unread resets a connection, and acknowledgements that the broker has not read
        yet are lost.
        """
        with suppress(OSError):
            self.send(DISCONNECT)
            self._socket.shutdown(socket.SHUT_WR)

    def cut_off(self) -> None:
        """Be heard and hear no more; whoever reads is told that the connection is lost."""
        self._is_cut_off = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def wait_for(self, kind: int) -> bytes:
        """The body of the next packet, which shall be of `kind`; messages before it are kept for `take`.

        Raises:
            OSError: It did not come.
        """
        data = bytearray().join(self._pieces)
        self._pieces.clear()
        at = 0  # a broker may send much before it
        while True:
            packet = first_packet(data, at)
            if packet is None:
                data += self._receive()
                continue
            found, body, following = packet
            if found == kind:
                self._keep(bytes(data[:at] + data[following:]))
                return body
            at = following

    def read(self) -> None:
        """Read what comes within half the time that the broker allows us to be silent, and say that we live.

        Raises:
            OSError: The connection is lost.
        """
        if self._is_cut_off:
            raise ConnectionAbortedError("we have ended it")
        if self._received_bytes - self._cut_bytes > MAX_UNREAD_BYTES:
            time.sleep(ROOM_POLL_S)
            self._heard_s = time.monotonic()  # it cannot reach us
        else:
            with suppress(TimeoutError):
                self._keep(self._receive())
        now_s = time.monotonic()
        if now_s - self._pinged_s >= PING_S:
            self._pinged_s = now_s
            self.send(PINGREQ)
        if now_s - self._heard_s > SILENCE_S:
            raise ConnectionAbortedError("the broker is silent")

    def take(self) -> list[InboundMessage]:
        """What waits, bounded, without what is in hand or safe already: a broker repeats what waits long.

        It repeats most when we are slowest; to judge it all again would make us slower still.
        """
        if not self._ready:
            self._cut()
        taken: list[InboundMessage] = []
        repeated: list[bytes] = []
        ready, held, names = self._ready, self._held, self._names
        size = 0
        while ready and len(taken) < MAX_TAKE_MESSAGES and size < MAX_TAKE_BYTES:
            topic, payload, packet_id = ready.popleft()
            if packet_id in held:
                continue
            if packet_id:
                content = hash((topic, payload))
                if self._done.get(packet_id) == content:
                    repeated.append(packet_id)
                    continue
                held[packet_id] = content
            name = names.get(topic) or self._name(topic)
            taken.append(InboundMessage(name, payload, (self, packet_id)))
            size += len(payload)
        if repeated:
            self._send_acknowledgements(repeated)
        return taken

    def acknowledge(self, packet_ids: Sequence[bytes]) -> None:
        """Tell the broker that messages of this connection are safe; when it is lost, they come again."""
        self._send_acknowledgements(packet_ids)
        for packet_id in packet_ids:
            content = self._held.pop(packet_id, None)
            if content is not None:
                self._done[packet_id] = content

    def _send_acknowledgements(self, packet_ids: Sequence[bytes]) -> None:
        with suppress(OSError):
            self.send(acknowledgements(packet_ids))

    def _receive(self) -> bytes:
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionResetError("the broker has closed the connection")
        self._heard_s = time.monotonic()
        return data

    def _keep(self, data: bytes) -> None:
        if data:
            self._received_bytes += len(data)
            self._pieces.append(data)
            self._arrived()

    def _cut(self) -> None:
        pieces = [self._rest]
        while self._pieces:
            pieces.append(self._pieces.popleft())
        data = b"".join(pieces)
        self._cut_bytes += len(data) - len(self._rest)
        try:
            found, read = publishes(data)
        except MalformedPacketError:
            self._rest = b""
            self.cut_off()  # a new connection brings it again, whole
            return
        self._rest = data[read:]
        self._ready.extend(found)

    def _name(self, topic: bytes) -> str:
        name = self._names[topic] = topic.decode(errors="replace")
        return name
