"""The API beside a stand-in for the vendors, which it tells of changes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

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
def telling_world(make_world: MakeWorld, outside: StandIn, key_pem: str, tmp_path: Path) -> World:
    """An API that tells both vendors of changes."""
    key_file = tmp_path / "google.json"
    account = {"client_email": "a@b.example", "private_key": key_pem, "token_uri": f"{outside.url}/token"}
    key_file.write_text(json.dumps(account))
    return make_world(
        alexa_client_id="client",
        alexa_client_secret="shh",
        alexa_token_url=f"{outside.url}/token",
        alexa_events_url=f"{outside.url}/v3/events",
        google_key_file=key_file,
        google_graph_url=f"{outside.url}/graph",
    )
