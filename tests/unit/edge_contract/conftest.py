"""A builder: one good message, of which a test changes one field."""

import json
from collections.abc import Callable
from typing import Any

import pytest

MakeReading = Callable[..., dict[str, Any]]

GOOD: dict[str, Any] = {
    "device_id": "ac-1",
    "sampled_at": "2025-07-01T12:00:00Z",
    "mode": "cool",
    "setpoint_c": 24.0,
    "indoor_dry_bulb_c": 25.5,
}
"""The smallest good reading."""


@pytest.fixture
def make_reading() -> MakeReading:
    """A reading as a JSON object; a field is changed by keyword, and left out by `...`."""

    def make(**changes: object) -> dict[str, Any]:
        merged = GOOD | changes
        return {name: value for name, value in merged.items() if value is not ...}

    return make


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """JSON as it travels; NaN and Infinity are written as most encoders write them."""

    def encoded(document: object) -> bytes:
        return json.dumps(document).encode()

    return encoded
