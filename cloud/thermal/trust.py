"""Trust: whether a home's own residuals let the grey box speak for it.

On days that the fit has not seen, windows of four hours start as measured and then know setpoint and
weather only. The grey box has to be no worse there than saying that nothing changes (persistence), and
than the home's own sag and rates of recovery; else it is rejected. Hysteresis keeps a home from going to
and fro.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cloud.thermal.fit import Fitted, fit
from cloud.thermal.machine import load_ratio
from cloud.thermal.model import Drive, mass_path_c
from cloud.thermal.prior import Prior
from cloud.thermal.rows import SLOT_H, SLOTS_PER_DAY, Flags, Floats, Rows
from cloud.thermal.simulate import State, Weather, simulate

HELD_OUT_SLOTS: Final = 5 * SLOTS_PER_DAY // 2
"""The newest so many slots are not fitted when trust is tested [slots]: two and a half days."""

WINDOW: Final = 16
"""Length of a test window [slots]: four hours."""

ENOUGH_WINDOWS: Final = 6
"""Fewer windows tell nothing: a home stays what it was."""

GAIN_RATIO, LOSE_RATIO = 1.05, 1.2
"""RMSE over that of the best rival up to which a home becomes trusted, and from which on it is no more
[ratio]."""

GAIN_K, LOSE_K = 0.7, 0.9
"""The same for the RMSE itself [K]: what matters to people is half a kelvin or so (ADVICE.md, study C)."""

SLACK_K: Final = 0.05
"""A difference that is none: the sensors' noise [K]."""

FALL_K_H, RISE_K_H = 0.8, 1.5
"""Rates of a home that has shown none [K/h]: those of `cloud.recovery`."""

AWAY_K: Final = 0.7
"""So far from its goal a home is on its way to it [K]."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square errors over held-out windows, (h,) each [K]; NaN without windows.

    Attributes:
        model_k: Of the grey box.
        persistence_k: Of no change.
        rates_k: Of the home's own sag and rates.
        kwh_ratio: Predicted electricity over measured, (h,) [ratio].
        windows: How many.
    """

    model_k: Floats
    persistence_k: Floats
    rates_k: Floats
    kwh_ratio: Floats
    windows: npt.NDArray[np.int_]

    @property
    def rival_k(self) -> Floats:
        """The better of the other two [K]."""
        return np.fmin(self.persistence_k, self.rates_k)


def test(rows: Rows, prior: Prior) -> Errors:
    """Fit without the newest `HELD_OUT_SLOTS` and judge on those."""
    seen = rows.between(0, -HELD_OUT_SLOTS)
    return errors(fit(seen, prior), own_rates(seen), rows)


def trusted(found: Errors, before: Flags) -> Flags:
    """Whether homes are trusted, given whether they were, (h,)."""
    rival_k = found.rival_k + SLACK_K
    gained = (found.model_k <= GAIN_RATIO * rival_k) & (found.model_k <= GAIN_K)
    lost = (found.model_k > LOSE_RATIO * rival_k) | (found.model_k > LOSE_K)
    return np.where(found.windows >= ENOUGH_WINDOWS, gained | (before & ~lost), before)


@dataclass(frozen=True, slots=True)
class Rates:
    """What a home's own changes of temperature tell, (h,) each: sag [K], fall and rise [K/h]."""

    sag_k: Floats
    fall_k_h: Floats
    rise_k_h: Floats


def own_rates(rows: Rows) -> Rates:
    """Medians of what was seen: the sag while steady, the change within an hour far from the goal."""
    error_k = rows.indoor_c - rows.setpoint_c
    sag_k = _median(np.where(rows.steady(), error_k, np.nan), 0.0)
    hour = round(1 / SLOT_H)
    away_k = error_k - sag_k[:, np.newaxis]
    rose_k_h = rows.indoor_c[:, hour:] - rows.indoor_c[:, :-hour]
    on_way = (away_k[:, :-hour] * away_k[:, hour:] > 0) & ~rows.steady()[:, hour:]
    fall = np.where(on_way & (away_k[:, :-hour] > AWAY_K), -rose_k_h, np.nan)
    rise = np.where(on_way & (away_k[:, :-hour] < -AWAY_K), rose_k_h, np.nan)
    return Rates(sag_k, np.maximum(_median(fall, FALL_K_H), 0.05), np.maximum(_median(rise, RISE_K_H), 0.05))


