"""Model: a home as two thermal nodes and a machine that takes heat out of the air, for h homes at once.

    dTi/dt = am (Tm - Ti) + ao (To - Ti) + as G + aq - S c(To) r(Ti) u
    dTm/dt = bi (Ti - Tm) + bo (To - Tm) + bs G

with Ti indoor, Tm mass, To outdoor [°C], G sunshine [kW/m²], u the load of the machine [ratio] and
c(To) = 1 - cf (To - 35) how its capacity falls with outdoor temperature, 1 at the rating point of AHRI
210/240, r(Ti) = 1 + cr (Ti - 24) how it rises with indoor temperature (Cutler et al. 2013,
NREL/TP-5500-56354: by wet bulb). This is the grey box of Madsen & Holst (1995),
doi:10.1016/0378-7788(94)00904-X, with a second loss path. All parameters are positive and kept as
logarithms. Steps are exact for inputs that are constant over them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from cloud.thermal.rows import SLOT_H, SLOTS_PER_DAY, Floats, Rows, held

PARAMETERS: Final = (
    "air_mass_per_h",
    "air_outdoor_per_h",
    "air_sun_k_h",
    "air_gain_k_h",
    "cooling_k_h",
    "mass_air_per_h",
    "mass_outdoor_per_h",
    "mass_sun_k_h",
    "capacity_fall_per_k",
    "capacity_rise_per_k",
)
"""am, ao [1/h]; as [K/h at 1 kW/m²]; aq, S [K/h]; bi, bo [1/h]; bs [K/h at 1 kW/m²]; cf, cr [1/K]."""

USUAL_INDOOR_C: Final = 24.0
"""Indoor temperature to which `cooling_k_h` refers [°C]."""

RATED_OUTDOOR_C: Final = 35.0
"""Outdoor temperature at which a machine is rated [°C]: AHRI 210/240, test A."""

LEAST_CAPACITY: Final = 0.3
"""No machine is taken to lose more than the rest of its capacity by heat [ratio]: an assumption."""


@dataclass(frozen=True, slots=True)
class Step:
    """x(t+h) = phi x(t) + gamma f for both nodes, f constant; arrays have the shape of the parameters."""

    air_air: Floats
    air_mass: Floats
    mass_air: Floats
    mass_mass: Floats
    air_by_air: Floats
    air_by_mass: Floats
    mass_by_air: Floats
    mass_by_mass: Floats


def step_of(theta: Floats, hours: float) -> Step:
    """The exact step by Sylvester's formula for two distinct eigenvalues.

    Args:
        theta: Logarithms of `PARAMETERS`, (…, 10).
        hours: Length of the step [h].
    """
    am, ao, bi, bo = (np.exp(theta[..., place]) for place in (0, 1, 5, 6))
    a, d = -(am + ao), -(bi + bo)
    half, root = (a + d) / 2, np.sqrt(((a - d) / 2) ** 2 + am * bi)
    fast, slow = half - root, half + root
    e_fast, e_slow = np.exp(fast * hours), np.exp(slow * hours)
    linear = (e_slow - e_fast) / (slow - fast)
    constant = e_slow - slow * linear
    aa, mm, amass, ma = linear * a + constant, linear * d + constant, linear * am, linear * bi
    det = a * d - am * bi
    return Step(
        aa,
        amass,
        ma,
        mm,
        (d * (aa - 1) - am * ma) / det,
        (d * amass - am * (mm - 1)) / det,
        (a * ma - bi * (aa - 1)) / det,
        (a * (mm - 1) - bi * amass) / det,
    )


def capacity_ratio(theta: Floats, outdoor_c: Floats) -> Floats:
    """Capacity at `outdoor_c` over the rated one, (…, n) [ratio]; `theta` is (…, 10)."""
    fall = np.exp(theta[..., 8])[..., np.newaxis]
    return np.maximum(1.0 - fall * (outdoor_c - RATED_OUTDOOR_C), LEAST_CAPACITY)


def indoor_ratio(theta: Floats, indoor_c: Floats) -> Floats:
    """Capacity at `indoor_c` (…, n) over that at `USUAL_INDOOR_C` [ratio]; `theta` is (…, 10)."""
    rise = np.exp(theta[..., 9])[..., np.newaxis]
    return np.maximum(1.0 + rise * (indoor_c - USUAL_INDOOR_C), LEAST_CAPACITY)


def forcing_k_h(theta: Floats, outdoor_c: Floats, ghi_w_m2: Floats) -> tuple[Floats, Floats]:
    """What weather and people do to air and mass while the machine rests, (…, n) each [K/h]."""
    p = np.exp(theta)[..., np.newaxis]
    sun = ghi_w_m2 / 1000.0
    air = p[..., 1, :] * outdoor_c + p[..., 2, :] * sun + p[..., 3, :]
    return air, p[..., 6, :] * outdoor_c + p[..., 7, :] * sun


@dataclass(frozen=True, slots=True)
class Drive:
    """What acted on homes, without gaps, (h, n).

    Attributes:
        indoor_c: Indoor dry bulb, held over gaps [°C].
        outdoor_c: Outdoor dry bulb, held over gaps [°C].
        ghi_w_m2: Sunshine on the horizontal [W/m²].
        load_ratio: Load of the machine [ratio].
        known: 1 where indoor and load were measured and outdoor was ever known, else 0.
    """

    indoor_c: Floats
    outdoor_c: Floats
    ghi_w_m2: Floats
    load_ratio: Floats
    known: Floats

    @classmethod
    def of(cls, rows: Rows, load_ratio: Floats) -> "Drive":
        """Of rows whose machines' load is `load_ratio` (h, n), NaN where unknown."""
        indoor_c, outdoor_c = held(rows.indoor_c), held(rows.outdoor_c)
        known = ~np.isnan(rows.indoor_c) & ~np.isnan(load_ratio) & ~np.isnan(outdoor_c)
        return cls(
            np.nan_to_num(indoor_c),
            np.nan_to_num(outdoor_c),
            np.nan_to_num(rows.ghi_w_m2),
            np.nan_to_num(load_ratio),
            known.astype(np.float64),
        )


