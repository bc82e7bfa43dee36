"""When a gateway says what it has found, and asks who lives behind it."""

import random
from typing import TYPE_CHECKING, cast

import pytest

from edge.adapters.mqtt_announcer import AGAIN_S, ASK_AGAIN_S, Announcer
from edge.contract import ClaimRequest, FoundDevice, topics
from edge.ports import Parcel

if TYPE_CHECKING:
    from edge.adapters.mqtt_session import MqttSession

FOUND = (FoundDevice(source="tasmota:den"),)


class Session:
    """Hears what is published, while the cloud is there."""

    def __init__(self) -> None:
        self.heard: list[ClaimRequest] = []
        self.is_up = True

    def publish(self, parcel: Parcel) -> object:
        if not self.is_up:
            return None
        assert parcel.topic == topics.claim("gw-1")
        self.heard.append(ClaimRequest.model_validate_json(parcel.body))
        return object()


class Bench:
    def __init__(self, *, asks: bool) -> None:
        self.now_s = 1000.0
        self.session = Session()
        rng = random.Random(1) if asks else None  # noqa: S311 (spreads, hides nothing)
        self.announcer = Announcer("gw-1", cast("MqttSession", self.session), lambda: self.now_s, rng)

    def say(self, found: tuple[FoundDevice, ...] = (), *, after_s: float = 0.0) -> int:
        """How many messages it makes of it."""
        before, self.now_s = len(self.session.heard), self.now_s + after_s
        self.announcer.say(found)
        return len(self.session.heard) - before


@pytest.mark.parametrize("asks", [True, False])
def test_what_is_found_is_said_at_once_and_again_while_it_waits(asks: bool) -> None:  # noqa: FBT001 (pytest's)
    bench = Bench(asks=asks)

    assert (bench.say(FOUND), bench.say(FOUND, after_s=AGAIN_S / 2)) == (1, 0)
    bench.announcer.answered()
    assert bench.say(FOUND, after_s=AGAIN_S) == 1
    assert bench.session.heard[-1] == ClaimRequest(kind="gateway", found=FOUND, asks_devices=asks)


def test_who_is_given_a_list_never_asks_for_one() -> None:
    bench = Bench(asks=False)

    assert bench.say() == 0
    bench.announcer.ask_anew()
    assert bench.say(after_s=2 * ASK_AGAIN_S) == 0


def test_it_is_asked_until_there_is_an_answer_then_rarely_and_anew_when_the_cloud_is_back() -> None:
    bench = Bench(asks=True)

    assert (bench.say(), bench.say(after_s=AGAIN_S / 2), bench.say(after_s=AGAIN_S / 2)) == (1, 0, 1)
    bench.announcer.answered()
    assert (bench.say(after_s=ASK_AGAIN_S / 2 - 1), bench.say(after_s=ASK_AGAIN_S / 2 + 1)) == (0, 1)
    bench.announcer.answered()
    bench.announcer.ask_anew()
    bench.session.is_up = False
    assert bench.say() == 0
    bench.session.is_up = True
    assert bench.say(after_s=1.0) == 1
