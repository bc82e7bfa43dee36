"""Calibration: do the published curves of a two-speed machine meet one that was measured?

The data are HILFT-ASHP (Drexel University and NIST): minutes of a real two-stage heat pump in chambers.
Only scales are fitted, never the curves' shape: rated power of both stages, their fans and the standby.
Errors are of days that were predicted from the other days alone.
`ac-advisor sim --calibrate DIRECTORY [--plot FILE.png]` prints the result.

Left out are minutes near a change of stage (the machine settles, and the stage's signal and the power are up
to two minutes apart), and the test whose power channels are known to be wrong. A test's energy counts all its
minutes.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from device_sim.errors import MeasurementsError
from device_sim.machine.curves import (
    FIRST_STAGE,
    HEAT_PUMP_FIRST_STAGE,
    HEAT_PUMP_SECOND_STAGE,
    SECOND_STAGE,
    StageCurves,
)
from device_sim.machine.stage_fit import HOT_C, Minutes, StageFit, fit_stage, left_out, scale
from device_sim.noise import Floats

CURVES: Final[dict[str, tuple[StageCurves, StageCurves]]] = {
    "air conditioner": (FIRST_STAGE, SECOND_STAGE),
    "heat pump": (HEAT_PUMP_FIRST_STAGE, HEAT_PUMP_SECOND_STAGE),
}
"""Published curves of both stages; the fleet's two-speed machines have those of an air conditioner."""

EXCLUDED_TESTS = frozenset({"Buffalo-Shift-TES"})
"""Tests whose power channels are implausible: the data set's README."""

COLUMNS = frozenset(
    ("device_id", "ts", "stage", "power_w", "outdoor_unit_w", "indoor_unit_w", "t_in_c", "dp_in_c", "t_out_c")
) | {"t_supply_c", "airflow_cfm"}
"""What is read of the data set."""

SETTLING_MIN = 3
"""Minutes left out after and before each change of stage."""

COLD_C = 14.0
"""Below this the crankcase heater of the measured machine is on [°C]; from 16 °C up it is off."""


