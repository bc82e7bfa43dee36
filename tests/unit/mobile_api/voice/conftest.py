"""The API beside a stand-in for the vendors, which it tells of changes."""

from collections.abc import Iterator

import pytest
from joserfc.jwk import RSAKey

from mobile_api.voice.desk import tell_google
from mobile_api.voice.google_graph import ServiceAccount
from tests.unit.mobile_api.conftest import MakeWorld, World
from tests.unit.mobile_api.voice.vendor_stand_in import StandIn, vendors


@pytest.fixture(scope="session")
def key_pem() -> str:
    return RSAKey.generate_key(2048).as_pem(private=True).decode()


@pytest.fixture
def outside() -> Iterator[StandIn]:
    with vendors() as stand_in:
        yield stand_in


@pytest.fixture
def telling_world(make_world: MakeWorld, outside: StandIn, key_pem: str) -> World:
    """An API that tells both vendors of changes."""
    account = {"client_email": "a@b.example", "private_key": key_pem, "token_uri": f"{outside.url}/token"}
    world = make_world(
        alexa_client_id="client",
        alexa_client_secret="shh",
        alexa_token_url=f"{outside.url}/token",
        alexa_events_url=f"{outside.url}/v3/events",
        google_graph_url=f"{outside.url}/graph",
    )
    tell_google(world.app, ServiceAccount.model_validate(account))
    return world
