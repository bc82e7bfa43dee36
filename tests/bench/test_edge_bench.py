"""Readings a second through the gateway, against what its MQTT library publishes in the same run."""

import json
from dataclasses import asdict

import pytest

from infra.local.edge_bench import measure


@pytest.mark.bench
def test_readings_through_the_gateway_against_bare_publishes() -> None:
    figures = measure(10_000)

    print(json.dumps(asdict(figures)))
    assert figures.readings_lost == 0
    assert figures.ratio > 0.15