@dataclass(frozen=True, slots=True)
class CurveFit:
    """A pair of published curves, and how well it meets the machine.

    Attributes:
        stages: First and second stage.
        day_cv_rmse: Of a test's energy given its stages, predicted from the other weather days [ratio].
        day_nmbe: The same; above 0 the curves say too little [ratio].
    """

    stages: tuple[StageFit, StageFit]
    day_cv_rmse: float
    day_nmbe: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a measured machine says about the published curves.

    Attributes:
        minutes: Minutes of the tests.
        weather_days: How many different ones.
        standby_w: Power at rest, everything included [W].
        cold_standby_w: The same below `COLD_C` outdoors, where a crankcase heater is on; NaN if never [W].
        fits: By name of `CURVES`.
        points: Settled minutes: `stage`, `t_out_c`, `outdoor_unit_w`.
        energy_kwh: Of each test: `measured`, and predicted by name of `CURVES` [kWh].
    """

    minutes: int
    weather_days: int
    standby_w: float
    cold_standby_w: float
    fits: dict[str, CurveFit]
    points: pd.DataFrame
    energy_kwh: pd.DataFrame


def read(directory: Path) -> pd.DataFrame:
    """The minutes of all tests, from the Parquet files of the data set.

    Raises:
        MeasurementsError: There are none, or they are of something else.
    """
    files = sorted(directory.glob("*.parquet"))
    if not files:
        raise MeasurementsError(directory, "it has no Parquet file")
    frame = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    missing = sorted(COLUMNS - set(frame.columns))
    if missing:
        raise MeasurementsError(directory, f"its files have no {', '.join(missing)}")
    return frame


def calibrate(frame: pd.DataFrame) -> Calibration:
    """Fit the scale of the published curves, and judge their shape.

    Args:
        frame: Minutes of one or more tests with the columns of HILFT-ASHP; cooling only.
    """
    rows = _prepare(frame)
    settled = rows[rows["settled"]]
    first, second = (Minutes.of(settled[settled["stage"] == stage]) for stage in (1, 2))
    idle, cold = settled[settled["stage"] == 0], settled["t_out_c"] < COLD_C
    energy = pd.DataFrame({"measured": _energy_kwh(rows, rows["power_w"].to_numpy(np.float64))})
    for name, curves in CURVES.items():
        energy[name] = _energy_kwh(rows, _predict_w(rows, curves))
    return Calibration(
        minutes=len(rows),
        weather_days=rows["day"].nunique(),
        standby_w=float(idle.loc[~cold, "power_w"].median()),
        cold_standby_w=float(idle.loc[cold, "power_w"].median()),
        fits={name: _fit((first, second), curves, energy, name) for name, curves in CURVES.items()},
        points=settled.loc[settled["stage"] > 0, ["stage", "t_out_c", "outdoor_unit_w"]],
        energy_kwh=energy,
    )


def _prepare(frame: pd.DataFrame) -> pd.DataFrame:
    """Adds `day` (weather day) and `settled` (far from a change of stage)."""
    rows = (
        frame[~frame["device_id"].isin(EXCLUDED_TESTS)]
        .sort_values(["device_id", "ts"])
        .reset_index(drop=True)
    )
    place = rows["device_id"].str.split("-").str[0]
    day = place + rows["ts"].dt.strftime(" %m-%d").groupby(rows["device_id"]).transform("first")
    change = (rows["stage"] != rows["stage"].shift()) | (rows["device_id"] != rows["device_id"].shift())
    run = rows.groupby(change.cumsum())
    settled = (run.cumcount() >= SETTLING_MIN) & (run.cumcount(ascending=False) >= SETTLING_MIN)
    return rows.assign(day=day.astype("category").cat.codes, settled=settled)


def _predict_w(rows: pd.DataFrame, curves: tuple[StageCurves, StageCurves]) -> Floats:
    """Power of every minute given its stage, from settled minutes of the other weather days [W]."""
    stage, power_w = rows["stage"].to_numpy(), np.zeros(len(rows))
    for number, stage_curves in enumerate((None, *curves)):
        power_w[stage == number] = _predict_stage_w(rows[stage == number], stage_curves)
    return power_w


def _predict_stage_w(rows: pd.DataFrame, curves: StageCurves | None) -> Floats:
    at, settled = Minutes.of(rows), rows["settled"].to_numpy()
    fan_w = left_out(at.day, lambda rest: float(at.fan_w[rest & settled].mean()))
    shape = np.ones_like(fan_w) if curves is None else curves.power_ratio(at.wet_bulb_c, at.outdoor_c)
    factor = left_out(at.day, lambda rest: scale(shape[rest & settled], at.power_w[rest & settled]))
    return np.asarray(fan_w + factor * shape)


def _energy_kwh(rows: pd.DataFrame, power_w: Floats) -> "pd.Series[float]":
    return pd.Series(power_w / 6e4, index=rows["device_id"]).groupby(level=0).sum()


def _fit(
    at: tuple[Minutes, Minutes], curves: tuple[StageCurves, StageCurves], energy: pd.DataFrame, name: str
) -> CurveFit:
    residual = energy["measured"] - energy[name]
    mean = float(energy["measured"].mean())
    return CurveFit(
        stages=(fit_stage(at[0], curves[0]), fit_stage(at[1], curves[1])),
        day_cv_rmse=float(np.sqrt((residual**2).mean())) / mean,
        day_nmbe=float(residual.mean()) / mean,
    )


ROWS: Final[tuple[tuple[str, str, str], ...]] = (
    ("settled minutes", "minutes", ",.0f"),
    ("rated power, compressor and outdoor fan [W]", "rated_power_w", ".0f"),
    ("indoor unit, measured [W]", "fan_w", ".0f"),
    ("power of a minute, other days: CV(RMSE)", "cv_rmse", ".3f"),
    ("  NMBE", "nmbe", "+.4f"),
    ("power per kelvin outdoors, measured [W/K]", "slope_w_k", ".1f"),
    ("  its standard error [W/K]", "slope_error_w_k", ".1f"),
    ("  of the curve [W/K]", "curve_slope_w_k", ".1f"),
    ("rated cooling behind the sensible [W]", "rated_capacity_w", ".0f"),
    ("  COP that follows", "rated_cop", ".2f"),
    (f"sensible COP from {HOT_C:.0f} °C outdoors, measured", "hot_cop", ".2f"),
    ("  of curve and coil", "curve_hot_cop", ".2f"),
    ("sensible cooling per kelvin, measured [W/K]", "sensible_slope_w_k", "+.1f"),
    ("  of curve and coil [W/K]", "curve_sensible_slope_w_k", "+.1f"),
)
"""What the table says of a stage: label, attribute of `StageFit`, format."""


def describe(calibration: Calibration) -> str:
    """The result as a small table."""
    c = calibration
    lines = [
        f"{len(c.energy_kwh)} tests on {c.weather_days} weather days, {c.minutes:,} minutes",
        f"standby {c.standby_w:.0f} W, below {COLD_C:.0f} °C outdoors {c.cold_standby_w:.0f} W",
    ]
    for name, fit in c.fits.items():
        lines += ["", f"{'curves of a two-speed ' + name:48}{'stage 1':>10}{'stage 2':>10}"]
        for label, attribute, form in ROWS:
            values = "".join(f"{format(getattr(stage, attribute), form):>10}" for stage in fit.stages)
            lines.append(f"{label:48}{values}")
        errors = f"{fit.day_cv_rmse:>10.3f}{fit.day_nmbe:>+10.4f}"
        lines.append(f"{'energy of a test, other days: CV(RMSE), NMBE':48}{errors}")
    return "\n".join(lines)


def summary(calibration: Calibration) -> dict[str, object]:
    """The result without points and single tests, for JSON."""
    c = calibration
    return {
        "minutes": c.minutes,
        "weather_days": c.weather_days,
        "standby_w": _known(c.standby_w),
        "cold_standby_w": _known(c.cold_standby_w),
        "fits": {
            name: {
                "stages": [{k: _known(v) for k, v in dataclasses.asdict(s).items()} for s in fit.stages],
                "day_cv_rmse": fit.day_cv_rmse,
                "day_nmbe": fit.day_nmbe,
            }
            for name, fit in c.fits.items()
        },
    }


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return None if np.isnan(value) else value


COLOURS = ("tab:blue", "tab:red")
STYLES = {"air conditioner": "-", "heat pump": "--"}
"""Of the stages, and of the curves."""


def plot(calibration: Calibration, path: Path) -> None:
    """Draw power by outdoor temperature with the curves, and energy of the tests, into a picture."""
    figure = Figure(figsize=(12.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    power, energy = figure.subplots(1, 2)
    for stage in (1, 2):
        _plot_stage(power, calibration, stage)
    power.set(
        xlabel="outdoor dry bulb [°C]", ylabel="outdoor unit [W]", title="Settled minutes of each stage"
    )
    power.legend(fontsize=8)
    measured = calibration.energy_kwh["measured"]
    for name, mark in zip(STYLES, ("o", "x"), strict=True):
        energy.plot(measured, calibration.energy_kwh[name], mark, alpha=0.7, label=f"{name} curves")
    energy.axline((0.0, 0.0), slope=1.0, color="grey", linewidth=1.0)
    energy.set(xlabel="measured [kWh]", ylabel="predicted from other days [kWh]", title="Energy of each test")
    energy.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def _plot_stage(axes: Axes, calibration: Calibration, stage: int) -> None:
    """Points, their means in bins of 2 K, and the fitted curves at the tests' usual wet bulb."""
    points, colour = calibration.points, COLOURS[stage - 1]
    here = points[points["stage"] == stage]
    axes.plot(here["t_out_c"], here["outdoor_unit_w"], ".", color=colour, alpha=0.04, markersize=3)
    bins = here.groupby((here["t_out_c"] // 2.0).to_numpy())[["t_out_c", "outdoor_unit_w"]]
    means = bins.mean()[bins.size() >= MIN_BIN]
    label = f"stage {stage}, measured"
    axes.plot(means["t_out_c"], means["outdoor_unit_w"], "o", color=colour, markeredgecolor="k", label=label)
    outdoor_c = np.linspace(points["t_out_c"].min(), points["t_out_c"].max(), 120)
    for name, style in STYLES.items():
        rated_w = calibration.fits[name].stages[stage - 1].rated_power_w
        curve = CURVES[name][stage - 1].power_ratio(np.full_like(outdoor_c, USUAL_WET_BULB_C), outdoor_c)
        axes.plot(outdoor_c, rated_w * curve, style, color=colour, label=f"{name} curve, scaled")


USUAL_WET_BULB_C = 18.1
"""Median indoor wet bulb of the tests [°C], for which the picture shows the curves."""

MIN_BIN = 10
"""Fewer minutes make no mean in the picture."""
