"""Announcer: tells the cloud which devices are found, where the gateway also asks for its claim code.

Only what holds now is of use, so it is said again and nothing of it is spooled.
"""

from collections.abc import Callable
from typing import Final

from edge.adapters.mqtt_session import MqttSession
from edge.contract import ClaimRequest, DeviceId, FoundDevice, topics
from edge.ports import Parcel

AGAIN_S: Final = 60.0
"""How soon the same is said again [s]: somebody who has just paired the gateway waits before a page."""


class Announcer:
    """Says what is found whenever it is something else, and again as long as it waits.

    Args:
        gateway_id: Who says so.
        session: With the cloud.
        monotonic: Counts seconds.
    """

    def __init__(self, gateway_id: DeviceId, session: MqttSession, monotonic: Callable[[], float]) -> None:
        self._topic = topics.claim(gateway_id)
        self._session = session
        self._monotonic = monotonic
        self._said: tuple[FoundDevice, ...] = ()
        self._again_at_s = 0.0

    def say(self, found: tuple[FoundDevice, ...]) -> None:
        """Tell the cloud, if it is time; while it is away, once it is back."""
        now_s = self._monotonic()
        if not found or (found == self._said and now_s < self._again_at_s):
            return
        body = ClaimRequest(kind="gateway", found=found).model_dump_json().encode()
        if self._session.publish(Parcel(self._topic, body)) is not None:
            self._said, self._again_at_s = found, now_s + AGAIN_S
