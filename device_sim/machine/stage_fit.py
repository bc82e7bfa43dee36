"""Stage fits: one stage of a measured machine, and what its published curves make of the same minutes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from device_sim.machine.coil import bypass_ratio, sensible_ratio
from device_sim.machine.curves import OUTDOOR_RANGE_C, StageCurves
from device_sim.noise import Floats
from device_sim.psychrometrics import (
    AIR_CAPACITY_J_KG_K,
    humidity_ratio,
    relative_humidity_pct,
    saturation_pressure_pa,
    wet_bulb_c,
)

AIR_KG_S_CFM = 0.4719474e-3 * 1.2014
"""Mass flow [kg/s] of a cubic foot a minute of standard air (0.075 lb/ft³): the metadata of HILFT-ASHP."""

HOT_C = 33.0
"""From here up the COP counts as that of hot weather [°C]; HILFT-ASHP ends at 37 °C."""


@dataclass(frozen=True, slots=True)
class StageFit:
    """One stage of the machine, measured and as the curves have it; slopes are per kelvin outdoors.

    Attributes:
        minutes: How many settled minutes.
        rated_power_w: Compressor and outdoor fan at the rating point, fitted [W].
        fan_w: Indoor unit, measured [W].
        cv_rmse: Of the outdoor unit's power by minutes, predicted from the other days [ratio].
        nmbe: The same; above 0 the curves say too little [ratio].
        slope_w_k: Measured power, at equal indoor wet bulb and where the curves hold [W/K].
        slope_error_w_k: Its standard error, by leaving out one weather day after the other [W/K].
        curve_slope_w_k: The same slope of the fitted curve in the same minutes [W/K].
        rated_capacity_w: Total cooling at the rating point, from the mean sensible cooling and the coil [W].
        hot_cop: Sensible cooling over electricity from `HOT_C` outdoors up, measured; NaN if never [ratio].
        curve_hot_cop: The same of curve and coil [ratio].
        sensible_slope_w_k: Measured sensible cooling, at equal indoor wet bulb [W/K].
        curve_sensible_slope_w_k: The same of curve and coil [W/K].
    """

    minutes: int
    rated_power_w: float
    fan_w: float
    cv_rmse: float
    nmbe: float
    slope_w_k: float
    slope_error_w_k: float
    curve_slope_w_k: float
    rated_capacity_w: float
    hot_cop: float
    curve_hot_cop: float
    sensible_slope_w_k: float
    curve_sensible_slope_w_k: float

    @property
    def rated_cop(self) -> float:
        """Cooling over compressor and outdoor fan at the rating point [ratio]."""
        return self.rated_capacity_w / self.rated_power_w


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes of a machine that runs in one stage; arrays are `(n,)`.

    Attributes:
        day: Weather day, as a number.
        outdoor_c: Outdoor dry bulb [°C].
        air_c: Indoor dry bulb [°C].
        water: Indoor humidity ratio [kg/kg].
        wet_bulb_c: Indoor wet bulb [°C].
        power_w: Outdoor unit [W].
        fan_w: Indoor unit [W].
        air_kg_s: Air over the indoor coil [kg/s].
        sensible_w: Sensible cooling of that air, the fan's heat deducted [W].
    """

    day: NDArray[np.int64]
    outdoor_c: Floats
    air_c: Floats
    water: Floats
    wet_bulb_c: Floats
    power_w: Floats
    fan_w: Floats
    air_kg_s: Floats
    sensible_w: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Minutes":
        """From the columns of HILFT-ASHP, and `day`."""
        value = {name: rows[name].to_numpy(np.float64) for name in rows.columns if name.startswith("t_")}
        air_c, vapour = value["t_in_c"], saturation_pressure_pa(rows["dp_in_c"].to_numpy(np.float64))
        water = humidity_ratio(air_c, 100.0 * vapour / saturation_pressure_pa(air_c))
        air_kg_s = rows["airflow_cfm"].to_numpy(np.float64) * AIR_KG_S_CFM
        return cls(
            day=rows["day"].to_numpy(np.int64),
            outdoor_c=value["t_out_c"],
            air_c=air_c,
            water=water,
            wet_bulb_c=wet_bulb_c(air_c, relative_humidity_pct(air_c, water)),
            power_w=rows["outdoor_unit_w"].to_numpy(np.float64),
            fan_w=rows["indoor_unit_w"].to_numpy(np.float64),
            air_kg_s=air_kg_s,
            sensible_w=air_kg_s * AIR_CAPACITY_J_KG_K * (air_c - value["t_supply_c"]),
        )


