"""Claim: a gateway asks the cloud for the code by which it is paired."""

import queue
import random

from edge.adapters.mqtt_session import MqttSession, Subscriptions
from edge.config import EdgeSettings
from edge.contract import ClaimCode, ClaimRequest, topics
from edge.errors import NotReadyError
from edge.ports import Parcel
from edge.wiring.endpoints import cloud_endpoint

CODE_TIMEOUT_S = 15.0
"""The cloud answers a gateway that asks for its claim code by then [s]."""


def ask_for_code(settings: EdgeSettings, timeout_s: float = CODE_TIMEOUT_S) -> ClaimCode:
    """The claim code of this gateway, asked for over a connection of its own.

    Raises:
        NotReadyError: The cloud does not answer.
    """
    answers: queue.SimpleQueue[bytes | bytearray] = queue.SimpleQueue()
    gateway_id = settings.gateway_id
    endpoint = cloud_endpoint(settings, f"{gateway_id}-claim")
    subscriptions = Subscriptions(
        [topics.claim_code(gateway_id)], 1, lambda _, message: answers.put(message.payload)
    )
    session = MqttSession("claim", endpoint, subscriptions, random.Random())  # noqa: S311 (spreads reconnects)
    request = Parcel(topics.claim(gateway_id), ClaimRequest(kind="gateway").model_dump_json().encode())

    def ask() -> None:
        session.publish(request)

    session.on_up = ask
    session.start()
    try:
        return ClaimCode.model_validate_json(answers.get(timeout=timeout_s))
    except queue.Empty as error:
        raise NotReadyError(
            "the cloud does not answer: is it there, and may this gateway connect?"
        ) from error
    finally:
        session.stop()
