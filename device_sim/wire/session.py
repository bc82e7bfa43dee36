"""Session: one MQTT connection that carries one device or many.

Publishing has QoS 1: a message waits here until the broker has acknowledged it, and is sent again after every
reconnection, so a restart of the broker loses nothing (and may repeat). Sessions are clean: what was asked
of a device while it was away is not queued in the broker. A device alone subscribes with QoS 1, many on one
connection with QoS 0: a broker's window for all QoS 1 subscriptions of a session is limited (NATS refuses the
65th at its default of 1024 each), and a clean session gains little by it.
This is the only file that knows the MQTT library.
"""

import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, TypeAlias

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device_sim.wire.dialects.dialect import Dialect, Message
from edge.contract import Desired

IN_FLIGHT = 32
"""Messages of one device that may wait for their PUBACK at once."""

MOST_IN_FLIGHT = 1000
"""Of one connection; the broker allows about 1000 to a reader, and MQTT has 65,535 packet ids."""

TOPICS_PER_SUBSCRIBE = 50
"""Topics in one SUBSCRIBE packet, so that it stays below a broker's limit of a packet [topics]."""

KEEP_ALIVE_S = 60
"""The connection has to be served more often than this [s]."""

CONNECT_TIMEOUT_S = 10.0
"""A connection that is not ready by then is opened anew [s]."""

FIRST_DELAY_S, LONGEST_DELAY_S = 0.2, 10.0
"""Reconnection waits uniform(0, min(longest, first * 2^attempt)) [s]: "full jitter", AWS Architecture Blog
(2015), so that a fleet does not return all at once."""


OnDesired: TypeAlias = Callable[[str, Desired], None]

log = structlog.get_logger()