def errors(fitted: Fitted, rates: Rates, rows: Rows, *, held_out_slots: int = HELD_OUT_SLOTS) -> Errors:
    """Errors over windows within the newest `held_out_slots` of `rows`."""
    load = load_ratio(rows)
    drive = Drive.of(rows, load)
    mass_c = mass_path_c(fitted.theta, drive)
    slots = rows.shape[1]
    starts = np.arange(max(slots - held_out_slots, 1), slots - WINDOW, WINDOW)
    homes = np.repeat(np.arange(len(load)), len(starts))
    ahead = np.tile(starts, len(load))[:, np.newaxis] + np.arange(1, WINDOW + 1)
    each = (homes[:, np.newaxis], ahead)
    begin = (homes, ahead[:, 0] - 1)
    setpoint_c = np.where(np.isnan(rows.setpoint_c), np.inf, rows.setpoint_c)[each][:, 1::2]
    weather = Weather(_halves(drive.outdoor_c[each]), _halves(drive.ghi_w_m2[each]))
    state = State(drive.indoor_c[begin], mass_c[begin])
    predicted_c, kwh = simulate(fitted.of(homes), state, weather, setpoint_c[:, np.newaxis])
    measured_c, known = _halves(rows.indoor_c[each]), drive.known[each].all(axis=1) & (drive.known[begin] > 0)
    middle_c = (
        np.concatenate([state.indoor_c[:, np.newaxis], predicted_c[:, 0, :-1]], axis=1) + predicted_c[:, 0]
    ) / 2
    paths = (middle_c, state.indoor_c[:, np.newaxis], _along(rates, homes, state.indoor_c, setpoint_c))
    count = len(load)
    squares = [np.where(known, np.nan_to_num((path - measured_c) ** 2).mean(axis=1), 0.0) for path in paths]
    windows = np.bincount(homes, known, count).astype(np.int64)
    model_k, persistence_k, rates_k = (
        np.sqrt(np.bincount(homes, square, count) / np.where(windows > 0, windows, np.nan))
        for square in squares
    )
    measured_kwh = np.nansum(rows.power_w[each], axis=1) * SLOT_H / 1000 * known
    asked_kwh = np.where(known, kwh[:, 0].sum(axis=1), 0.0)
    total_kwh = np.bincount(homes, measured_kwh, count)
    ratio = np.bincount(homes, asked_kwh, count) / np.where(total_kwh > 0, total_kwh, np.nan)
    return Errors(model_k, persistence_k, rates_k, ratio, windows)


def _along(rates: Rates, homes: npt.NDArray[np.int_], indoor_c: Floats, setpoint_c: Floats) -> Floats:
    """Towards setpoint and sag at the home's own rates, by half-hour (middle), (w, m) [°C]."""
    path_c = np.empty_like(setpoint_c)
    for half in range(setpoint_c.shape[1]):
        goal_c = setpoint_c[:, half] + rates.sag_k[homes]
        change_k = np.clip(goal_c - indoor_c, -rates.fall_k_h[homes] / 2, rates.rise_k_h[homes] / 2)
        path_c[:, half] = indoor_c + change_k / 2
        indoor_c = indoor_c + change_k
    return path_c


def _halves(values: Floats) -> Floats:
    """Means of pairs of slots."""
    return np.asarray((values[:, 0::2] + values[:, 1::2]) / 2)


def _median(values: Floats, otherwise: float) -> Floats:
    """Of each row's known values; `otherwise` where there are fewer than four."""
    ordered, count = np.sort(values, axis=1), (~np.isnan(values)).sum(axis=1)
    middle = np.take_along_axis(ordered, (np.maximum(count - 1, 0) // 2)[:, np.newaxis], axis=1)[:, 0]
    return np.where(count >= 4, middle, otherwise)  # noqa: PLR2004 (an hour's worth)
