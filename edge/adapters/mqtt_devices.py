"""The way to the devices on the site's broker."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from edge.adapters.mqtt_session import MqttSession
from edge.errors import DevicesUnavailableError
from edge.ports import Devices, Parcel


@dataclass(frozen=True, slots=True)
class MqttDevices(Devices):
    """`Devices` that listen at a broker."""

    session: MqttSession

    @override
    def tell(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            if self.session.publish(parcel) is None:
                raise DevicesUnavailableError("there is no connection")
