"""Comfort: how warm a home feels to the people in it, as one temperature.

The felt temperature is the temperature at 50 % relative humidity, air and walls alike, that has the same
predicted mean vote (PMV, ISO 7730:2005) as the room: it counts the warmth of walls and the damp of the air.
PMV comes from a committed table (`python -m device_sim.people.pmv_table`), interpolated.
"""

import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from device_sim.noise import Floats
from device_sim.psychrometrics import relative_humidity_pct

USUAL_RH_PCT = 50.0
"""The felt temperature is a temperature at this humidity [%]."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table over operative temperature and relative humidity, both in equal steps.

    Attributes:
        first_c, step_c: First operative temperature and the step [°C, K].
        step_pct: Step of the humidity, from 0 % [%].
        shape: Numbers of temperatures and humidities.
        flat: Its values, row by row.
    """

    first_c: float
    step_c: float
    step_pct: float
    shape: tuple[int, int]
    flat: Floats

    def at(self, operative_c: Floats, rh_pct: Floats) -> Floats:
        """Interpolate linearly in both; beyond its edges the table goes on flat."""
        rows, columns = self.shape
        row = np.clip((operative_c - self.first_c) / self.step_c, 0.0, rows - 1.001)
        column = np.clip(rh_pct / self.step_pct, 0.0, columns - 1.001)
        i, j = row.astype(np.intp), column.astype(np.intp)
        x, y = row - i, column - j
        corner = i * columns + j
        low = self.flat[corner] * (1.0 - y) + self.flat[corner + 1] * y
        corner += columns
        high = self.flat[corner] * (1.0 - y) + self.flat[corner + 1] * y
        return np.asarray(low * (1.0 - x) + high * x)


def _read_tables() -> tuple[_Table, _Table]:
    """PMV, and the temperature at the usual humidity that has the same PMV."""
    read = json.loads(files("device_sim.people").joinpath("pmv_table.json").read_text(encoding="utf-8"))
    temperatures_c, humidities_pct = np.array(read["operative_c"]), np.array(read["rh_pct"])
    vote = np.array(read["pmv"])
    usual = vote[:, int(np.searchsorted(humidities_pct, USUAL_RH_PCT))]
    felt_c = np.stack([np.interp(column, usual, temperatures_c) for column in vote.T], axis=1)
    grid = (float(temperatures_c[0]), float(temperatures_c[1] - temperatures_c[0]), float(humidities_pct[1]))
    shape = (len(temperatures_c), len(humidities_pct))
    return _Table(*grid, shape, vote.ravel()), _Table(*grid, shape, felt_c.ravel())


_PMV, _FELT_C = _read_tables()


def pmv(operative_c: Floats, rh_pct: Floats) -> Floats:
    """Predicted mean vote at home in summer, -3 cold to +3 hot, `(n,)`.

    Args:
        operative_c: Operative temperature, 5 to 50 [°C], `(n,)`.
        rh_pct: Relative humidity at that temperature [%], `(n,)`.
    """
    return _PMV.at(operative_c, rh_pct)


def felt_c(air_c: Floats, mass_c: Floats, water: Floats) -> Floats:
    """How warm it feels [°C], `(n,)`.

    Args:
        air_c: Temperature of the air [°C], `(n,)`.
        mass_c: Temperature of walls and floors, taken for the mean radiant one [°C], `(n,)`.
        water: Humidity ratio [kg/kg], `(n,)`.
    """
    operative_c = (air_c + mass_c) / 2.0  # ASHRAE 55 below 0.2 m/s
    return _FELT_C.at(operative_c, relative_humidity_pct(operative_c, water))
