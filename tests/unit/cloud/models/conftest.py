"""Rooms to learn from: telemetry of a documented first-order room, without the product's simulator."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest

from cloud.adapters.duckdb_hours import hours_frame
from edge.contract import Telemetry

Floats: TypeAlias = npt.NDArray[np.float64]

START = datetime(2024, 7, 1, tzinfo=UTC)
STEP_S = 900
SCHEMA = pa.schema(
    [
        ("device_id", pa.string()),
        ("sampled_at", pa.timestamp("ms", "UTC")),
        ("interval_s", pa.float64()),
        ("seq", pa.int64()),
        ("mode", pa.string()),
        ("fan", pa.string()),
        ("setpoint_c", pa.float64()),
        ("indoor_dry_bulb_c", pa.float64()),
        ("indoor_rh_pct", pa.float64()),
        ("outdoor_dry_bulb_c", pa.float64()),
        ("electric_power_w", pa.float64()),
        ("energy_total_kwh", pa.float64()),
        ("compressor_ratio", pa.float64()),
        ("motion", pa.bool_()),
        ("changed_by", pa.string()),
        ("advice_id", pa.string()),
    ]
)
"""The columns of the lake."""


@dataclass(frozen=True)
class Rooms:
    """Homes with one thermal mass each, cooled in proportion to the excess over the setpoint.

    C dT/dt = (To - T) / R + q - cool, cool = clip(gain (T - setpoint), 0, capacity), power = cool / cop +
    5 W. R ~ 8 K/kW and C ~ 3 kWh/K (time constant one day), so that a warm hour is paid back later, as in
    buildings.
    Somebody lowers the setpoint by 1 K for three hours with a chance that rises with the excess over 24.5 °C.
    """

    homes: int = 12
    days: int = 20
    seed: int = 1
    randomised: bool = True

    def telemetry(self) -> pa.Table:
        random = np.random.default_rng(self.seed)
        steps = self.days * 86_400 // STEP_S
        hour = np.arange(steps) * STEP_S / 3600
        daily = np.repeat(random.normal(0, 2, (self.days, 1)), 86_400 // STEP_S, axis=0)
        outdoor_c = 29 + 5 * np.sin(2 * np.pi * (hour[:, None] - 9) / 24) + daily
        planned_c = self._setpoints(random, steps, outdoor_c)
        size = random.uniform(0.6, 1.6, self.homes)
        rows = self._simulate(random, planned_c, np.repeat(outdoor_c, self.homes, axis=1), size)
        at = pa.array([START + timedelta(seconds=STEP_S * (step + 1)) for step in range(steps)] * self.homes)
        columns = {
            "device_id": np.repeat([f"room-{home:02d}" for home in range(self.homes)], steps),
            "sampled_at": at,
            "interval_s": np.full(steps * self.homes, float(STEP_S)),
            **{name: values.T.ravel() for name, values in rows.items()},
        }
        return pa.table(
            {
                field.name: pa.array(columns[field.name], field.type)
                if field.name in columns
                else pa.nulls(steps * self.homes, field.type)
                for field in SCHEMA
            },
            schema=SCHEMA,
        )

    def _setpoints(self, random: np.random.Generator, steps: int, outdoor_c: Floats) -> Floats:
        """Blocks of 2-48 h at 22-28 °C; not randomised: people who set it lower on hot days."""
        if not self.randomised:
            return np.repeat(25.0 - 0.5 * (outdoor_c - 29), self.homes, axis=1).clip(20, 28)
        setpoint_c = np.empty((steps, self.homes))
        for home in range(self.homes):
            step = 0
            while step < steps:
                length = int(random.integers(8, 192))
                setpoint_c[step : step + length, home] = random.integers(44, 57) / 2
                step += length
        return setpoint_c

    def _simulate(
        self, random: np.random.Generator, planned_c: Floats, outdoor_c: Floats, size: Floats
    ) -> dict[str, Floats]:
        steps = len(planned_c)
        indoor_c = np.full(self.homes, 25.0)
        held_until = np.zeros(self.homes)
        rows: dict[str, list[Floats]] = {name: [] for name in ("setpoint_c", "indoor", "power", "person")}
        for step in range(steps):
            chance = 0.03 * np.clip(indoor_c - 24.5, 0, None) ** 2 * (step >= held_until)
            person = random.random(self.homes) < np.clip(chance, 0, 0.5)
            held_until = np.where(person, step + 12, held_until)
            setpoint_c = planned_c[step] - (step < held_until)
            cool_kw = np.clip(2.0 * (indoor_c - setpoint_c), 0, 4.0) * size
            heat_kw = (outdoor_c[step] - indoor_c) / 8 * size + 0.3 * size
            indoor_c = indoor_c + (heat_kw - cool_kw) / (3 * size) * STEP_S / 3600
            rows["setpoint_c"].append(setpoint_c)
            rows["indoor"].append(indoor_c)
            rows["power"].append(1000 * cool_kw / 3.5 + 5)
            rows["person"].append(np.where(person, "remote", "schedule"))
        return {
            "setpoint_c": np.array(rows["setpoint_c"]),
            "indoor_dry_bulb_c": np.array(rows["indoor"]),
            "indoor_rh_pct": np.full((steps, self.homes), 55.0),
            "outdoor_dry_bulb_c": outdoor_c,
            "electric_power_w": np.array(rows["power"]),
            "mode": np.full((steps, self.homes), "cool"),
            "changed_by": np.array(rows["person"]),
        }

    @property
    def longitudes_deg(self) -> dict[str, float]:
        return {f"room-{home:02d}": 15.0 for home in range(self.homes)}

    def hours(self) -> pd.DataFrame:
        return hours_frame(self.telemetry(), self.longitudes_deg)


@pytest.fixture(scope="session")
def make_rooms() -> Callable[..., Rooms]:
    return Rooms


@pytest.fixture(scope="session")
def room_hours() -> pd.DataFrame:
    """Hours of a dozen rooms with randomised setpoints."""
    return Rooms().hours()


@pytest.fixture(scope="session")
def to_table() -> Callable[[list[Telemetry]], pa.Table]:
    """Readings as the lake gives them."""

    def convert(readings: list[Telemetry]) -> pa.Table:
        rows = [reading.model_dump(exclude={"schema_version"}) for reading in readings]
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    return convert


@pytest.fixture(scope="session")
def make_reading() -> Callable[..., Telemetry]:
    """A reading `minute` minutes after the start; every field can be changed."""

    def make(minute: float = 5, **changes: object) -> Telemetry:
        fields = {
            "device_id": "ac-1",
            "sampled_at": START + timedelta(minutes=minute),
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 24.5,
            "indoor_rh_pct": 50.0,
            "outdoor_dry_bulb_c": 30.0,
            "electric_power_w": 600.0,
        }
        return Telemetry.model_validate(fields | changes)

    return make
