"""Announcer: tells the cloud which devices are found, where the gateway also asks for its claim code.

Only what holds now is of use, so it is said again and nothing of it is spooled. A gateway that nobody gives a
list of its devices asks for it in the same breath: soon, as long as somebody may be about to let one in.
"""

import random
from collections.abc import Callable
from typing import Final

from edge.adapters.mqtt_session import MqttSession
from edge.contract import ClaimRequest, DeviceId, FoundDevice, topics
from edge.ports import Parcel

AGAIN_S: Final = 60.0
"""How soon the same is said again [s]: somebody who has just paired the gateway waits before a page."""

ASK_AGAIN_S: Final = 6 * 3600.0
"""How soon, at most, a list is asked for again while nothing waits to be let in [s]: what people wish reaches
the gateway by then; a million gateways ask 50 to 100 times a second."""


class Announcer:
    """Says what is found whenever it is something else, and again as long as it waits.

    Args:
        gateway_id: Who says so.
        session: With the cloud.
        monotonic: Counts seconds.
        rng: Spreads the gateways of a fleet; None: this one does not ask for its devices.
    """

    def __init__(
        self,
        gateway_id: DeviceId,
        session: MqttSession,
        monotonic: Callable[[], float],
        rng: random.Random | None = None,
    ) -> None:
        self._topic = topics.claim(gateway_id)
        self._session = session
        self._monotonic = monotonic
        self._rng = rng
        self._said: tuple[FoundDevice, ...] = ()
        self._again_at_s = 0.0
        self._ask_at_s = 0.0

    def say(self, found: tuple[FoundDevice, ...]) -> None:
        """Tell the cloud, if it is time; while it is away, once it is back."""
        now_s = self._monotonic()
        is_news = bool(found) and (found != self._said or now_s >= self._again_at_s)
        asks = self._rng is not None
        if not is_news and not (asks and now_s >= self._ask_at_s):
            return
        request = ClaimRequest(kind="gateway", found=found, asks_devices=asks)
        if self._session.publish(Parcel(self._topic, request.model_dump_json().encode())) is not None:
            self._said = found
            self._again_at_s = self._ask_at_s = now_s + AGAIN_S

    def answered(self) -> None:
        """The list has come."""
        if self._rng is not None:
            self._ask_at_s = self._monotonic() + self._rng.uniform(0.5, 1.0) * ASK_AGAIN_S

    def ask_anew(self) -> None:
        """The cloud is back: something may have been said while it was away."""
        self._ask_at_s = 0.0
