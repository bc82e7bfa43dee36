"""Descriptors: a few numbers of a home as fitted, for models that learn over homes.

ADVICE.md: a home's parameters carry over to new homes and seasons, where its name does not.
"""

from typing import Final

import numpy as np

from cloud.thermal.fit import Fitted
from cloud.thermal.model import RATED_OUTDOOR_C, step_of
from cloud.thermal.rows import Floats

DESCRIPTORS: Final = (
    "rc_loss_ratio_per_k",
    "rc_fast_h",
    "rc_slow_h",
    "rc_sun_ratio",
    "rc_gain_ratio",
    "rc_capacity_fall_per_k",
    "rc_kwh_per_load_h",
    "rc_kwh_per_k_h",
    "rc_sag_k",
    "rc_spread",
)
"""Losses, sun (at 1 kW/m²) and gains over the rated cooling; time constants; what full load draws, and
what a kelvin between indoors and outdoors does; sag from no load to full load; how little was learnt of
the losses."""


def descriptors(fitted: Fitted) -> Floats:
    """`DESCRIPTORS` of homes, (h, 10); NaN where power was never measured."""
    p = fitted.named
    through = p["mass_outdoor_per_h"] / (p["mass_air_per_h"] + p["mass_outdoor_per_h"])
    loss = p["air_outdoor_per_h"] + p["air_mass_per_h"] * through
    sun = p["air_sun_k_h"] + p["air_mass_per_h"] * p["mass_sun_k_h"] / (
        p["mass_air_per_h"] + p["mass_outdoor_per_h"]
    )
    cooling = p["cooling_k_h"]
    fast_h, slow_h = _time_constants_h(fitted.theta)
    full = np.ones((len(cooling), 1))
    full_kwh = fitted.machine.power_w(full, RATED_OUTDOOR_C * full)[:, 0] / 1000.0
    columns = (
        loss / cooling,
        fast_h,
        slow_h,
        sun / cooling,
        p["air_gain_k_h"] / cooling,
        p["capacity_fall_per_k"],
        full_kwh,
        full_kwh * loss / cooling,
        fitted.machine.band_k,
        fitted.spread[:, 1],
    )
    return np.column_stack(columns)


def _time_constants_h(theta: Floats) -> tuple[Floats, Floats]:
    """From trace and determinant of the exact step of one hour."""
    step = step_of(theta, 1.0)
    half = (step.air_air + step.mass_mass) / 2
    root = np.sqrt(np.maximum(half**2 - (step.air_air * step.mass_mass - step.air_mass * step.mass_air), 0.0))
    fast, slow = np.maximum(half - root, 1e-12), half + root
    return -1.0 / np.log(fast), -1.0 / np.log(slow)
