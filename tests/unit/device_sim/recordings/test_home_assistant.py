from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from device_sim.recordings import home_assistant

Folder = Callable[..., Path]


def payloads(directory: Path) -> list[dict[str, Any]]:
    return [reading.payload for reading in home_assistant.read(directory, None)]


def test_a_row_becomes_a_reading_in_the_contracts_words(house_folder: Folder) -> None:
    (reading,) = home_assistant.read(house_folder({}), None)

    assert reading.sampled_at == datetime(2025, 11, 16, 0, 13, tzinfo=UTC)
    assert reading.payload == {
        "device_id": "house-1",
        "sampled_at": "2025-11-16T00:13:00Z",
        "interval_s": 60,
        "mode": "heat",
        "setpoint_c": 20.0,
        "indoor_dry_bulb_c": 18.89,
        "outdoor_dry_bulb_c": 15.83,
    }


@pytest.mark.parametrize(
    ("code", "mode"),
    [("0", "off"), ("1", "heat"), ("2", "heat"), ("2.0", "heat"), ("-1", "cool"), ("7", 7.0), ("on", "on")],
)
def test_the_mode_is_the_sum_of_what_the_units_do(code: str, mode: object, house_folder: Folder) -> None:
    assert payloads(house_folder({"hvac_mode": code}))[0]["mode"] == mode


def test_no_setpoint_is_in_force_while_nothing_heats(house_folder: Folder) -> None:
    off, heating = payloads(house_folder({"hvac_mode": "0"}, {"hvac_mode": "2"}))

    assert "setpoint_c" not in off
    assert heating["setpoint_c"] == 20.0


def test_the_offset_of_the_stamp_counts_and_not_the_timezone(house_folder: Folder) -> None:
    folder = house_folder({"ts": "2025-11-16 00:13:00-08:00"})

    (reading,) = home_assistant.read(folder, ZoneInfo("Asia/Tokyo"))

    assert reading.payload["sampled_at"] == "2025-11-16T08:13:00Z"


@pytest.mark.parametrize("stamp", ["2025-11-16 00:13:00", "soon"])
def test_a_stamp_without_an_offset_travels_as_it_is(stamp: str, house_folder: Folder) -> None:
    assert payloads(house_folder({"ts": stamp}))[0]["sampled_at"] == stamp


def test_what_is_missing_stays_missing(house_folder: Folder) -> None:
    (payload,) = payloads(house_folder({"t_in_c": "", "t_out_c": "", "t_set_c": ""}))

    assert payload["indoor_dry_bulb_c"] is None
    assert "outdoor_dry_bulb_c" not in payload
    assert "setpoint_c" not in payload
