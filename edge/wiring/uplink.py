"""The way up, by setting: our broker, AWS IoT Core, or Kinesis."""

import random
import time
from collections.abc import Callable

from edge.adapters.mqtt_session import MqttSession
from edge.adapters.mqtt_uplink import MqttUplink
from edge.backoff import full_jitter
from edge.config import EdgeSettings
from edge.pacing import Pace
from edge.ports import Uplink
from edge.quotas import PUBLISHES_PER_S

RETRY_CAP_S = 2.0
"""Longest wait before a stream that refused is tried again [s]."""


def uplink(
    settings: EdgeSettings, cloud: MqttSession, pause: Callable[[float], object], rng: random.Random
) -> Uplink:
    """The uplink that the settings name.

    Args:
        settings: The gateway's settings.
        cloud: Its session with the cloud.
        pause: Waits so long [s], or until the gateway stops.
        rng: Spreads what is tried again.
    """
    if settings.uplink == "broker":
        return MqttUplink(cloud)
    mqtt = MqttUplink(cloud, pace=Pace(PUBLISHES_PER_S, time.monotonic, pause), rule=settings.ingest_rule)
    if settings.uplink == "aws_iot":
        return mqtt
    from edge.adapters.kinesis_uplink import KinesisUplink, kinesis_client  # noqa: PLC0415 (boto3 is an extra)

    def wait(attempt: int) -> None:
        pause(full_jitter(attempt, rng, cap_s=RETRY_CAP_S))

    return KinesisUplink(kinesis_client(), settings.stream, mqtt, wait)
