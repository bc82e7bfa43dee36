"""Messages to devices by AWS IoT Core's HTTPS API."""

from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud.errors import RejectedError, UnavailableError
from cloud.quotas import PAYLOAD_BYTES, TOPIC_BYTES, TOPIC_SLASHES

CONFIG: Final = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 5})


class IotMessages:
    """Publishes, QoS 1.

    Args:
        client: Of `iot-data`.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 (boto3 has no types)
        self.client = client

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand a message to the broker.

        Raises:
            RejectedError: AWS IoT has no such long topics or payloads.
            UnavailableError: It is not certain; publish it again.
        """
        too_long = topic.count("/") > TOPIC_SLASHES or len(topic.encode()) > TOPIC_BYTES
        if too_long or len(payload) > PAYLOAD_BYTES:
            raise RejectedError(f"{topic[:TOPIC_BYTES]}: {len(payload)} bytes, not for AWS IoT")
        try:
            self.client.publish(topic=topic, qos=1, payload=payload)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"AWS IoT: {error}") from error


def iot_data_client(config: Config = CONFIG) -> Any:  # noqa: ANN401 (boto3 has no types)
    """A client of the account's own endpoint; credentials and region as boto3 finds them.

    Raises:
        UnavailableError: AWS does not tell the endpoint.
    """
    try:
        endpoint = boto3.client("iot", config=config).describe_endpoint(endpointType="iot:Data-ATS")
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError(f"AWS IoT: {error}") from error
    return boto3.client("iot-data", endpoint_url=f"https://{endpoint['endpointAddress']}", config=config)


def iot_messages() -> IotMessages:
    """The account's devices."""
    return IotMessages(iot_data_client())
