"""The telemetry stream over MQTT 3.1.1: a durable QoS 1 session that acknowledges only what it is told to.

A session of our own over a raw socket, because a general client spends most of ingest's time on each
message. A thread connects, reads pieces of the byte stream and keeps the connection alive, also while a
commit has to wait; the caller of `take` cuts the pieces into messages. What lies here unread is bounded,
then TCP holds the broker back; what the broker repeats meanwhile is dropped.
"""

import os
import select
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from threading import Event as Flag
from typing import Final

import structlog
from typing_extensions import override

from cloud.adapters.mqtt_connection import CONNECT_TIMEOUT_S, KEEPALIVE_S, MqttEndpoint
from cloud.adapters.mqtt_packets import CONNACK, SUBACK, MalformedPacketError, connect, subscribe
from cloud.adapters.mqtt_session import MAX_TAKE_MESSAGES as MAX_TAKE_MESSAGES
from cloud.adapters.mqtt_session import MqttSession
from cloud.ports.ingest import InboundMessage, TelemetryStream
from cloud.retry import full_jitter_s
from edge.contract import topics

TOPICS: Final = (topics.TELEMETRY, topics.BATCH, topics.EVENT)
BELL_BYTES: Final = 4096

END_S: Final = 1.0
"""So long a broker has, after we have disconnected, to close as well [s]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class MqttStream(TelemetryStream):
    """What devices and gateways publish.

    Args:
        endpoint: The broker and our identity.
        client_id: Names the durable session.
        random: Jitter of reconnects.
        filters: The part of the topics that this session takes; it stays subscribed to them for good.
    """

    def __init__(
        self, endpoint: MqttEndpoint, client_id: str, random: Random, filters: Sequence[str] = TOPICS
    ) -> None:
        self.connected = Flag()
        """Set while the broker has confirmed the durable subscription."""
        self._endpoint = endpoint
        self._client_id = client_id
        self._random = random
        self._filters = tuple(filters)
        self._stopping = Flag()
        self._session: MqttSession | None = None
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        self._thread = threading.Thread(target=self._run, name="mqtt-stream", daemon=True)
        self._log = log.bind(client_id=client_id)

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect; what was not acknowledged comes again to the next session of this name."""
        self._stopping.set()
        session = self._session
        if session is not None:
            session.end()
            self._thread.join(END_S)
            session.cut_off()
        if self._thread.is_alive():
            self._thread.join()
        self.connected.clear()

    def wake(self) -> None:
        """Let a waiting `take` return; for signal handlers, so it only writes a byte."""
        with suppress(BlockingIOError):  # so many have rung already
            os.write(self._rope, b"!")

    @property
    def waiting_bytes(self) -> int:
        """What has come and was not taken yet [bytes]."""
        session = self._session
        return 0 if session is None else session.waiting_bytes

    @override
    def take(self, timeout_s: float) -> list[InboundMessage]:
        taken = self._take_some()
        if not taken and select.select([self._bell], [], [], timeout_s)[0]:
            with suppress(BlockingIOError):
                os.read(self._bell, BELL_BYTES)
            taken = self._take_some()
        return taken

    @override
    def acknowledge(self, messages: Sequence[InboundMessage]) -> None:
        session = self._session
        if session is not None:
            tokens = [each.token for each in messages if isinstance(each.token, tuple)]
            session.acknowledge([packet_id for holder, packet_id in tokens if holder is session])

    def _take_some(self) -> list[InboundMessage]:
        session = self._session
        return [] if session is None else session.take()

    def _run(self) -> None:
        """Hold a session, one after the other."""
        attempts = 0
        while not self._stopping.is_set():
            try:
                self._hold_session()
            except (OSError, MalformedPacketError) as error:
                reason = str(error) or type(error).__name__
                if self.connected.is_set() and not self._stopping.is_set():
                    self._log.warning("broker_connection_lost", reason=reason)
            if self.connected.is_set():
                attempts = 0
            self.connected.clear()
            self._session = None
            self._stopping.wait(full_jitter_s(attempts, self._random))
            attempts += 1

    def _hold_session(self) -> None:
        address = self._endpoint.host, self._endpoint.port
        with socket.create_connection(address, timeout=CONNECT_TIMEOUT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = MqttSession(connection, self.wake)
            if not self._open(session):
                return
            self._session = session
            self._log.info("broker_connected")
            self.connected.set()
            if self._stopping.is_set():
                session.end()
            while True:
                session.read()

    def _open(self, session: MqttSession) -> bool:
        """Resume the session and subscribe, which a broker may have forgotten; False when it refuses."""
        endpoint = self._endpoint
        session.send(connect(self._client_id, endpoint.username, endpoint.password, KEEPALIVE_S))
        answer = session.wait_for(CONNACK)
        if answer[1:2] != b"\0":
            self._log.warning("broker_refused", code=answer.hex())
            return False
        session.send(subscribe(self._filters))
        granted = session.wait_for(SUBACK)[2:]
        if any(code & 0x80 for code in granted):
            self._log.error("subscription_refused", topics=self._filters)
            return False
        return True
