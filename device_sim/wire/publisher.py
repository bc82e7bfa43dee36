"""Publisher: one MQTT connection for each device of a fleet, all served by one thread.

QoS 1 throughout. A message waits here until the broker has acknowledged it, and is sent again after every
reconnection, so a restart of the broker loses nothing (and may repeat). Sessions are clean: what was asked
of a device while it was away is read from its shadow on connecting, not from a queue in the broker.
This is the only file that knows the MQTT library.
"""

import json
import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import ValidationError

from device_sim.errors import BrokerUnavailableError
from edge.contract import Desired, Reported, topics, update_document

IN_FLIGHT = 32
"""Messages of one device that may wait for their PUBACK at once; the broker allows about 1000 to a reader."""

KEEP_ALIVE_S = 60
"""`pump` has to be called more often than this [s]."""

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


def merge_delta(known: Reported, delta: Mapping[str, Any]) -> Desired:
    """What is desired, from a shadow delta: it names only what differs from what the device has reported.

    `requested_by` and `expires_at` are never reported, so a delta without them means that they are not
    desired. Any other absent field is as reported, or has been removed; of these only `advice_id` matters,
    and it is taken for removed unless the advisor asks.

    Raises:
        ValidationError: The delta is not one of the contract.
    """
    fields = known.model_dump(mode="json", include={"setpoint_c", "mode", "fan", "advice_id", "command_id"})
    if delta.get("requested_by") != "advisor":
        fields["advice_id"] = None
    merged = {**fields, **delta}
    if merged["mode"] == "off":
        merged["setpoint_c"] = None
    return Desired.model_validate_json(json.dumps(merged))


class FleetPublisher:
    """The network side of a fleet. Not thread-safe: everything happens inside `pump`.

    Args:
        identities: Credentials by device id, which is also the client id.
        host: The broker.
        port: Its MQTT port.
        on_desired: Called inside `pump` with what is newly desired of a device.
    """

    def __init__(
        self, identities: Mapping[str, Credentials], host: str, port: int, on_desired: OnDesired
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._address = (host, port)
        self._sessions = {
            device_id: _Session(device_id, credentials, (host, port), self._selector, on_desired)
            for device_id, credentials in identities.items()
        }
        self._serviced_s = time.monotonic()

    @property
    def unacknowledged(self) -> int:
        """Messages that the broker has not confirmed yet."""
        return sum(session.unacknowledged for session in self._sessions.values())

    @property
    def connected(self) -> int:
        """Devices that are connected and subscribed."""
        return sum(session.ready for session in self._sessions.values())

    def connect(self, timeout_s: float = 30.0) -> None:
        """Connect all devices.

        Raises:
            BrokerUnavailableError: Not all of them are connected in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while self.connected < len(self._sessions):
            if time.monotonic() > deadline_s:
                reasons = sorted({session.reason for session in self._sessions.values() if not session.ready})
                raise BrokerUnavailableError(*self._address, "; ".join(reasons))
            self.pump(0.1)

    def publish_telemetry(self, device_id: str, payload: bytes) -> None:
        """Queue a reading, or an array of readings, of a device; at least once, in order."""
        self._sessions[device_id].publish(topics.telemetry(device_id), payload)

    def publish_reported(self, device_id: str, reported: Reported) -> None:
        """Queue what a device confirms."""
        session = self._sessions[device_id]
        session.known = reported
        session.publish(topics.shadow(device_id, "update"), update_document(reported=reported))

    def pump(self, timeout_s: float = 0.0) -> None:
        """Send, receive, dispatch what is desired and reconnect what has dropped; waits up to `timeout_s`."""
        now_s = time.monotonic()
        wait_s = timeout_s
        for session in self._sessions.values():
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
            for session in self._sessions.values():
                session.service(now_s)

    def drain(self, timeout_s: float) -> bool:
        """Pump until everything is acknowledged; False when that takes longer than `timeout_s`."""
        deadline_s = time.monotonic() + timeout_s
        while self.unacknowledged and time.monotonic() < deadline_s:
            self.pump(0.05)
        return self.unacknowledged == 0

    def close(self) -> None:
        """Take leave of the broker; what is not acknowledged is given up."""
        for session in self._sessions.values():
            session.close()
        self._selector.close()


class _Session:
    """One device's connection.

    Attributes:
        client: The MQTT client.
        ready: Connected and subscribed.
        known: What the device has reported last.
        reason: Why it is not ready.
        retry_at_s: When to connect (monotonic clock [s]); None while a connection is open.
    """

    def __init__(
        self,
        device_id: str,
        credentials: Credentials,
        address: tuple[str, int],
        selector: selectors.BaseSelector,
        on_desired: OnDesired,
    ) -> None:
        self.ready = False
        self.known = Reported()
        self.reason = "not tried yet"
        self.retry_at_s: float | None = 0.0
        self.client = _client(device_id, credentials, address)
        self._device_id = device_id
        self._selector = selector
        self._on_desired = on_desired
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._in_flight = 0
        self._attempts = 0
        self._opened_at_s = 0.0
        self._version = 0
        self._last_desired: Desired | None = None
        self._listen()

    @property
    def unacknowledged(self) -> int:
        return len(self._waiting) + self._in_flight

    def publish(self, topic: str, payload: bytes) -> None:
        self._waiting.append((topic, payload))
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
        self.client.on_disconnect = None
        if self.client.is_connected():
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
        while self.ready and self._waiting and self._in_flight < IN_FLIGHT:
            topic, payload = self._waiting.popleft()
            self._in_flight += 1
            self.client.publish(topic, payload, qos=1)

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
            log.warning("connection_refused", device_id=self._device_id, reason=self.reason)
            return
        self._version = 0  # a shadow that was made anew meanwhile counts from 1 again
        delta, accepted = (topics.shadow(self._device_id, name) for name in ("update/delta", "get/accepted"))
        client.subscribe([(delta, 1), (accepted, 1)])

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        if self.ready:
            log.info("connection_lost", device_id=self._device_id, reason=str(code))
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
            log.warning("subscription_refused", device_id=self._device_id)
        self.ready, self._attempts = True, 0
        self._waiting.appendleft((topics.shadow(self._device_id, "get"), b""))
        self._fill()

    def _on_publish(
        self, _client: Client, _userdata: object, _mid: int, _code: ReasonCode, _props: Properties | None
    ) -> None:
        self._in_flight -= 1
        self._fill()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            desired = self._read(message.topic, json.loads(message.payload))
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("shadow_rejected", device_id=self._device_id, reason=type(error).__name__)
            return
        if desired is not None and desired != self._last_desired:
            self._last_desired = desired
            self._on_desired(self._device_id, desired)

    def _read(self, topic: str, document: dict[str, Any]) -> Desired | None:
        """What is desired, unless the document is older than one already read or asks for nothing."""
        version = int(document.get("version", 0))
        if version < self._version:
            return None
        self._version = version
        state = document["state"]
        if topic.endswith("/delta"):
            return merge_delta(self.known, state)
        return Desired.model_validate_json(json.dumps(state["desired"])) if state.get("delta") else None


def _client(device_id: str, credentials: Credentials, address: tuple[str, int]) -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=device_id,
        clean_session=True,
        protocol=MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    client.username_pw_set(credentials.username, credentials.password)
    client.max_inflight_messages_set(0)  # the window is ours
    client.connect_timeout = 2.0
    client.connect_async(*address, keepalive=KEEP_ALIVE_S)
    return client