def mass_path_c(theta: Floats, drive: Drive) -> Floats:
    """Mass temperature that the measured indoor temperature implies, (…, n) [°C]; `theta` is (…, 10).

    The second equation alone, driven by what was measured: stable, so what it starts from is forgotten.
    """
    goal_c, kept = _mass_goal_c(theta, drive)
    mass_c = np.empty_like(goal_c)
    mass_c[..., 0] = goal_c[..., :SLOTS_PER_DAY].mean(axis=-1)
    gained = (goal_c[..., :-1] + goal_c[..., 1:]) / 2 * (1 - kept[..., np.newaxis])
    for place in range(1, goal_c.shape[-1]):
        mass_c[..., place] = kept * mass_c[..., place - 1] + gained[..., place - 1]
    return mass_c


def open_loop_c(theta: Floats, drive: Drive, window: int) -> Floats:
    """Indoor temperature of windows that start as measured and then know weather and load only.

    Args:
        theta: Logarithms of the parameters, (…, h, 10).
        drive: What acted on the homes, (h, n).
        window: Length of a window [slots].

    Returns:
        (…, h, windows, window) [°C]: of slots 1 to `window` after the start of each.
    """
    windows = (drive.indoor_c.shape[-1] - 1) // window
    used = windows * window
    air, mass = forcing_k_h(theta, drive.outdoor_c, drive.ghi_w_m2)
    cooling = np.exp(theta[..., 4])[..., np.newaxis] * capacity_ratio(theta, drive.outdoor_c)
    air = air - cooling * drive.load_ratio * indoor_ratio(theta, drive.indoor_c)
    shape = (*theta.shape[:-1], windows, window)
    air, mass = (
        ((f[..., :used] + f[..., 1 : used + 1]) / 2).reshape(shape) for f in (air, mass)
    )  # from the middle of a slot to that of the next
    step = step_of(theta[..., np.newaxis, :], SLOT_H)
    air_c = np.broadcast_to(drive.indoor_c[..., slice(0, used, window)], shape[:-1])
    mass_c = _mass_starts_c(theta, drive, window)
    path_c = np.empty((window, *shape[:-1]))
    air, mass = (np.ascontiguousarray(np.moveaxis(f, -1, 0)) for f in (air, mass))
    for place in range(window):
        fa, fm = air[place], mass[place]
        air_c, mass_c = (
            step.air_air * air_c + step.air_mass * mass_c + step.air_by_air * fa + step.air_by_mass * fm,
            step.mass_air * air_c + step.mass_mass * mass_c + step.mass_by_air * fa + step.mass_by_mass * fm,
        )
        path_c[place] = air_c
    return np.moveaxis(path_c, 0, -1)


def _mass_starts_c(theta: Floats, drive: Drive, window: int) -> Floats:
    """`mass_path_c` at the start of each window only, (…, h, windows) [°C]: a window is one weighted sum."""
    windows = (drive.indoor_c.shape[-1] - 1) // window
    goal_c, kept = _mass_goal_c(theta, drive)
    gained = (goal_c[..., :-1] + goal_c[..., 1:])[..., : windows * window] * ((1 - kept) / 2)[..., np.newaxis]
    weights = kept[..., np.newaxis] ** np.arange(window - 1, -1, -1)
    sums = np.einsum("...ij,...j->...i", gained.reshape(*gained.shape[:-1], windows, window), weights)
    mass_c: Floats = np.empty_like(sums)
    mass_c[..., 0] = goal_c[..., :SLOTS_PER_DAY].mean(axis=-1)
    through = kept**window
    for place in range(1, windows):
        mass_c[..., place] = through * mass_c[..., place - 1] + sums[..., place - 1]
    return mass_c


def _mass_goal_c(theta: Floats, drive: Drive) -> tuple[Floats, Floats]:
    """Where the mass tends to (…, n) [°C], and how much of its distance is left after a slot (…) [ratio]."""
    bi, bo, bs = (np.exp(theta[..., place])[..., np.newaxis] for place in (5, 6, 7))
    goal_c = (bi * drive.indoor_c + bo * drive.outdoor_c + bs / 1000.0 * drive.ghi_w_m2) / (bi + bo)
    return goal_c, np.exp(-(bi + bo) * SLOT_H)[..., 0]
