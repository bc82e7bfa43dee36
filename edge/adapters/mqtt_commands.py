"""The cloud's side of the shadows: what is desired comes down as deltas, and after each reconnect as a whole.

A gateway that asks who lives behind it is told here, too.

Subscribed with QoS 0: a lost connection is the only way to lose a delta, and then the whole shadow is asked
for anyway. NATS allows 65,535 unacknowledged messages a session, 1,024 a QoS 1 subscription: with two filters
a device, the 32nd device would be refused (measured: 63 of 100 QoS 1 filters were accepted).
"""

from collections.abc import Callable, Iterable

import paho.mqtt.client as mqtt

from edge.adapters.mqtt_inbox import Inbox, Received
from edge.adapters.mqtt_session import MqttSession, Subscriptions
from edge.contract import DeviceId, topics
from edge.ports import Message, Parcel


class CloudListener:
    """Puts the cloud's commands for some devices into an inbox.

    Args:
        inbox: Where to.
        device_ids: The devices behind this gateway.
        site: Where the list of devices is told, and who takes it; None: nobody asks for it.
    """

    def __init__(
        self,
        inbox: Inbox,
        device_ids: Iterable[DeviceId],
        site: tuple[str, Callable[[bytes], None]] | None = None,
    ) -> None:
        self._inbox = inbox
        self._site = site
        self._device_ids = tuple(device_ids)

    def subscriptions(self) -> Subscriptions:
        """What the session to the cloud listens to."""
        return Subscriptions(self._filters(), 0, self.on_message)

    def follow(self, session: MqttSession, device_ids: Iterable[DeviceId]) -> None:
        """Other devices live behind this gateway: listen to them, and ask what is desired of the new ones."""
        known, self._device_ids = self._device_ids, tuple(device_ids)
        session.listen_to(self._filters())
        self._ask(session, [device_id for device_id in self._device_ids if device_id not in known])

    def ask(self, session: MqttSession) -> None:
        """Ask for every device's whole shadow: what changed while nobody listened is in it."""
        self._ask(session, self._device_ids)

    def on_message(self, client: mqtt.Client, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002 (paho's signature)
        """Called in the session's thread."""
        if self._site is not None and message.topic == self._site[0]:
            self._site[1](bytes(message.payload))
            return
        self._inbox.put(Received(Message(message.topic, bytes(message.payload)), _never, _nothing))

    def _filters(self) -> tuple[str, ...]:
        shadows = (
            topics.shadow(device_id, suffix)
            for device_id in self._device_ids
            for suffix in ("update/delta", "get/accepted")
        )
        return (*shadows, self._site[0]) if self._site is not None else tuple(shadows)

    @staticmethod
    def _ask(session: MqttSession, device_ids: Iterable[DeviceId]) -> None:
        for device_id in device_ids:
            session.publish(Parcel(topics.shadow(device_id, "get"), b"{}"))


def _never() -> bool:
    return False


def _nothing() -> None:
    """QoS 0 is not acknowledged."""
