"""How long voice takes beside the recommendation that it speaks of: p99 in one process, in turn."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import pytest
from joserfc.jwk import KeySet

from cloud.adapters.memory_lake import MemoryLake
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.device_history import WholeHistory
from cloud.ports.api import ApiStores
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.keys import FixedKeys, make_key
from mobile_api.passwords import Passwords
from mobile_api.voice.alexa_signature import AlexaSignatures
from mobile_api.voice.outbound import Reply
from tests.unit.mobile_api.conftest import Clock, Person, World
from tests.unit.mobile_api.voice.signed_requests import authority
from tests.unit.mobile_api.voice.test_google_home import asking
from tests.unit.mobile_api.voice.test_skill_route import SKILL, body, send

ROUNDS = 400
MOST = 20.0
"""Times the recommendation; a signature and a device read whole are in it."""


@pytest.fixture
def person() -> Person:
    clock, readings, lake = Clock(), MemoryReadingLog(), MemoryLake()
    state = MemoryStateStore(clock)
    app = create_app(
        ApiStores(state, readings, WholeHistory(readings, lake), readings),
        FixedKeys(KeySet([make_key()])),
        ApiSettings(alexa_skill_id=SKILL, rate_per_minute=10**6),
        now=clock,
        passwords=Passwords(memory_kib=8, time_cost=1),
    )
    app.extensions["ac_advisor_voice"].alexa_signatures = AlexaSignatures(
        lambda _: Reply(200, authority().chain()), clock, lambda: [authority().root.certificate]
    )
    world = World(state, readings, clock, app, lake)
    person = world.sign_up()
    device_id = world.device_of(person)
    for minute in range(0, 24 * 60, 5):
        world.report(device_id, clock.at - timedelta(minutes=minute))
    world.advise(device_id)
    return person


def quantiles_ms(asks: Sequence[Callable[[int], int]], quantile: float) -> list[float]:
    """Of each request, asked in turn: a moment in which the machine is busy strikes them all."""
    took_s: list[list[float]] = [[] for _ in asks]
    for number in range(ROUNDS):
        for ask, took in zip(asks, took_s, strict=True):
            began_s = time.perf_counter()
            assert ask(number) == 200
            took.append(time.perf_counter() - began_s)
    return [float(np.quantile(each, quantile)) * 1000 for each in took_s]


@pytest.mark.bench
def test_voice_beside_the_recommendation(person: Person) -> None:
    bearer = {"Authorization": f"Bearer {person.token}"}
    clock = Clock()
    world = World(MemoryStateStore(clock), MemoryReadingLog(), clock, person.app, MemoryLake())

    def ask_google(_: int) -> int:
        query = asking("QUERY", devices=[{"id": "dev-1"}])
        return int(world.nobody().post("/voice/google", json=query, headers=bearer).status_code)

    def ask_skill(number: int) -> int:
        return int(send(world, body(person, request_id=f"r-{number}")).status_code)

    def look(_: int) -> int:
        return int(person.get("/v1/devices/dev-1/recommendation").status_code)

    shown, skill, google = quantiles_ms([look, ask_skill, ask_google], 0.99)

    print(
        f"\np99: recommendation {shown:.2f} ms, skill {skill / shown:.1f} times that (the client's own "
        f"signing in it), Google QUERY {google / shown:.1f} times"
    )
    assert max(skill, google) < MOST * shown
