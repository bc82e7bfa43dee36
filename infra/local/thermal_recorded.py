"""Measured homes under the thermal grey box: other people's houses, which nobody drew from our ranges.

The newest 30 % of each recording is not fitted. Two questions are asked of its windows of four hours:
where the indoor temperature goes when weather and load are known (the two nodes), and when weather and
setpoint are (all of it).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from cloud.thermal import trust
from cloud.thermal.fit import fit
from cloud.thermal.machine import load_ratio
from cloud.thermal.model import Drive, open_loop_c
from cloud.thermal.prior import Prior
from cloud.thermal.rows import SLOT_S, SLOTS_PER_DAY, Floats, Rows
from cloud.thermal.sky import clear_sky_ghi_w_m2
from device_sim.recordings.formats import format_named
from device_sim.recordings.reading import RecordedReading

FIT_SHARE: Final = 0.7
WINDOW: Final = trust.WINDOW
SPOILT: Final = "Buffalo-Shift-TES"
"""A test whose power is implausible: README of hilft_ashp."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording; where it was taken is public for hilft and ecobee, and an assumption for ha_house."""

    folder: str
    format: str
    timezone: str
    latitude_deg: float
    longitude_deg: float


RECORDED: Final = (
    Recorded("ecobee_home", "ecobee", "America/New_York", 40.4, -80.0),
    Recorded("ha_house", "home-assistant", "UTC", 40.0, -100.0),
    Recorded("hilft_ashp", "hilft", "America/New_York", 40.0, -79.0),
)


def recorded_figures(data: Path) -> dict[str, Any]:
    """Errors by recording, for those that are in `data`."""
    prior = Prior.from_package()
    result: dict[str, Any] = {}
    for each in RECORDED:
        if (data / each.folder).is_dir():
            for name, rows in _homes(each, data / each.folder).items():
                result[f"{each.folder} {name}"] = _figures(rows, prior)
    return result


def _homes(each: Recorded, folder: Path) -> dict[str, Rows]:
    """Recordings by home; the days of hilft in a row, as one home a city."""
    readings: dict[str, list[RecordedReading]] = {}
    for reading in format_named(each.format).read(folder, ZoneInfo(each.timezone)):
        readings.setdefault(reading.device_id, []).append(reading)
    rows = {name: _rows(each, found) for name, found in sorted(readings.items()) if SPOILT not in name}
    if each.format != "hilft":
        return rows
    cities: dict[str, list[Rows]] = {}
    for name, found in rows.items():
        cities.setdefault(name.split("-", maxsplit=1)[0], []).append(found)
    return {city: _in_a_row(found) for city, found in cities.items()}


def _rows(each: Recorded, readings: Iterable[RecordedReading]) -> Rows:
    """Means over slots of one home's readings."""
    payloads = [(reading.sampled_at.timestamp(), reading.payload) for reading in readings]
    slots = np.array([int(np.ceil(at_s / SLOT_S)) - 1 for at_s, _ in payloads])
    first, count = int(slots.min()), int(slots.max() - slots.min()) + 1

    def mean(values: Iterable[object]) -> Floats:
        numbers = [float(value) if isinstance(value, (int, float)) else np.nan for value in values]
        column = np.array(numbers, np.float64)
        known = ~np.isnan(column)
        places = slots[known] - first
        total, number = (np.bincount(places, weights, count) for weights in (column[known], None))
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)[np.newaxis]

    def field(name: str) -> Floats:
        return mean(payload.get(name) for _, payload in payloads)

    load = field("compressor_ratio")
    if each.format == "home-assistant":  # it heats: the load is less than none
        load = mean(-1.0 if payload.get("mode") == "heat" else 0.0 for _, payload in payloads)
    nothing = np.full((1, count), np.nan)
    found = Rows(
        first,
        indoor_c=field("indoor_dry_bulb_c"),
        outdoor_c=field("outdoor_dry_bulb_c"),
        setpoint_c=field("setpoint_c"),
        power_w=field("electric_power_w"),
        load_ratio=load,
        ghi_w_m2=nothing,
    )
    sun = clear_sky_ghi_w_m2(found.times_s, np.array([each.latitude_deg]), np.array([each.longitude_deg]))
    return replace(found, ghi_w_m2=sun)


def _in_a_row(days: list[Rows]) -> Rows:
    """Days one after another; the last slot of each is unknown, so that no window goes on into the next."""
    parts = {
        name: np.concatenate([getattr(day, name)[:, :SLOTS_PER_DAY] for day in days], axis=1)
        for name in ("indoor_c", "outdoor_c", "setpoint_c", "power_w", "load_ratio", "ghi_w_m2")
    }
    parts["indoor_c"][:, SLOTS_PER_DAY - 1 :: SLOTS_PER_DAY] = np.nan
    return Rows(0, **parts)


def _figures(rows: Rows, prior: Prior) -> dict[str, Any]:
    slots = rows.shape[1]
    seen = rows.between(0, int(slots * FIT_SHARE) // SLOTS_PER_DAY * SLOTS_PER_DAY)
    held_out = slots - seen.shape[1]
    fitted = fit(seen, prior)
    closed = trust.errors(fitted, trust.own_rates(seen), rows, held_out_slots=held_out)
    drive = Drive.of(rows, load_ratio(rows))
    path_c = open_loop_c(fitted.theta, drive, WINDOW)[0]
    used = path_c.size
    truth_c = rows.indoor_c[0, 1 : used + 1].reshape(path_c.shape)
    start_c = rows.indoor_c[0, :used:WINDOW, np.newaxis]
    known = drive.known[0, 1 : used + 1].reshape(path_c.shape) > 0
    late = (np.arange(len(path_c)) * WINDOW >= seen.shape[1]) & known.all(axis=1) & ~np.isnan(start_c[:, 0])
    model_k, still_k = (
        np.sqrt(np.mean((guess - truth_c)[late] ** 2, axis=1))
        for guess in (path_c, np.broadcast_to(start_c, path_c.shape))
    )
    return {
        "windows": int(late.sum()),
        "load_known_model_k": _rms(model_k),
        "load_known_persistence_k": _rms(still_k),
        "share_better": round(float(np.mean(model_k < still_k)), 2),
        "setpoint_known_windows": int(closed.windows[0]),
        "setpoint_known_model_k": round(float(closed.model_k[0]), 2),
        "setpoint_known_persistence_k": round(float(closed.persistence_k[0]), 2),
        "setpoint_known_rates_k": round(float(closed.rates_k[0]), 2),
        "trusted": bool(trust.trusted(closed, np.zeros(1, np.bool_))[0]),
    }


def _rms(values: Floats) -> float:
    return round(float(np.sqrt(np.mean(values**2))), 2)