class HasFileno(Protocol):
    """What a selector needs of the MQTT library's socket."""

    def fileno(self) -> int:
        """The file descriptor."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """With what a device logs in."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One connection.

    Attributes:
        client_id: Its MQTT client id.
        credentials: With what it logs in; they have to allow the topics of all its devices.
        dialects: Whom it carries, by device id.
    """

    client_id: str
    credentials: Credentials
    dialects: Mapping[str, Dialect]


class Session:
    """One connection.

    Args:
        line: Who and whom.
        address: Host and MQTT port of the broker.
        selector: Where its socket is registered while it is open, with the session as data.
        on_desired: Called with what is desired of a device.

    Attributes:
        client: The MQTT client.
        ready: Connected and subscribed.
        reason: Why it is not ready.
        retry_at_s: When to connect (monotonic clock [s]); None while a connection is open.
    """

    def __init__(
        self, line: Line, address: tuple[str, int], selector: selectors.BaseSelector, on_desired: OnDesired
    ) -> None:
        self.ready = False
        self.reason = "not tried yet"
        self.retry_at_s: float | None = 0.0
        self.client = _client(line, address)
        self._line = line
        self._listeners = {
            topic: device_id
            for device_id, dialect in line.dialects.items()
            for topic in dialect.subscriptions
        }
        self._subscribe_qos = 1 if len(line.dialects) == 1 else 0
        self._window = min(IN_FLIGHT * len(line.dialects), MOST_IN_FLIGHT)
        self._selector = selector
        self._on_desired = on_desired
        self._waiting: deque[Message] = deque()
        self._in_flight = 0
        self._subscribing = 0
        self._attempts = 0
        self._opened_at_s = 0.0
        self._listen()

    @property
    def unacknowledged(self) -> int:
        """Messages that the broker has not confirmed yet."""
        return len(self._waiting) + self._in_flight

    def publish(self, message: Message) -> None:
        """Queue a message; at least once, in order."""
        self._waiting.append(message)
        self._fill()

    def waits_s(self, now_s: float) -> float:
        """Time until the next attempt to connect; long while connected."""
        return KEEP_ALIVE_S if self.retry_at_s is None else max(0.0, self.retry_at_s - now_s)

    def reconnect_if_due(self, now_s: float) -> None:
        """Open the connection when its time has come."""
        if self.waits_s(now_s) > 0.0:
            return
        self.retry_at_s, self._opened_at_s = None, now_s
        try:
            self.client.reconnect()
        except OSError as error:
            self._lose(str(error))

    def service(self, now_s: float) -> None:
        """Keep alive; give up a connection that does not become ready."""
        self.client.loop_misc()
        if self.retry_at_s is None and not self.ready and now_s - self._opened_at_s > CONNECT_TIMEOUT_S:
            self._lose("no answer from the broker")

    def close(self) -> None:
        """Take leave, in the words of the devices; what is not acknowledged is given up."""
        self.client.on_disconnect = None
        if self.client.is_connected():
            for dialect in self._line.dialects.values():
                if dialect.will is not None:
                    self.client.publish(dialect.will.topic, dialect.will.payload, 0, dialect.will.retain)
            self.client.disconnect()
            self.client.loop_write()

    def _listen(self) -> None:
        self.client.on_socket_open = self._on_open
        self.client.on_socket_close = self._on_close
        self.client.on_socket_register_write = self._on_want_write
        self.client.on_socket_unregister_write = self._on_written
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_publish = self._on_publish
        self.client.on_message = self._on_message

    def _fill(self) -> None:
        """Hand messages to the client, which keeps them until acknowledged, also over reconnections."""
        while self.ready and self._waiting and self._in_flight < self._window:
            message = self._waiting.popleft()
            self._in_flight += 1
            self.client.publish(message.topic, message.payload, 1, message.retain)

    def _lose(self, reason: str) -> None:
        self.ready, self.reason = False, reason
        longest_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0**self._attempts)
        self._attempts = min(self._attempts + 1, 16)
        delay_s = random.uniform(0.0, longest_s)  # noqa: S311 - spreads load, guards nothing
        self.retry_at_s = time.monotonic() + delay_s

    def _on_open(self, _client: Client, _userdata: object, sock: HasFileno) -> None:
        if isinstance(sock, socket.socket):  # small packets that wait for each other cost 40 ms (delayed ACK)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, selectors.EVENT_READ, self)

    def _on_close(self, _client: Client, _userdata: object, sock: HasFileno) -> None:
        self._selector.unregister(sock)

    def _on_want_write(self, _client: Client, _userdata: object, sock: HasFileno) -> None:
        self._selector.modify(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def _on_written(self, _client: Client, _userdata: object, sock: HasFileno) -> None:
        self._selector.modify(sock, selectors.EVENT_READ, self)

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        if code.is_failure:
            self.reason = str(code)
            log.warning("connection_refused", client_id=self._line.client_id, reason=self.reason)
            return
        topics, self._subscribing = iter(self._listeners), 0
        while some := [(topic, self._subscribe_qos) for topic in islice(topics, TOPICS_PER_SUBSCRIBE)]:
            self._subscribing += 1
            client.subscribe(some)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        if self.ready:
            log.info("connection_lost", client_id=self._line.client_id, reason=str(code))
        self._lose(self.reason if code.is_failure and not self.ready else str(code))

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        codes: list[ReasonCode],
        _props: Properties | None,
    ) -> None:
        if any(code.is_failure for code in codes):
            log.warning("subscription_refused", client_id=self._line.client_id)
        self._subscribing -= 1
        if self._subscribing:
            return
        self.ready, self._attempts = True, 0
        greetings = [message for dialect in self._line.dialects.values() for message in dialect.greet()]
        self._waiting.extendleft(reversed(greetings))
        self._fill()

    def _on_publish(
        self, _client: Client, _userdata: object, _mid: int, _code: ReasonCode, _props: Properties | None
    ) -> None:
        self._in_flight -= 1
        self._fill()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        device_id = self._listeners[message.topic]
        try:
            heard = self._line.dialects[device_id].hear(message.topic, bytes(message.payload))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("command_rejected", device_id=device_id, reason=type(error).__name__)
            return
        for answer in heard.answers:
            self.publish(answer)
        if heard.desired is not None:
            self._on_desired(device_id, heard.desired)


def _client(line: Line, address: tuple[str, int]) -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=line.client_id,
        clean_session=True,
        protocol=MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    client.username_pw_set(line.credentials.username, line.credentials.password)
    wills = [dialect.will for dialect in line.dialects.values()]
    if len(wills) == 1 and wills[0] is not None:  # a connection has one will, so a shared one has none
        client.will_set(wills[0].topic, wills[0].payload, qos=1, retain=wills[0].retain)
    client.max_inflight_messages_set(0)  # the window is ours
    client.connect_timeout = 2.0
    client.connect_async(*address, keepalive=KEEP_ALIVE_S)
    return client
