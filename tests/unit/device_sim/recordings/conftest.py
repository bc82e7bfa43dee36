"""Small recordings, written in the layout of the real ones."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ECOBEE = {
    "device_id": "home-1",
    "ts": "2023-06-10 16:40:00",
    "system_mode": "compressorCoolStage1On",
    "event": "",
    "program": "Home",
    "t_set_cool_c": "22.0",
    "t_set_heat_c": "20.0",
    "t_in_c": "22.39",
    "rh_in": "50.0",
    "t_out_c": "26.67",
    "cool_run_s": "150.0",
    "fan_run_s": "195.0",
    "motion": "0.0",
    "room1_t_c": "21.9",
    "room1_motion": "",
}

HOUSE = {
    "device_id": "house-1",
    "ts": "2025-11-16 00:13:00+00:00",
    "t_in_c": "18.89",
    "t_out_c": "15.83",
    "t_set_c": "20.0",
    "hvac_mode": "1",
    "solar_raw": "0.1",
}

HILFT: dict[str, Any] = {
    "device_id": "Atlanta-Eff-Default",
    "city": "Atlanta",
    "ts": pd.Timestamp("2001-08-26 05:56:00"),
    "power_w": 1385,
    "stage": 1,
    "t_in_c": 25.0,
    "dp_in_c": 13.9,
    "t_out_c": 23.4,
    "t_set_cool_c": 25.56,
    "sim_n_present": 3,
    "sim_setpoint_change_f": 0,
}


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a compressed CSV file and give back its folder."""

    def write(*rows: dict[str, str], name: str = "recording.csv.gz") -> Path:
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        text = "\n".join(lines) + "\n"
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return tmp_path

    return write


@pytest.fixture
def ecobee_folder(write_csv: Callable[..., Path]) -> Callable[..., Path]:
    """An ecobee recording: one row for each set of changed cells."""
    return lambda *changes: write_csv(*(ECOBEE | change for change in changes))


@pytest.fixture
def house_folder(write_csv: Callable[..., Path]) -> Callable[..., Path]:
    """A Home Assistant recording: one row for each set of changed cells."""
    return lambda *changes: write_csv(*(HOUSE | change for change in changes), name="recording.csv")


@pytest.fixture
def hilft_folder(tmp_path: Path) -> Callable[..., Path]:
    """A HILFT recording: one row for each set of changed cells."""

    def write(*changes: dict[str, Any]) -> Path:
        pd.DataFrame([HILFT | change for change in changes]).to_parquet(tmp_path / "recording.parquet")
        return tmp_path

    return write
