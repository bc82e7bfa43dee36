"""OpenDSM's daily model: the industry's own baseline, outdoor temperature to daily energy, home by home.

An optional extra (`backtest` in pyproject.toml), since OpenDSM 1.2.7 wants an older pandas than the rest of
us is tested with: without it the comparison says so and goes on. OpenDSM asks for a year of days; with weeks
it calls the data insufficient, and is told to go on (`ignore_disqualification`).
"""

import logging
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import pandas as pd

from cloud.feature_catalogue import ENERGY_TARGET
from infra.local.measured.day_ahead_forecasts import DAY_H, Fold

NAME: Final = "OpenDSM daily model"

SKIPPED: Final = (
    "OpenDSM's daily model is left out: opendsm is not installed. In an environment of its own (it wants "
    "pandas below 3, which constraints.txt rules out): pip install 'ac-advisor[backtest]'"
)


def installed() -> bool:
    """Whether OpenDSM can be asked."""
    return find_spec("opendsm") is not None


def daily_kwh(fold: Fold) -> "pd.Series[float]":
    """Energy of the whole days of `Fold.coming`, by home and day [kWh]; no setpoint is known to it."""
    parts = {}
    for home, past in fold.past.groupby("device_id"):
        coming = fold.coming[fold.coming["device_id"] == home]
        before, after = whole_days(past), whole_days(coming)
        if len(after):
            parts[home] = _home_kwh(before, after)
    return pd.concat(parts, names=["device_id", "day"])


def whole_days(hours: pd.DataFrame) -> pd.DataFrame:
    """Days of one home of which every hour is there: `kwh` and `outdoor_c`, by `day`."""
    days = hours.groupby("day").agg(
        kwh=(ENERGY_TARGET, "sum"), outdoor_c=("outdoor_dry_bulb_c", "mean"), count=("hour", "size")
    )
    return days[days["count"] == DAY_H]


def _home_kwh(past: pd.DataFrame, coming: pd.DataFrame) -> "pd.Series[float]":
    eemeter: Any = import_module("opendsm.eemeter")
    logging.getLogger("eemeter").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        baseline = eemeter.DailyBaselineData(_frame(past), is_electricity_data=True)
        model = eemeter.DailyModel().fit(baseline, ignore_disqualification=True)
        asked = eemeter.DailyReportingData(_frame(coming)[["temperature"]], is_electricity_data=True)
        answer = model.predict(asked, ignore_disqualification=True)["predicted"]
    values = answer.reindex(_dates(coming)).to_numpy(np.float64)
    return pd.Series(values, index=coming.index)


def _frame(days: pd.DataFrame) -> pd.DataFrame:
    """Its columns, in its units, and a day more: the last one only marks the end of the one before."""
    frame = pd.DataFrame(
        {"observed": days["kwh"].to_numpy(), "temperature": days["outdoor_c"].to_numpy() * 1.8 + 32.0},
        index=_dates(days),
    )
    end = frame.iloc[[-1]].set_axis(frame.index[[-1]] + pd.Timedelta(days=1))
    return pd.concat([frame, end]).asfreq("D")


def _dates(days: pd.DataFrame) -> pd.DatetimeIndex:
    """Solar days as days of a summer; only their order and weekday rhythm matter."""
    first = pd.Timestamp("2025-06-28", tz="UTC")
    return pd.DatetimeIndex(first + pd.to_timedelta(days.index.to_numpy(), unit="D"))
