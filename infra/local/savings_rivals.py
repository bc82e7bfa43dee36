"""What others would tell of the same days: before and after, and a plain difference looked at every day."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from cloud.savings.home_days import Floats

BALANCE_C: Final = tuple(np.arange(14.0, 32.0, 1.0).tolist())
"""Outdoor temperatures above which homes may begin to cool [°C]."""

FIRST_LOOK: Final = 8
"""A peeking user begins with so many days [days]."""


@dataclass(frozen=True, slots=True)
class Told:
    """A saving a day of each home, (homes,) [kWh], and half of its 95 % interval."""

    saved: Floats
    half: Floats


def before_and_after(before: Floats, before_c: Floats, after: Floats, after_c: Floats) -> Told:
    """Each home's days before, as a line above a balance temperature, less what it used afterwards.

    As CalTRACK 2.0 (section 3) does it with daily data, the balance being what fits best; the interval is the
    regression's own (ASHRAE Guideline 14-2014, annex B, without autocorrelation), which knows of no change
    but advice between before and after.

    Args:
        before: Electricity (days, homes) [kWh].
        before_c: Outdoor temperature of these days (days,) [°C].
        after: Of the advised days (more, homes) [kWh]; NaN: not measured.
        after_c: Outdoor temperature of those (more,) [°C].
    """
    told = [_line(home, before_c, used, after_c) for home, used in zip(before.T, after.T, strict=True)]
    return Told(np.array([saved for saved, _ in told]), np.array([half for _, half in told]))


def daily_peeks(used: Floats, advised: Floats) -> bool:
    """Whether who tests the plain difference in means every day ever sees a saving, at 5 % a look.

    Args:
        used: Of a fleet (days, homes) [kWh]; NaN: not measured.
        advised: The arms [0 or 1].
    """
    counts, seen = ~np.isnan(used), np.nan_to_num(used)
    at_habit, on = counts * (1 - advised), counts * advised
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.cumsum(seen * at_habit, 0) / np.cumsum(at_habit, 0) - np.cumsum(seen * on, 0) / np.cumsum(
            on, 0
        )
        ratio = apart / (np.cumsum(seen, 0) / np.cumsum(counts, 0))
    looks = ratio[FIRST_LOOK - 1 :]
    error = np.nanstd(looks, axis=1, ddof=1) / np.sqrt((~np.isnan(looks)).sum(axis=1))
    return bool((np.nanmean(looks, axis=1) > stats.norm.ppf(0.975) * error).any())


def _line(before: Floats, before_c: Floats, after: Floats, after_c: Floats) -> tuple[float, float]:
    fits: list[tuple[Floats, float]] = [_fit(before, before_c, balance) for balance in BALANCE_C]
    balance, (line, left) = min(zip(BALANCE_C, fits, strict=True), key=lambda each: each[1][1])
    seen = ~np.isnan(after)
    x = _terms(after_c[seen], balance).mean(axis=0)
    free = len(before) - 3
    past = _terms(before_c, balance)
    wide = left / free * (1 / seen.sum() + x @ np.linalg.pinv(past.T @ past) @ x)
    saved = float(x @ line - after[seen].mean())
    return saved, float(stats.t.ppf(0.975, free) * np.sqrt(wide))


def _fit(used: Floats, outdoor_c: Floats, balance_c: float) -> tuple[Floats, float]:
    terms = _terms(outdoor_c, balance_c)
    line: Floats = np.asarray(np.linalg.lstsq(terms, used, rcond=None)[0], np.float64)
    return line, float(((used - terms @ line) ** 2).sum())


def _terms(outdoor_c: Floats, balance_c: float) -> Floats:
    return np.column_stack([np.ones_like(outdoor_c), np.maximum(outdoor_c - balance_c, 0.0)])
