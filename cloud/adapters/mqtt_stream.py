"""The telemetry stream over MQTT: a durable QoS 1 session that acknowledges only what it is told to.

The broker bounds what is in flight (NATS: about 1024 messages a subscription) and keeps the rest, and what
it repeats meanwhile is dropped, so the queue in this process is bounded too.
"""

from collections.abc import Sequence
from queue import Empty, SimpleQueue
from random import Random
from threading import Event as Flag
from typing import Final

from typing_extensions import override

from cloud.adapters.mqtt_connection import MqttConnection, MqttEndpoint, MqttMessage
from cloud.ports.ingest import InboundMessage, TelemetryStream
from edge.contract import topics

TOPICS: Final = (topics.TELEMETRY, topics.BATCH, topics.EVENT)
MAX_TAKE_MESSAGES: Final = 256
MAX_TAKE_BYTES: Final = 5_000_000
"""About 20,000 packed readings of 250 bytes: bounds a commit's time and memory [bytes]."""


class MqttStream(TelemetryStream):
    """Everything that devices and gateways publish.

    Args:
        endpoint: The broker and our identity.
        client_id: Names the durable session.
        random: Jitter of reconnects.
    """

    def __init__(self, endpoint: MqttEndpoint, client_id: str, random: Random) -> None:
        self._queue: SimpleQueue[MqttMessage | None] = SimpleQueue()
        self._held: dict[int, MqttMessage] = {}  # by packet id, from arrival to acknowledgement
        self._connection = MqttConnection(
            endpoint, client_id, topics=TOPICS, on_message=self._hold, manual_ack=True, random=random
        )

    @property
    def connected(self) -> Flag:
        """Set while the broker has confirmed the durable subscription."""
        return self._connection.connected

    def start(self) -> None:
        """Connect in the background."""
        self._connection.start()

    def stop(self) -> None:
        """Disconnect; what was not acknowledged comes again to the next session of this name."""
        self._connection.stop()

    def wake(self) -> None:
        """Let a waiting `take` return; for signal handlers.

        A signal that interrupts `SimpleQueue.get` just as its timeout ends makes it wait for ever (seen on
        CPython 3.11).
        """
        self._queue.put(None)

    @override
    def take(self, timeout_s: float) -> list[InboundMessage]:
        taken: list[InboundMessage] = []
        size = 0
        try:
            message = self._queue.get(timeout=timeout_s)
            while message is not None:
                taken.append(InboundMessage(message.topic, message.payload, message))
                size += len(message.payload)
                if len(taken) >= MAX_TAKE_MESSAGES or size >= MAX_TAKE_BYTES:
                    break
                message = self._queue.get_nowait()
        except Empty:
            pass
        return taken

    @override
    def acknowledge(self, messages: Sequence[InboundMessage]) -> None:
        tokens = [message.token for message in messages if isinstance(message.token, MqttMessage)]
        for token in tokens:
            self._held.pop(token.mid, None)
        self._connection.acknowledge(tokens)

    def _hold(self, message: MqttMessage) -> None:
        """Queue a message, unless it is the broker's repeat of one that still waits here for its commit."""
        if self._held.get(message.mid) != message:
            self._held[message.mid] = message
            self._queue.put(message)
