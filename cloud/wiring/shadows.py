"""The way of commands to the shadows, by the settings."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloud.adapters.mqtt_connection import MqttConnection, MqttEndpoint
from cloud.adapters.mqtt_shadow import MqttShadows
from cloud.config import CloudSettings
from cloud.ports.commands import Shadows

CLIENT_ID = "advisor-0"


@contextmanager
def open_shadows(settings: CloudSettings) -> Iterator[Shadows]:
    """Everybody's shadows, until the end of the block."""
    if settings.shadows == "aws_iot":
        from cloud.adapters.iot_shadows import iot_shadows  # noqa: PLC0415 (boto3 comes with the extra `aws`)

        yield iot_shadows()
        return
    password = settings.mqtt_password.get_secret_value()
    endpoint = MqttEndpoint(settings.mqtt_host, settings.mqtt_port, settings.mqtt_username, password)
    connection = MqttConnection(endpoint, CLIENT_ID)
    connection.start()
    try:
        yield MqttShadows(connection)
    finally:
        connection.stop()
