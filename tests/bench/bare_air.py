"""Moist air, coil and chances in bare numpy, results written in place: the formulas of `bare_fleet`."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


FELT_ROWS, FELT_COLUMNS = 91, 11
FELT_C = (np.linspace(5.0, 50.0, FELT_ROWS)[:, None] + np.linspace(-1.0, 1.0, FELT_COLUMNS)).ravel()
STEP_H = 300.0 / 3600.0
_FINE_C = np.linspace(-20.0, 45.0, 6500)
_FINE_PA = 610.94 * np.exp(17.625 * _FINE_C / (_FINE_C + 243.04))
_FINE_J_KG = 1006.0 * _FINE_C + 0.621945 * _FINE_PA / (101_325.0 - _FINE_PA) * (2.501e6 + 1860.0 * _FINE_C)
_EVEN_J_KG = np.linspace(_FINE_J_KG[0], _FINE_J_KG[-1], 4000)
LOWEST_J_KG, SPACING_J_KG = float(_EVEN_J_KG[0]), float(_EVEN_J_KG[1] - _EVEN_J_KG[0])
COIL_C = np.interp(_EVEN_J_KG, _FINE_J_KG, _FINE_C)
COIL_RISE_K = np.diff(COIL_C, append=COIL_C[-1])
CURVES = np.array(
    [
        [[1.557, 0.75, 1.009], [-0.0744, -0.06, 0.0065], [0.0031, 0.0028, 0.0001]],
        [[-0.35, 0.1, 0.43], [0.117, 0.08, -0.0036], [-0.0034, -0.0024, 0.00005]],
    ]
)
"""Constant, slope and bend over the wet bulb of capacity and input, by kind of machine."""


def saturation_pa(t: Floats, out: Floats, a: Floats) -> None:
    np.divide(np.multiply(t, 17.625, out), np.add(t, 243.04, a), out)
    np.multiply(np.exp(out, out), 610.94, out)


def humidity_pct(t: Floats, water: Floats, out: Floats, scratch: Sequence[Floats]) -> None:
    a, b = scratch
    saturation_pa(t, a, b)
    np.divide(np.multiply(water, 101_325.0, out), np.add(water, 0.621945, b), out)
    np.divide(np.multiply(out, 100.0, out), a, out)
    np.minimum(np.maximum(out, 1.0, out=out), 100.0, out=out)


def enthalpy_j_kg(t: Floats, water: Floats, out: Floats, a: Floats) -> None:
    np.multiply(np.add(np.multiply(t, 1860.0, out), 2.501e6, out), water, out)
    np.add(np.multiply(t, 1006.0, a), out, out)


def wet_bulb(t: Floats, rh: Floats, out: Floats, scratch: Sequence[Floats]) -> None:
    a, b = scratch
    np.multiply(np.sqrt(np.add(rh, 8.313659, out), out), 0.151977, out)
    np.multiply(t, np.arctan(out, out), out)
    np.add(out, np.arctan(np.add(t, rh, a), a), out)
    np.subtract(out, np.arctan(np.subtract(rh, 1.676331, a), a), out)
    np.multiply(np.multiply(rh, 0.00391838, a), np.sqrt(rh, b), a)
    np.multiply(a, np.arctan(np.multiply(rh, 0.023101, b), b), a)
    np.subtract(np.add(out, a, out), 4.686035, out)


def on_curve(
    curve: Floats, kind: npt.NDArray[np.int8], wet_c: Floats, out: Floats, scratch: Sequence[Floats]
) -> None:
    """A curve over the wet bulb, by kind of machine; the outdoor temperature is the same for all."""
    x, a = scratch
    constant, slope, bend = curve
    np.minimum(np.maximum(wet_c, 13.9, out=x), 23.9, out=x)
    np.add(slope[kind], np.multiply(bend[kind], x, a), a)
    np.add(constant[kind], np.multiply(a, x, a), out)


def sensible(
    t: Floats, water: Floats, taken: tuple[Floats, Floats], out: Floats, scratch: Sequence[Floats]
) -> None:
    """Share of the cooling that lowers the temperature, from heat per kilogram of air and bypass."""
    a, b, entering, apparatus, coil = scratch
    per_kg, bypass = taken
    enthalpy_j_kg(t, water, entering, a)
    np.divide(per_kg, np.subtract(1.0, bypass, a), a)
    np.subtract(entering, a, apparatus)
    saturated_c(apparatus, a, b)
    saturation_pa(a, coil, b)
    np.divide(np.multiply(coil, 100.0, coil), 100.0, coil)
    np.divide(np.multiply(coil, 0.621945, a), np.subtract(101_325.0, coil, b), coil)
    enthalpy_j_kg(t, np.minimum(coil, water, out=coil), out, a)
    np.divide(np.subtract(out, apparatus, out), np.subtract(entering, apparatus, a), out)
    np.minimum(np.maximum(out, 0.4, out=out), 1.0, out=out)


def saturated_c(j_kg: Floats, place: Floats, rise: Floats) -> None:
    """Temperature of saturated air, from a table over its enthalpy."""
    np.multiply(np.subtract(j_kg, LOWEST_J_KG, place), 1.0 / SPACING_J_KG, place)
    np.minimum(np.maximum(place, 0.0, out=place), len(COIL_C) - 1.0, out=place)
    row = place.astype(np.intp)
    np.multiply(np.subtract(place, row, rise), COIL_RISE_K[row], rise)
    np.add(COIL_C[row], rise, place)


def chance_of(excess_k: Floats, steepness_k: float, rate_h: Floats, out: Floats) -> Floats:
    """Probability to act in a step; `excess_k` is overwritten."""
    np.minimum(np.maximum(np.divide(excess_k, steepness_k, excess_k), 0.0, out=excess_k), 3.0, out=excess_k)
    np.multiply(np.multiply(np.negative(excess_k, excess_k), rate_h, excess_k), STEP_H, excess_k)
    return np.subtract(1.0, np.exp(excess_k, excess_k), out)
