"""Fixtures that every suite may use."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.broker import Broker, BrokerSettings, Identity, free_ports

MakeBroker = Callable[..., Broker]


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
