"""How long `read_telemetry` takes, as a multiple of `json.loads` of the same bytes in the same run."""

import json
import time
from collections.abc import Callable

import pytest

from edge.contract import read_telemetry

pytestmark = pytest.mark.bench

ROUNDS = 7
SECONDS_PER_ROUND = 0.2

READING = {
    "device_id": "ac-0001",
    "sampled_at": "2025-07-01T12:00:00Z",
    "seq": 4711,
    "mode": "cool",
    "setpoint_c": 24.5,
    "indoor_dry_bulb_c": 25.25,
    "indoor_rh_pct": 51.5,
    "outdoor_dry_bulb_c": 33.1,
    "electric_power_w": 812.5,
    "energy_total_kwh": 1234.567,
    "compressor_ratio": 0.62,
}
"""What our own devices send: 500 of them are just within the 128 KB of one message."""


def encode(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def best_us(work: Callable[[], object]) -> float:
    """The fastest round's time of one call [us]: what the machine can do when nobody disturbs it."""
    work()
    rounds = []
    for _ in range(ROUNDS):
        calls, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS_PER_ROUND:
            work()
            calls += 1
        rounds.append((time.perf_counter() - start) / calls)
    return min(rounds) * 1e6


@pytest.mark.parametrize(
    ("name", "payload", "count", "limit"),
    [
        ("one reading", encode(READING), 1, 6.0),
        ("500 in an array", encode([READING | {"seq": seq} for seq in range(500)]), 500, 4.0),
        (
            "500, one of them bad",
            encode([READING | {"seq": seq if seq != 250 else -1} for seq in range(500)]),
            500,
            12.0,
        ),
    ],
)
def test_reading_telemetry_costs_a_small_multiple_of_parsing_json(
    name: str, payload: bytes, count: int, limit: float
) -> None:
    readings, refusals = read_telemetry(payload)
    assert len(readings) + len(refusals) == count

    parse_us = best_us(lambda: json.loads(payload))
    read_us = best_us(lambda: read_telemetry(payload))

    ratio = read_us / parse_us
    print(
        f"\n{name}: {read_us / count:.2f} us a reading ({count / read_us * 1e6:,.0f} readings/s), "
        f"{ratio:.2f} times json.loads ({parse_us / count:.2f} us)"
    )
    assert ratio < limit
