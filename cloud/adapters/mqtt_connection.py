"""A connection to any MQTT 3.1.1 broker that comes back by itself and tells what was really delivered.

QoS 1 throughout, a fixed client id and a durable session: while we are away the broker keeps what it
acknowledged to publishers. Subscriptions are made again at each connection. A lost connection is retried
with full jitter, so that a broker that comes back is not stormed.
"""

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud.errors import UnavailableError
from cloud.retry import full_jitter_s

QOS: Final = 1
KEEPALIVE_S: Final = 15
"""A silent broker is given up after 1.5 times this [s] (MQTT 3.1.1, 3.1.2.10)."""

CONNECT_TIMEOUT_S: Final = 5.0
MAX_IN_FLIGHT: Final = 1000
"""Our publishes that wait for PUBACK at once; NATS holds about 1024."""

MAX_QUEUED: Final = 10_000
"""Our publishes that wait at all; beyond it `send` refuses."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MqttEndpoint:
    """Where the broker is, and who we are there."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """A message as it came; `mid` is the broker's packet id of this delivery."""

    topic: str
    payload: bytes
    mid: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A publish on its way; `wait` before you rely on it."""

    info: paho.MQTTMessageInfo

    def wait(self, timeout_s: float = 5.0) -> None:
        """Block until the broker acknowledged it. Never call it from `on_message`.

        Raises:
            UnavailableError: No PUBACK in time; it may still arrive, so say the same again.
        """
        try:
            self.info.wait_for_publish(timeout_s)
            delivered = self.info.is_published()
        except (RuntimeError, ValueError) as error:
            raise UnavailableError("the broker connection was lost while publishing") from error
        if not delivered:
            raise UnavailableError(f"no PUBACK within {timeout_s} s")


class MqttConnection:
    """One durable MQTT session.

    Args:
        endpoint: The broker and our identity.
        client_id: Names the durable session; two processes must not share it.
        topics: Filters to subscribe, QoS 1.
        on_message: Called on the network thread for each message: be quick, do not block, do not raise.
        manual_ack: True: a message is acknowledged by `acknowledge` only (a broker may repeat one that waits
            long, as NATS does); False: when `on_message` returns.
        random: Source of the reconnect jitter.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        client_id: str,
        *,
        topics: Sequence[str] = (),
        on_message: Callable[[MqttMessage], None] | None = None,
        manual_ack: bool = False,
        random: Random | None = None,
    ) -> None:
        self.connected = threading.Event()
        """Set while the connection is up and every subscription is granted."""
        self._endpoint = endpoint
        self._topics = tuple(topics)
        self._on_message = on_message
        self._random = random or Random()  # noqa: S311 (jitter, no secret)
        self._stopping = threading.Event()
        self._manual_ack = manual_ack
        self._gate = threading.Lock()
        self._unacknowledged: dict[int, MqttMessage] = {}  # by packet id, of this connection
        self._attempts = 0
        self._log = log.bind(client_id=client_id)
        self._client = self._make_client(client_id)

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost."""
        self._client.connect_async(self._endpoint.host, self._endpoint.port, KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect in order; acknowledgements given so far are sent, the durable session stays."""
        self._stopping.set()
        self._client.disconnect()
        self._client.loop_stop()
        self.connected.clear()

    def send(self, topic: str, payload: bytes) -> Delivery:
        """Publish with QoS 1 without waiting.

        Raises:
            UnavailableError: Not connected, or too much is waiting; nothing was sent.
        """
        if not self.connected.is_set():
            raise UnavailableError("not connected to the broker")
        info = self._client.publish(topic, payload, QOS)
        if info.rc == paho.MQTT_ERR_QUEUE_SIZE:
            raise UnavailableError(f"{MAX_QUEUED} publishes wait for the broker already")
        return Delivery(info)

    def publish(self, topic: str, payload: bytes, timeout_s: float = 5.0) -> None:
        """Publish with QoS 1 and wait for the PUBACK. Never call it from `on_message`.

        Raises:
            UnavailableError: Delivery is not certain; publish the same again.
        """
        self.send(topic, payload).wait(timeout_s)

    def acknowledge(self, messages: Sequence[MqttMessage]) -> None:
        """Tell the broker that `messages` are safe with us.

        What is not outstanding on this connection is skipped: the broker delivers it again, and its packet
        id may meanwhile mean another message.
        """
        with self._gate:
            for message in messages:
                if self._unacknowledged.get(message.mid) == message:
                    del self._unacknowledged[message.mid]
                    self._client.ack(message.mid, QOS)

    def _make_client(self, client_id: str) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=paho.MQTTv311,
            manual_ack=self._manual_ack,
        )
        client.username_pw_set(self._endpoint.username, self._endpoint.password)
        client.max_inflight_messages_set(MAX_IN_FLIGHT)
        client.max_queued_messages_set(MAX_QUEUED)
        client.reconnect_delay_set(0, 0)  # we wait ourselves, with jitter
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.on_socket_open = lambda _client, _userdata, opened: _send_at_once(opened)
        client.on_pre_connect = lambda _client, _userdata: self._begin_connection()
        client.on_connect = self._handle_connect
        client.on_connect_fail = lambda _client, _userdata: self._wait_to_retry()
        client.on_subscribe = self._handle_subscribe
        client.on_message = self._handle_message
        client.on_disconnect = self._handle_disconnect
        return client

    def _begin_connection(self) -> None:
        """From here on nothing of an earlier connection is acknowledged."""
        with self._gate:
            self._unacknowledged.clear()

    def _handle_connect(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._log.warning("broker_refused", reason=str(reason))
        elif self._topics:
            client.subscribe([(topic, QOS) for topic in self._topics])
        else:
            self._become_connected()

    def _handle_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._log.error("subscription_refused", topics=self._topics)
        else:
            self._become_connected()

    def _become_connected(self) -> None:
        self._attempts = 0
        self._log.info("broker_connected")
        self.connected.set()

    def _handle_message(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        arrived = MqttMessage(message.topic, bytes(message.payload), message.mid)
        if self._manual_ack:
            with self._gate:
                self._unacknowledged[arrived.mid] = arrived
        if self._on_message is not None:
            self._on_message(arrived)

    def _handle_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._begin_connection()
        if self.connected.is_set() and not self._stopping.is_set():
            self._log.warning("broker_connection_lost", reason=str(reason))
        self.connected.clear()
        self._wait_to_retry()

    def _wait_to_retry(self) -> None:
        """Hold the network thread, which is about to connect again."""
        self._stopping.wait(full_jitter_s(self._attempts, self._random))
        self._attempts += 1


def _send_at_once(opened: object) -> None:
    """Without Nagle's algorithm: small packets that wait for each other cost 40 ms (delayed ACK)."""
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