def fit_stage(at: Minutes, curves: StageCurves) -> StageFit:
    """Scale the curves to the minutes, and compare shapes."""
    shape = curves.power_ratio(at.wet_bulb_c, at.outdoor_c)
    rated_w = scale(shape, at.power_w)
    predicted_w = shape * left_out(at.day, lambda rest: scale(shape[rest], at.power_w[rest]))
    residual_w, mean_w = at.power_w - predicted_w, float(at.power_w.mean())
    capacity_w = rated_capacity_w(at, curves)
    cooling_w = sensible_w(at, curves, capacity_w)
    return StageFit(
        minutes=len(at.day),
        rated_power_w=rated_w,
        fan_w=float(at.fan_w.mean()),
        cv_rmse=float(np.sqrt((residual_w**2).mean())) / mean_w,
        nmbe=float(residual_w.mean()) / mean_w,
        slope_w_k=slope(at, at.power_w),
        slope_error_w_k=_slope_error(at),
        curve_slope_w_k=slope(at, rated_w * shape),
        rated_capacity_w=capacity_w,
        hot_cop=_hot_cop(at, at.sensible_w, at.power_w),
        curve_hot_cop=_hot_cop(at, cooling_w, rated_w * shape),
        sensible_slope_w_k=slope(at, at.sensible_w),
        curve_sensible_slope_w_k=slope(at, cooling_w),
    )


def scale(shape: Floats, measured: Floats) -> float:
    """The factor that brings a curve closest to what was measured, by least squares."""
    return float((shape * measured).sum() / (shape * shape).sum())


def left_out(day: NDArray[np.int64], estimate: Callable[[NDArray[np.bool_]], float]) -> Floats:
    """For each minute the estimate from all other weather days, `(n,)`."""
    numbers, index = np.unique(day, return_inverse=True)
    return np.array([estimate(day != number) for number in numbers])[index]


def slope(at: Minutes, values: Floats, where: NDArray[np.bool_] | None = None) -> float:
    """Change of `values` per kelvin outdoors at equal indoor wet bulb, where the curves hold."""
    use = at.outdoor_c >= OUTDOOR_RANGE_C[0]
    use &= True if where is None else where
    terms = np.column_stack([np.ones(use.sum()), at.outdoor_c[use], at.wet_bulb_c[use]])
    return float(np.linalg.lstsq(terms, values[use], rcond=None)[0][1])


def _hot_cop(at: Minutes, cooling_w: Floats, power_w: Floats) -> float:
    hot = at.outdoor_c >= HOT_C
    return float(cooling_w[hot].sum() / (power_w + at.fan_w)[hot].sum()) if hot.any() else float("nan")


def _slope_error(at: Minutes) -> float:
    """Jackknife over weather days, as minutes of a day are far from independent (Efron & Tibshirani 1993)."""
    days = np.unique(at.day)
    slopes = np.array([slope(at, at.power_w, at.day != day) for day in days])
    return float(np.sqrt((len(days) - 1) * np.mean((slopes - slopes.mean()) ** 2)))


def sensible_w(at: Minutes, curves: StageCurves, rated_w: float) -> Floats:
    """Sensible cooling of a machine of that rated capacity in these minutes, fan deducted [W], `(n,)`."""
    total_w = rated_w * curves.capacity_ratio(at.wet_bulb_c, at.outdoor_c)
    share = sensible_ratio(at.air_c, at.water, total_w / at.air_kg_s, bypass_ratio(1.0))
    return np.asarray(total_w * share - at.fan_w)


def rated_capacity_w(at: Minutes, curves: StageCurves) -> float:
    """Rated capacity that gives the measured mean sensible cooling [W], by bisection."""
    low_w, high_w = 0.0, 20.0 * float(at.power_w.mean())
    for _ in range(40):
        middle_w = (low_w + high_w) / 2.0
        enough = sensible_w(at, curves, middle_w).mean() >= at.sensible_w.mean()
        low_w, high_w = (low_w, middle_w) if enough else (middle_w, high_w)
    return (low_w + high_w) / 2.0
