"""An uplink over MQTT: several messages in flight at once, done when the broker has acknowledged each."""

import threading
from collections.abc import Sequence

from typing_extensions import override

from edge.adapters.mqtt_session import MqttSession
from edge.errors import UplinkUnavailableError
from edge.pacing import Pace
from edge.ports import Parcel, Uplink

PUBACK_TIMEOUT_S = 30.0
"""A broker that has not acknowledged by then has no room or no life [s]: the connection is made anew."""


class MqttUplink(Uplink):
    """An `Uplink` to a broker whose acknowledgement means that the cloud has the message on disk.

    Args:
        session: The connection; this uplink is told of its acknowledgements and its loss.
        timeout_s: How long it waits for the acknowledgements of one call [s].
        pace: Keeps to the broker's quota of publishes, if it has one.
        rule: Name of the rule of AWS IoT Core that takes telemetry, batches and events past the broker
            (Basic Ingest); empty: they are published as they are.
    """

    def __init__(
        self,
        session: MqttSession,
        timeout_s: float = PUBACK_TIMEOUT_S,
        *,
        pace: Pace | None = None,
        rule: str = "",
    ) -> None:
        self._session = session
        self._timeout_s = timeout_s
        self._pace = pace
        self._prefix = f"$aws/rules/{rule}/" if rule else ""
        self._changed = threading.Condition()
        self._acknowledged: set[int] = set()
        self._losses = 0
        session.on_published = self._on_published
        session.on_down = self._on_down

    @override
    def send(self, parcels: Sequence[Parcel]) -> None:
        with self._changed:
            self._acknowledged.clear()
            losses = self._losses
        sent = {self._publish(parcel) for parcel in parcels}
        with self._changed:
            answered = self._changed.wait_for(
                lambda: sent <= self._acknowledged or losses != self._losses, self._timeout_s
            )
            delivered = sent <= self._acknowledged
        if not answered:
            self._session.reconnect()
        if not delivered:
            raise UplinkUnavailableError("the connection was lost" if answered else "it does not acknowledge")

    def _publish(self, parcel: Parcel) -> int:
        if self._pace is not None:
            self._pace.wait()
        if self._prefix and parcel.topic.startswith("dt/ac/"):
            parcel = Parcel(self._prefix + parcel.topic, parcel.body)
        packet = self._session.publish(parcel)
        if packet is None:
            raise UplinkUnavailableError("there is no connection")
        return packet

    def _on_published(self, packet: int) -> None:
        with self._changed:
            self._acknowledged.add(packet)
            self._changed.notify_all()

    def _on_down(self) -> None:
        with self._changed:
            self._losses += 1
            self._changed.notify_all()
