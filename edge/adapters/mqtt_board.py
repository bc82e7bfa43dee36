"""A board over MQTT: what is shown is retained by the broker, which Home Assistant reads it from."""

import queue

import paho.mqtt.client as mqtt
from typing_extensions import override

from edge.adapters.mqtt_session import MqttSession, Subscriptions
from edge.errors import DevicesUnavailableError
from edge.home_assistant.place import STATUS, Place
from edge.home_assistant.ports import Board
from edge.ports import Message, Parcel


class MqttBoard(Board):
    """A `Board` on a session that it is given.

    Args:
        session: Connected to Home Assistant's broker.
    """

    def __init__(self, session: MqttSession) -> None:
        self._session = session

    @override
    def show(self, parcel: Parcel) -> None:
        if self._session.publish(parcel, retained=True) is None:
            raise DevicesUnavailableError("there is no connection to Home Assistant's broker")


class Presses:
    """What Home Assistant says, in the order in which it came.

    Args:
        place: By which topics.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def subscriptions(self) -> Subscriptions:
        """What the session listens to, with QoS 0: nothing is pressed twice because an answer was lost."""
        return Subscriptions([self._place.presses, STATUS], 0, self._on_message)

    def take(self, timeout_s: float) -> Message | None:
        """The next one; None when none comes in time [s]."""
        try:
            return self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _on_message(self, _client: mqtt.Client, message: mqtt.MQTTMessage) -> None:
        if not message.retain:  # nobody presses it now
            self._waiting.put(Message(message.topic, bytes(message.payload)))


def last_will(place: Place) -> Parcel:
    """What Home Assistant reads when we are gone."""
    return Parcel(place.online, b"offline")
