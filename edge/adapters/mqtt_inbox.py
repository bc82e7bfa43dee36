"""The inbox: what devices and the cloud publish, in rounds that are acknowledged when they are safe.

A message that nobody acknowledges stays with the broker, which delivers it again: to a later connection, or
(NATS) after a while to this one.
"""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import paho.mqtt.client as mqtt

from edge.adapters.mqtt_session import MqttSession
from edge.ports import Message

MAX_ROUND_MESSAGES = 512
"""Messages that are committed together at most."""

MAX_ROUND_BYTES = 1024 * 1024
"""Their size together [bytes]; the spool must have at least this much room for anything to move."""


LINGER_S = 0.004
"""How long the first message of a round waits for company [s]: devices report within milliseconds of each
other, and each round costs a sync of the disk, a message to the cloud and its acknowledgement."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that waits for its turn.

    Attributes:
        message: The message.
        is_stale: Whether its connection is gone, so that the broker delivers it again.
        acknowledge: Tells the broker that it is safe.
    """

    message: Message
    is_stale: Callable[[], bool]
    acknowledge: Callable[[], None]


class Inbox:
    """One queue for all who listen; one reader."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Received] = queue.SimpleQueue()

    def put(self, received: Received) -> None:
        """Any thread may."""
        self._queue.put(received)

    def take(self, timeout_s: float) -> list[Received]:
        """What has arrived, and what comes within `LINGER_S` of it; nothing if none came in `timeout_s`."""
        taken: list[Received] = []
        size = 0
        deadline = time.monotonic() + timeout_s
        try:
            while len(taken) < MAX_ROUND_MESSAGES and size < MAX_ROUND_BYTES:
                wait_s = 0.0 if taken else max(0.0, deadline - time.monotonic())
                received = self._queue.get(block=wait_s > 0, timeout=wait_s or None)
                if received.is_stale():
                    continue
                if not taken and self._queue.qsize() < MAX_ROUND_MESSAGES:
                    time.sleep(LINGER_S)
                taken.append(received)
                size += len(received.message.payload)
        except queue.Empty:
            pass
        return taken


class SiteListener:
    """Puts what a session receives into an inbox; each message once for as long as it is not acknowledged.

    Args:
        inbox: Where to.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._session: MqttSession | None = None
        self._waiting: set[tuple[int, int]] = set()

    def attach(self, session: MqttSession) -> None:
        """The session whose messages these are."""
        self._session = session

    def on_message(self, client: mqtt.Client, message: mqtt.MQTTMessage) -> None:
        """Called in the session's thread."""
        key = (id(client), message.mid)
        if message.qos > 0:
            if key in self._waiting:
                return  # delivered again while we still have it
            self._waiting.add(key)

        def acknowledge() -> None:
            self._waiting.discard(key)
            client.ack(message.mid, message.qos)

        self._inbox.put(
            Received(Message(message.topic, bytes(message.payload)), self._stale(client), acknowledge)
        )

    def on_down(self) -> None:
        """The connection is gone, and its packet ids with it."""
        self._waiting.clear()

    def _stale(self, client: mqtt.Client) -> Callable[[], bool]:
        session = self._session
        return lambda: session is not None and not session.is_current(client)


def acknowledge(round_: Sequence[Received]) -> None:
    """Tell the broker that everything in the round is safe (what is stale needs no answer)."""
    for received in round_:
        if not received.is_stale():
            received.acknowledge()
