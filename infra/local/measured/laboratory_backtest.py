"""The backtest of forecasts on the measured laboratory days: each weather day is forecast from the others.

The days stand alone, so nothing is a day or a week before another: there is no persistence, no hour of the
week, and no row of days for OpenDSM. What is drawn in the bootstrap are weather days.
"""

import numpy as np
import pandas as pd

from cloud.baselines import Ridge
from cloud.champion import Champion, package_reservoir
from cloud.feature_catalogue import ENERGY_TARGET
from infra.local.measured.backtest import Backtest, summarise
from infra.local.measured.day_ahead_forecasts import RETRAINED, SHIPPED, retrain
from infra.local.measured.laboratory_days import DATA_SET, HABIT, described, features

OTHERS = ("hour-of-day climatology", "ridge")


def backtest_days(days: pd.DataFrame, shipped: Champion) -> Backtest:
    """Errors on all tests, hours and days.

    Args:
        days: As `read_days` gives them.
        shipped: The champion as it stands.
    """
    rows = predict_days(days, shipped)
    daily = rows.groupby(["device_id", "day", "fold"], as_index=False).sum()
    return summarise(DATA_SET, (rows, daily), measured=True, units="weather days")


def predict_days(days: pd.DataFrame, shipped: Champion) -> pd.DataFrame:
    """Every hour of every test, from the other weather days: the columns of `backtest.judge_weeks`.

    A weather day is in the place of the home (`device_id`), a test in that of the day.
    """
    reservoir = package_reservoir()
    hourly = []
    for weather_day in sorted(days["weather_day"].unique()):
        judged = days["weather_day"] == weather_day
        learn = described(days[~judged], days, weather_day).assign(other_mode_ratio=0.0)
        coming = described(days[judged], days, weather_day)
        energy_kwh = learn[ENERGY_TARGET].to_numpy(np.float64)
        hourly.append(
            pd.DataFrame(
                {
                    "device_id": weather_day,
                    "day": coming["test"],
                    "fold": 0,
                    "observed": coming[ENERGY_TARGET],
                    SHIPPED: shipped.energy.predict(features(coming)),
                    RETRAINED: retrain(reservoir, learn).predict(features(coming)),
                    OTHERS[0]: _hour_of_day(learn, coming),
                    OTHERS[1]: Ridge.fit(features(learn), energy_kwh).predict(features(coming)),
                }
            )
        )
    return pd.concat(hourly, ignore_index=True)


def _hour_of_day(learn: pd.DataFrame, coming: pd.DataFrame) -> "pd.Series[float]":
    """The home's mean at its habit on other days, hour by hour; of all homes where it has none."""
    habit = learn[learn["schedule"] == HABIT]
    own = habit.groupby(["home", "hour"])[ENERGY_TARGET].mean()
    asked = pd.MultiIndex.from_frame(coming[["home", "hour"]])
    known = pd.Series(own.reindex(asked).to_numpy(np.float64), index=coming.index)
    return known.fillna(coming["hour"].map(habit.groupby("hour")[ENERGY_TARGET].mean()))
