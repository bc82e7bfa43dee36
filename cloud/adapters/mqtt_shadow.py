"""Shadows over MQTT: a request is a publish on `…/shadow/update`, of AWS IoT Core or of our own service."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from cloud.adapters.mqtt_connection import MqttConnection
from cloud.ports.commands import Shadows
from edge.contract import Desired, DeviceId, topics, update_document


@dataclass(frozen=True, slots=True)
class MqttShadows(Shadows):
    """A `Shadows` that returns when the broker has acknowledged.

    Attributes:
        connection: A started connection of a service identity.
        timeout_s: Longest wait for an acknowledgement [s].
    """

    connection: MqttConnection
    timeout_s: float = 5.0

    @override
    def request(self, device_id: DeviceId, desired: Desired) -> None:
        self.request_all([(device_id, desired)])

    @override
    def request_all(self, requests: Sequence[tuple[DeviceId, Desired]]) -> None:
        deliveries = [
            self.connection.send(topics.shadow(device_id, "update"), update_document(desired=desired))
            for device_id, desired in requests
        ]
        for delivery in deliveries:
            delivery.wait(self.timeout_s)
