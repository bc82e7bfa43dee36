from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cloud.reading_rows import reading_of, row_of
from edge.contract import Telemetry, read_telemetry, write_telemetry

MakeTelemetry = Callable[..., Telemetry]

FULL: dict[str, Any] = {
    "device_id": "ac-7",
    "sampled_at": datetime(2026, 7, 1, 12, 0, 0, 123_000, tzinfo=UTC),
    "interval_s": 60.0,
    "seq": 9,
    "mode": "cool",
    "fan": "low",
    "setpoint_c": 24.5,
    "indoor_dry_bulb_c": 25.1,
    "indoor_rh_pct": 48.0,
    "outdoor_dry_bulb_c": 33.3,
    "electric_power_w": 812.5,
    "energy_total_kwh": 1234.5,
    "compressor_ratio": 0.4,
    "motion": True,
    "changed_by": "advisor",
    "advice_id": "a-1",
}
BARE: dict[str, Any] = {
    "device_id": "ac-7",
    "sampled_at": datetime(2026, 7, 1, tzinfo=UTC),
    "mode": "off",
    "indoor_dry_bulb_c": None,
}


@pytest.fixture(params=[FULL, BARE, FULL | {"motion": False}], ids=["full", "bare", "still"])
def reading(request: pytest.FixtureRequest) -> Telemetry:
    return Telemetry(**request.param)


def test_a_stored_reading_is_the_one_that_was_validated(reading: Telemetry) -> None:
    again = reading_of(row_of(reading))

    assert again == reading
    assert hash(again) == hash(reading)
    assert read_telemetry(write_telemetry([again])) == ([reading], [])


def test_a_flag_from_a_database_without_booleans_is_one_again(reading: Telemetry) -> None:
    row = [int(value) if isinstance(value, bool) else value for value in row_of(reading)]

    assert reading_of(tuple(row)).motion is reading.motion


def test_a_copy_of_a_stored_reading_leaves_all_others_alone(reading: Telemetry) -> None:
    first, second = (reading_of(row_of(reading)) for _ in range(2))

    changed = first.model_copy(update={"motion": None, "seq": 77})

    assert (changed.motion, changed.seq) == (None, 77)
    assert first == second == reading
    with pytest.raises(ValueError, match="frozen"):
        first.seq = 1  # type: ignore[misc]
