"""Readings of one device, and the recorded payloads of true ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device_sim.wire.readings import Row

MakeRow = Callable[..., Row]
ReadRecorded = Callable[[str], dict[str, Any]]


def row(**changes: object) -> Row:
    """A reading; a test changes what it is about."""
    good: dict[str, Any] = {
        "device_id": "ac-1",
        "sampled_at": "2025-07-01T19:05:00Z",  # 12:05 in Phoenix
        "interval_s": 300.0,
        "seq": 7,
        "mode": "cool",
        "fan": "auto",
        "indoor_dry_bulb_c": 26.1,
        "indoor_rh_pct": 48.0,
        "outdoor_dry_bulb_c": 37.2,
        "electric_power_w": 1200.0,
        "energy_total_kwh": 812.4,
        "compressor_ratio": 0.5,
        "motion": True,
        "changed_by": "schedule",
        "setpoint_c": 24.0,
    }
    return Row(**(good | changes))


@pytest.fixture
def make_row() -> MakeRow:
    return row


@pytest.fixture
def read_recorded(dialects_directory: Path) -> ReadRecorded:
    """Read a file of recorded payloads."""
    return lambda name: dict(json.loads((dialects_directory / f"{name}.json").read_text()))
