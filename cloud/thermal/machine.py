"""Machine: what load a thermostat asks for, and what electricity that takes; both lines, fitted by ridge.

The load rises with the indoor temperature over the proportional band of the controller, u = (Ti - setpoint -
offset) / band, between 0 and 1: an inverter's own sag; a machine that cycles has a narrow band. Power is
standby + linear and quadratic in the load (the fan's and the compressor's, as the part-load curves of
DOE-2) and linear in outdoor temperature, relative to the home's own power at full load.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cloud.thermal.model import RATED_OUTDOOR_C
from cloud.thermal.prior import Prior
from cloud.thermal.rows import Flags, Floats, Rows

PART_LOAD: Final = (0.03, 0.97)
"""Within these the load tells where the controller is on its band [ratio]."""

LEAST_BAND_K: Final = 0.05
"""A band is never taken for narrower [K]: steps stay stable, and load a function of temperature."""

FULL_POWER_QUANTILE: Final = 0.98
"""Of the power of running slots; what a machine without a reported load draws at full load."""

MANY: Final = 8
"""Slots with the machine at work from which on its power has a scale."""

CONTROL_NOISE_K, POWER_NOISE = 0.6, 0.3
"""Of a slot, correlated with its neighbours: standard deviation against which the prior weighs [K],
[ratio]."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Controllers and machines of h homes.

    Attributes:
        offset_k: Indoor less setpoint at no load [K], (h,).
        band_k: From no load to full load the indoor temperature rises so far [K], (h,).
        scale_w: Power at full load [W], (h,); NaN where power was never measured.
        power: Coefficients over the scale, (h, 4) [ratio]: standby, load, load squared, load by outdoor
        temperature.
    """

    offset_k: Floats
    band_k: Floats
    scale_w: Floats
    power: Floats

    def of(self, homes: npt.NDArray[np.int_]) -> "Machine":
        """Some of them, as often as they are asked for."""
        return Machine(self.offset_k[homes], self.band_k[homes], self.scale_w[homes], self.power[homes])

    def power_w(self, load_ratio: Floats, outdoor_c: Floats) -> Floats:
        """Electric power, (…, h, k) [W]; never falls with load; `outdoor_c` is (…, h, 1)."""
        standby, linear, square, heat = self.power.T[..., np.newaxis]
        slope = np.maximum(linear + heat / 10.0 * (outdoor_c - RATED_OUTDOOR_C), 0.1)
        ratio = np.maximum(standby, 0.0) + (slope + np.maximum(square, 0.0) * load_ratio) * load_ratio
        return np.asarray(self.scale_w[:, np.newaxis] * ratio)


def load_ratio(rows: Rows) -> Floats:
    """Load of the machines, (h, n) [ratio]: as reported, else from power; NaN where neither is known."""
    power = np.nan_to_num(rows.power_w, nan=-1.0)
    running = np.where(power > 0, power, np.nan)
    lowest, highest = (_quantile(running, share) for share in (0.02, FULL_POWER_QUANTILE))
    from_power = (power - lowest) / np.maximum(highest - lowest, 1.0)
    guessed = np.where(power < 0, np.nan, np.clip(from_power, 0.0, 1.0))
    return np.where(np.isnan(rows.load_ratio), guessed, np.clip(rows.load_ratio, -1.0, 1.0))


def fit_machine(rows: Rows, load: Floats, prior: Prior) -> Machine:
    """Lines through what the machines did.

    Args:
        rows: What was measured, (h, n).
        load: Load of the machines, (h, n) [ratio].
        prior: What they are like otherwise.
    """
    low, high = PART_LOAD
    error_k = rows.indoor_c - rows.setpoint_c
    tells = rows.steady() & (load > low) & (load < high) & (np.abs(error_k) < 3.0)  # noqa: PLR2004 (else open windows)
    ones = np.ones_like(load)
    control = _ridge(
        np.stack([ones, load], axis=-1),
        error_k / CONTROL_NOISE_K,
        tells,
        prior.control_k,
        prior.control_spread_k,
        CONTROL_NOISE_K,
    )
    scale_w = _scale_w(rows, load)
    relative = rows.power_w / scale_w[:, np.newaxis]
    known = ~np.isnan(relative) & ~np.isnan(rows.outdoor_c) & ~np.isnan(load)
    heat = load * (rows.outdoor_c - RATED_OUTDOOR_C) / 10.0
    power = _ridge(
        np.stack([ones, load, load**2, heat], axis=-1),
        relative / POWER_NOISE,
        known,
        prior.power,
        prior.power_spread,
        POWER_NOISE,
    )
    return Machine(control[:, 0], np.maximum(control[:, 1], LEAST_BAND_K), scale_w, power)


def _scale_w(rows: Rows, load: Floats) -> Floats:
    """Power at full load, as if it went with load [W]; NaN where power is unknown."""
    known = ~np.isnan(rows.power_w) & (load > PART_LOAD[0])
    total_w = np.where(known, rows.power_w, 0.0).sum(axis=1)
    total = np.where(known, load, 0.0).sum(axis=1)
    enough = known.sum(axis=1) >= MANY
    return np.where(enough, total_w / np.where(enough, total, 1.0), np.nan)


def _ridge(
    features: Floats, target: Floats, used: Flags, mean: Floats, noise_and_spread: Floats, noise: float
) -> Floats:
    """MAP of a line with a normal prior, (h, q); `target` is already over `noise`."""
    x = np.where(used[..., np.newaxis], np.nan_to_num(features), 0.0) / noise
    y = np.where(used, np.nan_to_num(target), 0.0)
    precision = np.diag(1.0 / noise_and_spread**2)
    normal = np.einsum("hni,hnj->hij", x, x) + precision
    right = np.einsum("hni,hn->hi", x, y) + precision @ mean
    return np.asarray(np.linalg.solve(normal, right[..., np.newaxis])[..., 0])


def _quantile(values: Floats, share: float) -> Floats:
    """Of each row's known values, (h, 1); NaN without any."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = (~np.isnan(values)).sum(axis=1)
    place = np.floor(share * np.maximum(count - 1, 0)).astype(np.int64)
    return np.take_along_axis(ordered, place[:, np.newaxis], axis=1)
