"""An MQTT session: a connection that is made again whenever it is lost, with its subscriptions.

Each connection has a fresh client, so that nothing half-sent survives in the library: what was not
acknowledged is its owner's to send again.
"""

import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import SecretStr

from edge.backoff import CAP_S, full_jitter
from edge.ports import Parcel
from edge.quotas import FILTERS_PER_SUBSCRIBE

log = structlog.get_logger()

KEEPALIVE_S = 30
"""A silent broker is given up after one and a half times this [s]."""

CONNECT_TIMEOUT_S = 5.0
"""From the first packet to the last subscription's answer [s]."""

MAX_IN_FLIGHT = 64
"""Publishes that wait for their PUBACK at the same time."""

OnMessage: TypeAlias = Callable[[mqtt.Client, mqtt.MQTTMessage], None]
OnPublished: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Tls:
    """What proves who is who.

    Attributes:
        ca_file: Who vouches for the broker (PEM).
        cert_file: Our certificate, when the broker asks for one.
        key_file: Its key.
    """

    ca_file: Path
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A broker, and who we are to it.

    Attributes:
        host: Where it is.
        port: Its MQTT port.
        username: Our name.
        password: Our password.
        client_id: Fixed: the session belongs to it.
        durable: Whether the broker keeps the session, and what is published meanwhile, when we are away.
        tls: None: the connection is plain.
        connect_interval_s: At least so long between two attempts to connect [s].
        longest_wait_s: And by their failing no longer than this [s].
    """

    host: str
    port: int
    username: str
    password: SecretStr
    client_id: str
    durable: bool
    tls: Tls | None = None
    connect_interval_s: float = 0.0
    longest_wait_s: float = CAP_S


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """What a session listens to.

    Attributes:
        filters: Topic filters.
        qos: Of all of them.
        on_message: Called in the session's thread; must return at once.
        manual_ack: Whether a message is acknowledged by its reader instead of on return.
    """

    filters: Sequence[str]
    qos: int
    on_message: OnMessage
    manual_ack: bool = False


@dataclass(slots=True)
class _Connection:
    """One attempt and what became of it.

    Attributes:
        client: The library's client.
        lost: Set when it is over.
        accepted: Whether the broker has let us in.
        filters: What was subscribed.
        unanswered: Packet ids of SUBSCRIBEs without an answer.
    """

    client: mqtt.Client
    lost: threading.Event = field(default_factory=threading.Event)
    accepted: bool = False
    filters: frozenset[str] = frozenset()
    unanswered: set[int] = field(default_factory=set[int])


class MqttSession:
    """Keeps a connection to a broker from `start` to `stop`.

    Args:
        name: What the log calls it.
        endpoint: The broker.
        subscriptions: What it listens to, if anything.
        rng: Spreads the attempts to connect.

    Attributes:
        up: Set while connected with every subscription confirmed.
        on_up: Called, in the session's thread, each time that `up` becomes set.
        on_down: Called each time that it is no longer.
        on_published: Called with the packet id of each publish that the broker has acknowledged.
        last_will: What the broker publishes, retained, when the connection ends without a word.
    """

    def __init__(
        self, name: str, endpoint: Endpoint, subscriptions: Subscriptions | None, rng: random.Random
    ) -> None:
        self.up = threading.Event()
        self.on_up: Callable[[], None] = _nothing
        self.on_down: Callable[[], None] = _nothing
        self.on_published: OnPublished = _no_packet
        self.last_will: Parcel | None = None
        self._endpoint = endpoint
        self._subscriptions = subscriptions
        self._rng = rng
        self._log = log.bind(session=name)
        self._stopping = threading.Event()
        self._client: mqtt.Client | None = None
        self._connection: _Connection | None = None
        self._lock = threading.Lock()  # what is to be subscribed, and what is
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{name}", daemon=True)

    def start(self) -> None:
        """Begin to connect, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect, and wait for it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(CONNECT_TIMEOUT_S)

    def publish(self, parcel: Parcel, *, retained: bool = False) -> int | None:
        """Hand over a publish of QoS 1; its packet id, or None when there is no connection."""
        client = self._client
        if client is None or not self.up.is_set():
            return None
        info = client.publish(parcel.topic, parcel.body, qos=1, retain=retained)
        return (
            info.mid
            if info.rc in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_QUEUE_SIZE)
            else None
        )

    def listen_to(self, filters: Sequence[str]) -> None:
        """Listen to other topics from now on; the connection stays.

        When the broker refuses one, the connection is made anew until it does not.
        """
        with self._lock:
            if self._subscriptions is not None:
                self._subscriptions = replace(self._subscriptions, filters=tuple(filters))
            if self._connection is not None and self._connection.accepted:
                self._subscribe(self._connection)

    def is_current(self, client: mqtt.Client) -> bool:
        """Whether `client` is the connection of now; a message of an earlier one will be delivered again."""
        return client is self._client

    def reconnect(self) -> None:
        """Give up this connection, whose broker does not answer, and make another."""
        client = self._client
        if client is not None:
            client.disconnect()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began_s = time.monotonic()
            was_up = self._connect_once()
            failures = 0 if was_up else failures + 1
            early_s = began_s + self._endpoint.connect_interval_s - time.monotonic()
            wait_s = full_jitter(failures, self._rng, cap_s=self._endpoint.longest_wait_s)
            self._stopping.wait(max(wait_s, early_s))

    def _connect_once(self) -> bool:
        """Connect and stay until the connection is lost; whether it was ever up."""
        connection = self._connection = self._make()
        client = self._client = connection.client
        try:
            client.connect(self._endpoint.host, self._endpoint.port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            self._log.info("connection_failed", reason=str(error))
            return False
        client.loop_start()
        was_up = self._stay(connection)
        client.disconnect()
        client.loop_stop()
        if was_up:
            self.up.clear()
            self._log.info("connection_ended")
            self.on_down()
        return was_up

    def _stay(self, connection: _Connection) -> bool:
        if not self._wait_until_up(connection):
            if not self._stopping.is_set():
                self._log.warning("connection_refused", reason="not accepted, or not in time")
            return False
        while not self._stopping.wait(0) and not connection.lost.wait(0.25):
            pass
        return True

    def _wait_until_up(self, connection: _Connection) -> bool:
        waited_s = 0.0
        while waited_s < CONNECT_TIMEOUT_S and not self._stopping.is_set():
            if self.up.wait(0.05):
                return True
            if connection.lost.is_set():
                return False
            waited_s += 0.05
        return False

    def _make(self) -> _Connection:
        endpoint, subscriptions = self._endpoint, self._subscriptions
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=endpoint.client_id,
            clean_session=not endpoint.durable,
            reconnect_on_failure=False,
            manual_ack=subscriptions is not None and subscriptions.manual_ack,
        )
        client.on_socket_open = lambda _client, _userdata, opened: _send_at_once(opened)
        if endpoint.username:
            client.username_pw_set(endpoint.username, endpoint.password.get_secret_value())
        if endpoint.tls is not None:
            client.tls_set_context(_tls_context(endpoint.tls))
        if self.last_will is not None:
            client.will_set(self.last_will.topic, self.last_will.body, qos=1, retain=True)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(MAX_IN_FLIGHT)
        connection = _Connection(client)
        self._attach(connection)
        return connection

    def _attach(self, connection: _Connection) -> None:
        def on_connect(
            _client: mqtt.Client,
            _data: object,
            _flags: mqtt.ConnectFlags,
            code: ReasonCode,
            _properties: object,
        ) -> None:
            if code.is_failure:
                connection.lost.set()
                return
            with self._lock:
                connection.accepted = True
                self._subscribe(connection)
            self._rise(connection)

        def on_subscribe(
            _client: mqtt.Client,
            _data: object,
            mid: int,
            codes: list[ReasonCode],
            _properties: Properties | None,
        ) -> None:
            if any(code.is_failure for code in codes):
                self._log.error("subscription_refused", refused=sum(code.is_failure for code in codes))
                connection.lost.set()
            with self._lock:
                connection.unanswered.discard(mid)
            self._rise(connection)

        connection.client.on_connect = on_connect
        connection.client.on_subscribe = on_subscribe
        connection.client.on_disconnect = lambda *_: connection.lost.set()
        connection.client.on_publish = lambda _client, _data, mid, *_: self.on_published(mid)
        if self._subscriptions is not None:
            on_message = self._subscriptions.on_message
            connection.client.on_message = lambda client, _data, message: on_message(client, message)

    def _subscribe(self, connection: _Connection) -> None:
        """Bring what is subscribed up to what is wanted; the lock is held."""
        if self._subscriptions is None:
            return
        wanted = frozenset(self._subscriptions.filters)
        gone = sorted(connection.filters - wanted)
        new = sorted(wanted - connection.filters)
        connection.filters = wanted
        for start in range(0, len(gone), FILTERS_PER_SUBSCRIBE):
            connection.client.unsubscribe(gone[start : start + FILTERS_PER_SUBSCRIBE])
        for start in range(0, len(new), FILTERS_PER_SUBSCRIBE):
            some = new[start : start + FILTERS_PER_SUBSCRIBE]
            _, mid = connection.client.subscribe([(each, self._subscriptions.qos) for each in some])
            if mid is not None:
                connection.unanswered.add(mid)

    def _rise(self, connection: _Connection) -> None:
        """Up, once nothing is unanswered (all of this happens in the client's one thread)."""
        if connection.unanswered or connection.lost.is_set() or self.up.is_set():
            return
        self.up.set()
        self._log.info("connection_made")
        self.on_up()


def _tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


def _nothing() -> None:
    """Nobody wants to know."""


def _no_packet(mid: int) -> None:
    """Nobody waits for this packet."""


def _send_at_once(opened: object) -> None:
    """Without Nagle's algorithm: small packets that wait for each other cost 40 ms (delayed ACK)."""
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
