"""Kinds of homes: what is drawn for each, as a table. `python -m device_sim.kinds` prints it.

Closed homes at 8 K and 3 m/s of wind; the design load is at 24 °C indoors on the hot day of Phoenix, with
people and appliances.
"""

from datetime import UTC, datetime

import numpy as np

from device_sim.design import sunny_design_day
from device_sim.home.archetypes import NAMES
from device_sim.home.room import time_constants_s
from device_sim.home.sizing import design_sensible_load_w
from device_sim.home.solar import sum_facades
from device_sim.homes import DESIGN_INDOOR_C, Homes, build_homes, busy_gain_w
from device_sim.noise import Floats
from device_sim.specification import FleetSpec

HOMES, SEED = 10_000, 1
START = datetime(2025, 7, 1, 7, tzinfo=UTC)

DIFFERENCE_K, WIND_M_S = 8.0, 3.0
"""Between indoors and outdoors [K], and the wind [m/s]: a warm day."""

QUANTILES = (0.1, 0.5, 0.9)

ROUND_FROM = 10.0
"""Numbers from here on are printed without decimals."""


def figures(homes: Homes) -> dict[str, Floats]:
    """What homes come to, by the table's columns, each `(homes,)`."""
    p, floor_m2 = homes.rooms, homes.rooms.floor_area_m2
    closed = np.zeros(len(floor_m2), dtype=np.bool_)
    air_m3_s = p.openings.flow_m3_s(np.full_like(floor_m2, DIFFERENCE_K), WIND_M_S, closed)
    through_mass_w_k = p.air_mass_w_k * p.envelope_w_k / (p.air_mass_w_k + p.envelope_w_k)
    day = sunny_design_day(homes.spec.climate)
    load_w = design_sensible_load_w(p, DESIGN_INDOOR_C, day, busy_gain_w(homes.inhabitants.parameters))
    return {
        "floor m²": floor_m2,
        "UA W/K": p.air_outdoor_w_k(air_m3_s) + through_mass_w_k,
        "C Wh/K": (p.air_capacity_j_k + p.mass_capacity_j_k) / 3600.0,
        "slow h": time_constants_s(p, air_m3_s)[1] / 3600.0,
        "aperture m²": sum_facades(p.windows.aperture_m2),
        "air changes 1/h": air_m3_s * 3600.0 / p.volume_m3,
        "design W/m²": load_w / floor_m2,
    }


def table(homes: Homes) -> list[str]:
    """Lines of a table in Markdown: 10, 50 and 90 % of the homes of each kind."""
    columns, kinds = figures(homes), np.array(homes.archetypes)
    lines = ["| kind | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in NAMES:
        cells = [
            "/".join(_short(value) for value in np.quantile(values[kinds == name], QUANTILES).tolist())
            for values in columns.values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= ROUND_FROM else f"{value:.2g}"


if __name__ == "__main__":
    drawn = build_homes(FleetSpec(homes=HOMES, seed=SEED, start=START, split="train"), 1, None)
    print("\n".join(table(drawn)))  # noqa: T201 (the command's answer)
