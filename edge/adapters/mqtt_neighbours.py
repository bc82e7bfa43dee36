"""The way to devices of other makes: a session of its own, and the interpreter between them and the gateway.

They are subscribed with QoS 0 in a clean session: what they say has no time in it, so that a message that the
broker kept for us while we were away would be taken for new. What is retained is marked as such.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import structlog
from typing_extensions import override

from edge.adapters.mqtt_inbox import Inbox, Received
from edge.adapters.mqtt_session import MqttSession, Subscriptions
from edge.contract import FoundDevice
from edge.interpreter import Interpreted, Interpreter
from edge.ports import Devices, Message, Parcel

log = structlog.get_logger()


class NeighbourListener:
    """Puts what devices of other makes say into an inbox.

    Args:
        inbox: Where to.
        interpreter: Knows what to listen to.
    """

    def __init__(self, inbox: Inbox, interpreter: Interpreter) -> None:
        self._inbox = inbox
        self._interpreter = interpreter
        self._filters = interpreter.filters

    def subscriptions(self) -> Subscriptions:
        """What the session listens to at first."""
        return Subscriptions(self._filters, 0, self.on_message)

    def follow(self, session: MqttSession) -> None:
        """Listen to what is to be heard now."""
        filters = self._interpreter.filters
        if filters != self._filters:
            self._filters = filters
            session.listen_to(filters)

    def on_message(self, client: mqtt.Client, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002 (paho's signature)
        """Called in the session's thread."""
        try:
            said = Message(message.topic, bytes(message.payload), retained=bool(message.retain))
        except UnicodeDecodeError:
            log.info("topic_unreadable")  # no device of ours has such a topic
            return
        self._inbox.put(Received(said, _never, _nothing))


class InterpretedDevices(Devices):
    """`Devices` of which some are of other makes.

    Args:
        devices: The way to all of them.
        interpreter: Speaks for the others.
        wall: What time it is (UTC).
    """

    def __init__(self, devices: Devices, interpreter: Interpreter, wall: Callable[[], datetime]) -> None:
        self._devices = devices
        self._interpreter = interpreter
        self._wall = wall

    @override
    def tell(self, parcels: Sequence[Parcel]) -> None:
        now = self._wall()
        told = [own for parcel in parcels for own in self._interpreter.tell(parcel, now)]
        if told:
            self._devices.tell(told)


class Neighbourhood:
    """All of it in one hand: listens, interprets, and says in a file who is there and what they miss.

    Args:
        interpreter: Knows the devices.
        inbox: Where what they say waits for its turn.
        connect: Makes the session for subscriptions.
        list_path: The file.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        inbox: Inbox,
        connect: Callable[[Subscriptions], MqttSession],
        list_path: Path,
    ) -> None:
        self._interpreter = interpreter
        self._listener = NeighbourListener(inbox, interpreter)
        self._session = connect(self._listener.subscriptions())
        self._list_path = list_path
        self._listed = ""

    def start(self) -> None:
        """Connect, in a thread of the session's own."""
        self._session.start()

    def stop(self) -> None:
        """Disconnect."""
        self._session.stop()

    def follow_registry(self) -> None:
        """Devices came or went."""
        self._interpreter.follow_registry()
        self._listener.follow(self._session)

    def found(self, now: datetime) -> tuple[FoundDevice, ...]:
        """Devices that could be let in."""
        return self._interpreter.found(now)

    def interpret(self, messages: Sequence[Message], now: datetime) -> Interpreted:
        """A round of messages in the contract's words; what is new in it is listened to from now on."""
        found = self._interpreter.interpret(messages, now)
        self._listener.follow(self._session)
        self._write_list(now)
        return found

    def _write_list(self, now: datetime) -> None:
        """Replace the file at once, if anything in it has changed."""
        said = json.dumps(self._interpreter.listing(now), indent=1)
        if said == self._listed:
            return
        temporary = self._list_path.with_suffix(".new")
        try:
            temporary.write_text(said)
            temporary.replace(self._list_path)
        except OSError as error:
            log.warning("neighbours_not_written", reason=str(error))
            return
        self._listed = said


def _never() -> bool:
    return False


def _nothing() -> None:
    """QoS 0 is not acknowledged."""
