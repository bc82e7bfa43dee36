"""A session that finds no broker: how long it waits before it tries again."""

import random

from pydantic import SecretStr
from typing_extensions import override

from edge.adapters.mqtt_session import Endpoint, MqttSession
from infra.local.broker import free_ports
from tests.waiting import wait_for

LONGEST_WAIT_S = 0.5
TRIES = 12


class Remembering(random.Random):
    """Chance that knows between what it was asked, and says the least."""

    def __init__(self) -> None:
        super().__init__()
        self.limits_s: list[float] = []

    @override
    def uniform(self, a: float, b: float) -> float:
        self.limits_s.append(b)
        return a


def test_waits_grow_up_to_the_longest_that_was_set() -> None:
    (port,) = free_ports(1)
    endpoint = Endpoint(
        "127.0.0.1", port, "gw-1", SecretStr(""), "gw-1", durable=False, longest_wait_s=LONGEST_WAIT_S
    )
    chance = Remembering()
    session = MqttSession("cloud", endpoint, None, chance)

    session.start()
    wait_for(lambda: len(chance.limits_s) >= TRIES)
    session.stop()

    assert chance.limits_s[:3] == [0.4, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert max(chance.limits_s) == LONGEST_WAIT_S
