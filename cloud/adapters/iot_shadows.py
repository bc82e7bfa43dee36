"""Shadows of AWS IoT Core over HTTPS: a request is an UpdateThingShadow, which a device hears as a delta."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from cloud.adapters.iot_messages import iot_data_client
from cloud.errors import UnavailableError
from cloud.ports.commands import Shadows
from edge.contract import Desired, DeviceId, update_document

AT_ONCE: Final = 16
"""Devices that are asked at a time."""

CONFIG: Final = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "max_attempts": 5},
    max_pool_connections=AT_ONCE,
)


class IotShadows(Shadows):
    """A `Shadows` that returns when AWS has stored each document.

    Args:
        client: Of `iot-data`.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 (boto3 has no types)
        self.client = client

    @override
    def request(self, device_id: DeviceId, desired: Desired) -> None:
        document = update_document(desired=desired)
        try:
            self.client.update_thing_shadow(thingName=device_id, payload=document)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"shadow of {device_id}: {error}") from error

    @override
    def request_all(self, requests: Sequence[tuple[DeviceId, Desired]]) -> None:
        by_device: dict[DeviceId, list[Desired]] = {}
        for device_id, desired in requests:
            by_device.setdefault(device_id, []).append(desired)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._request_each, by_device, by_device.values()))

    def forget(self, device_id: DeviceId) -> None:
        """Leave nothing of a device's shadow; one that is not there is fine.

        Raises:
            UnavailableError: It is not certain; forget it again.
        """
        try:
            with suppress(self.client.exceptions.ResourceNotFoundException):
                self.client.delete_thing_shadow(thingName=device_id)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"shadow of {device_id}: {error}") from error

    def _request_each(self, device_id: DeviceId, wishes: Sequence[Desired]) -> None:
        for desired in wishes:
            self.request(device_id, desired)


def iot_shadows() -> IotShadows:
    """The account's shadows.

    Raises:
        UnavailableError: AWS does not tell the endpoint.
    """
    return IotShadows(iot_data_client(CONFIG))
