from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from device_sim.recordings import ecobee
from device_sim.recordings.errors import (
    RecordingColumnsError,
    RecordingMissingError,
    TimezoneNeededError,
)

NEW_YORK = ZoneInfo("America/New_York")

Folder = Callable[..., Path]


def payloads(directory: Path) -> list[dict[str, Any]]:
    return [reading.payload for reading in ecobee.read(directory, NEW_YORK)]


def test_a_row_becomes_a_reading_in_the_contracts_words(ecobee_folder: Folder) -> None:
    readings = list(ecobee.read(ecobee_folder({}), NEW_YORK))

    assert [reading.device_id for reading in readings] == ["home-1"]
    assert readings[0].sampled_at == datetime(2023, 6, 10, 20, 45, tzinfo=UTC)  # 16:40 EDT + 5 min
    assert readings[0].payload == {
        "device_id": "home-1",
        "sampled_at": "2023-06-10T20:45:00Z",
        "interval_s": 300,
        "mode": "cool",
        "setpoint_c": 22.0,
        "indoor_dry_bulb_c": 22.39,
        "indoor_rh_pct": 50.0,
        "outdoor_dry_bulb_c": 26.67,
        "compressor_ratio": 0.5,  # 150 s of 300 s
        "motion": False,
        "changed_by": "schedule",
    }


@pytest.mark.parametrize(
    ("system_mode", "mode", "setpoint_c"),
    [
        ("compressorCoolOff", "cool", 22.0),
        ("compressorCoolStage1On", "cool", 22.0),
        ("heatOff", "cool", 22.0),
        ("heatStage1On", "heat", 20.0),
        ("economyCycle", "economyCycle", 22.0),
    ],
)
def test_the_mode_follows_the_equipment_and_an_unknown_one_travels_as_it_is(
    system_mode: str, mode: str, setpoint_c: float, ecobee_folder: Folder
) -> None:
    (payload,) = payloads(ecobee_folder({"system_mode": system_mode}))

    assert (payload["mode"], payload["setpoint_c"]) == (mode, setpoint_c)


@pytest.mark.parametrize(
    ("event", "changed_by"),
    [
        ("", "schedule"),
        ("hold", "remote"),
        ("auto", "unknown"),
        ("(SmartRecovery)", "schedule"),
        ("x", "unknown"),
    ],
)
def test_an_event_says_who_set_the_setpoint(event: str, changed_by: str, ecobee_folder: Folder) -> None:
    assert payloads(ecobee_folder({"event": event}))[0]["changed_by"] == changed_by


@pytest.mark.parametrize(
    ("hall", "room", "motion"),
    [("1.0", "0.0", True), ("0.0", "1.0", True), ("", "1.0", True), ("0.0", "", False), ("0", "0", False)],
)
def test_any_sensor_that_saw_somebody_is_motion(
    hall: str, room: str, *, motion: bool, ecobee_folder: Folder
) -> None:
    assert payloads(ecobee_folder({"motion": hall, "room1_motion": room}))[0]["motion"] is motion


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("t_set_cool_c", "setpoint_c"),
        ("rh_in", "indoor_rh_pct"),
        ("t_out_c", "outdoor_dry_bulb_c"),
        ("cool_run_s", "compressor_ratio"),
        ("motion", "motion"),
    ],
)
@pytest.mark.parametrize("cell", ["", "nan", "NA"])
def test_what_is_missing_stays_missing(column: str, name: str, cell: str, ecobee_folder: Folder) -> None:
    before, missing, after = payloads(
        ecobee_folder(
            {"ts": "2023-06-10 16:40:00"},
            {"ts": "2023-06-10 16:45:00", column: cell},
            {"ts": "2023-06-10 16:50:00"},
        )
    )

    assert name not in missing
    assert name in before
    assert name in after


def test_a_missing_indoor_temperature_is_null_as_the_contract_asks(ecobee_folder: Folder) -> None:
    assert payloads(ecobee_folder({"t_in_c": ""}))[0]["indoor_dry_bulb_c"] is None


@pytest.mark.parametrize("cell", ["warm", "inf", "1 5"])
def test_a_cell_that_is_no_number_travels_as_it_is(cell: str, ecobee_folder: Folder) -> None:
    assert payloads(ecobee_folder({"t_in_c": cell}))[0]["indoor_dry_bulb_c"] == cell


def test_rows_come_out_in_time_order(ecobee_folder: Folder) -> None:
    stamps = ["2023-06-10 16:50:00", "2023-06-10 16:40:00", "2023-06-10 16:45:00"]

    readings = list(ecobee.read(ecobee_folder(*({"ts": stamp} for stamp in stamps)), NEW_YORK))

    assert [reading.sampled_at.minute for reading in readings] == [45, 50, 55]


@pytest.mark.parametrize("stamp", ["2023-03-12 02:30:00", "yesterday", ""])
def test_a_row_without_an_instant_travels_with_its_stamp_in_its_place(
    stamp: str, ecobee_folder: Folder
) -> None:
    readings = list(
        ecobee.read(
            ecobee_folder({"ts": "2023-03-12 01:55:00"}, {"ts": stamp}, {"ts": "2023-03-12 03:00:00"}),
            NEW_YORK,
        )
    )

    assert [reading.payload["sampled_at"] for reading in readings] == [
        "2023-03-12T07:00:00Z",
        stamp,
        "2023-03-12T07:05:00Z",
    ]


def test_the_hour_that_comes_twice_gives_two_readings_of_each_stamp(ecobee_folder: Folder) -> None:
    stamps = ["2023-11-05 01:55:00", "2023-11-05 01:00:00", "2023-11-05 01:55:00", "2023-11-05 02:00:00"]

    sampled = [
        payload["sampled_at"] for payload in payloads(ecobee_folder(*({"ts": stamp} for stamp in stamps)))
    ]

    assert sampled == [
        "2023-11-05T05:05:00Z",
        "2023-11-05T06:00:00Z",
        "2023-11-05T07:00:00Z",
        "2023-11-05T07:05:00Z",
    ]


def test_rows_with_more_or_fewer_cells_than_the_header_are_readings_too(
    ecobee_folder: Folder, tmp_path: Path
) -> None:
    ecobee_folder({})
    header = ",".join(sorted(ecobee.COLUMNS, key=lambda name: name != "device_id"))
    (tmp_path / "second.csv").write_text(f"{header}\nhome-2\nhome-3{',1' * 40}\n")

    assert sorted(payload["device_id"] for payload in payloads(tmp_path)) == ["home-1", "home-2", "home-3"]


def test_without_a_timezone_the_error_says_what_to_do(ecobee_folder: Folder) -> None:
    with pytest.raises(TimezoneNeededError, match="--timezone America/New_York"):
        ecobee.read(ecobee_folder({}), None)


def test_an_empty_folder_and_a_foreign_file_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingMissingError, match=r"no \*.csv or \*.csv.gz in "):
        list(ecobee.read(tmp_path, NEW_YORK))
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RecordingColumnsError, match=r"other\.csv is of another format.*cool_run_s"):
        list(ecobee.read(tmp_path, NEW_YORK))
