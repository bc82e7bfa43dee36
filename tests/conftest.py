"""Fixtures that every suite may use."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.contract import Telemetry
from infra.local.broker import Broker, BrokerSettings, Identity, free_ports


class Folders(BaseSettings):
    """Where measured data and recorded payloads are."""

    model_config = SettingsConfigDict(env_prefix="AC_ADVISOR_", extra="ignore")

    data: Path | None = None
    dialects: Path | None = None


MakeBroker = Callable[..., Broker]
MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """The folder of the measured data sets, or a skip."""
    folder = Folders().data
    if folder is None:
        pytest.skip("AC_ADVISOR_DATA is not set: the measured data sets are not here")
    return folder


@pytest.fixture(scope="session")
def dialects_directory() -> Path:
    """The folder of payloads recorded from true devices, or a skip."""
    folder = Folders().dialects
    if folder is None:
        pytest.skip("AC_ADVISOR_DIALECTS is not set: the recorded payloads are not here")
    return folder


@pytest.fixture
def make_telemetry() -> MakeTelemetry:
    """Build a good reading; a test changes the one field that it is about."""

    def make(**changes: object) -> Telemetry:
        good = {
            "device_id": "dev-1",
            "sampled_at": datetime(2025, 7, 1, 12, 0, tzinfo=UTC),
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 25.5,
        }
        return Telemetry.model_validate(good | changes)

    return make


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[MakeBroker]:
    """Start a real broker for the given identities on free loopback ports; it is stopped after the test."""
    started: list[Broker] = []

    def make(*identities: Identity) -> Broker:
        mqtt, client, monitor = free_ports(3)
        settings = BrokerSettings(tmp_path / f"broker-{len(started)}", mqtt, client, monitor)
        broker = Broker(settings, identities)
        broker.start()
        started.append(broker)
        return broker

    yield make
    for broker in started:
        broker.stop()
