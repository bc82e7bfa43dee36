"""Surveyed: who is at home by the statistics of real homes, more than 90,000 ecobee thermostats.

The data set (`occupancy_ross`: ResidentialOccupancyScheduleSimulator, Jung, Wang, Hong & Jazizadeh 2022, MIT)
gives clusters of homes for each weekday, with the probability of being occupied every 5 minutes and the share
of homes. `motion` is the probability that somebody was detected, so it is low where people sit still;
`schedule` is what people programmed. A home belongs to one cluster on each weekday, for ever: homes are
ranked by lot from mostly present to mostly away, and each weekday's clusters are ranked alike, since the data
do not say which home of a Monday's cluster is in which of a Tuesday's.

Each home follows a smooth Gaussian process and is occupied while it lies below the quantile of the cluster's
curve (a Gaussian copula): at every instant the share of homes is that of the curve, and absences last hours.
"""

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Literal, TypeAlias

import numpy as np
from typing_extensions import override

from device_sim.errors import UnsuitableOccupancyError
from device_sim.noise import Floats, Noise, Stream
from device_sim.people.calendar import weekday_of
from device_sim.people.households import Flags
from device_sim.people.presence import Whereabouts

Method: TypeAlias = Literal["motion", "schedule"]

SCHEDULES_FILE = "occupancy_schedules.csv.gz"
SHARES_FILE = "cluster_share.csv"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SLOTS = 288

CORRELATION_H = 3.0
"""The process forgets like exp(-t²/(2 · 3²)) [h]: an assumption, for absences of hours."""

REACH_H = 9
"""Hours of noise on either side that make a value: farther ones weigh about 0.01 % [h]."""

HOURS_A_DAY = 24
CERTAIN = 1e-6
"""A curve's probabilities are kept so far from 0 and 1."""


@dataclass(frozen=True, slots=True)
class OccupancyStatistics:
    """What the data say.

    Attributes:
        quantile: Where to cut the process, by weekday; each `(clusters, 288)`, mostly present first.
        upper: Cumulated share of homes by weekday; each `(clusters,)`, ending with 1.
    """

    quantile: tuple[Floats, ...]
    upper: tuple[Floats, ...]

    def at_home_ratio(self, weekday: int, slot: int) -> float:
        """Share of homes with somebody there, on that weekday (0 is Monday) and in that slot of 5 minutes."""
        share = np.diff(self.upper[weekday], prepend=0.0)
        there = [NormalDist().cdf(float(quantile)) for quantile in self.quantile[weekday][:, slot]]
        return float((share * np.array(there)).sum())


def read_statistics(folder: Path, method: Method) -> OccupancyStatistics:
    """Read the data set's two files.

    Raises:
        UnsuitableOccupancyError: A file is missing or lacks a weekday or a slot.
    """
    try:
        curves, shares = _curves(folder / SCHEDULES_FILE, method), _shares(folder / SHARES_FILE, method)
        days = [_ranked(curves[day], shares[day]) for day in WEEKDAYS]
    except OSError as error:
        raise UnsuitableOccupancyError(folder, f"{error.filename}: {error.strerror}") from error
    except (KeyError, ValueError) as error:
        raise UnsuitableOccupancyError(folder, repr(error)) from error
    return OccupancyStatistics(tuple(day[0] for day in days), tuple(day[1] for day in days))


def _curves(path: Path, method: Method) -> dict[str, dict[int, Floats]]:
    values: dict[tuple[str, int], list[float]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["method"] == method:
                values[row["day"], int(row["cluster"])].append(float(row["p_occupied"]))
    curves: dict[str, dict[int, Floats]] = defaultdict(dict)
    for (day, cluster), curve in values.items():
        curves[day][cluster] = np.array(curve)
    return dict(curves)


def _shares(path: Path, method: Method) -> dict[str, list[float]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == method]
    return {row["day"]: [float(row[name]) for name in ("0", "1", "2") if row[name]] for row in rows}


def _ranked(curves: dict[int, Floats], shares: list[float]) -> tuple[Floats, Floats]:
    """Quantiles and cumulated shares of a weekday, the mostly present cluster first."""
    if sorted(curves) != list(range(len(shares))) or any(len(curve) != SLOTS for curve in curves.values()):
        raise ValueError("a weekday lacks a cluster or a slot")
    order = sorted(curves, key=lambda cluster: -float(curves[cluster].mean()))
    probability = np.clip(np.stack([curves[cluster] for cluster in order]), CERTAIN, 1.0 - CERTAIN)
    quantile = np.vectorize(NormalDist().inv_cdf)(probability)
    upper = np.cumsum([shares[cluster] for cluster in order])
    return np.asarray(quantile), np.asarray(upper / upper[-1])


class Surveyed(Whereabouts):
    """Who is at home by the statistics.

    Args:
        statistics: The data.
        noise: Chances by home and hour.
    """

    def __init__(self, statistics: OccupancyStatistics, noise: Noise) -> None:
        self._statistics = statistics
        self._noise = noise
        rank = noise.uniform(Stream.HOUSEHOLD_TYPE, np.zeros(1, np.int64))[0]
        self._cluster = [np.searchsorted(upper, rank) for upper in statistics.upper]
        self._weights, self._correlation = _kernel()
        self._day = -1
        self._process = np.zeros((0, 0))

    @override
    def at_home(self, day: int, hour: float) -> Flags:
        if day != self._day:
            self._day, self._process = day, self._hourly(day)
        whole = int(hour)
        part = hour - whole
        value = (1.0 - part) * self._process[whole] + part * self._process[whole + 1]
        # a straight line between two correlated values varies less than they do
        spread = np.sqrt(1.0 - 2.0 * part * (1.0 - part) * (1.0 - self._correlation))
        quantile = self._statistics.quantile[weekday_of(day)][:, int(hour * SLOTS / HOURS_A_DAY)]
        return np.asarray(value < spread * quantile[self._cluster[weekday_of(day)]])

    def _hourly(self, day: int) -> Floats:
        """The process at 0, 1, ... 24 h of a local day, `(25, homes)`: weighted noise of the hours around."""
        ticks = day * HOURS_A_DAY + np.arange(-REACH_H, HOURS_A_DAY + 1 + REACH_H)
        shocks = self._noise.normal(Stream.WHEREABOUTS, ticks)
        process = np.zeros((HOURS_A_DAY + 1, shocks.shape[1]))
        for ahead, weight in enumerate(self._weights):
            process += weight * shocks[ahead : ahead + HOURS_A_DAY + 1]
        return process


def _kernel() -> tuple[Floats, float]:
    """Weights of the hours around, for variance 1, and the correlation of two neighbouring hours."""
    hours = np.arange(-REACH_H, REACH_H + 1)
    weights = np.exp(-((hours / CORRELATION_H) ** 2))
    weights /= np.sqrt(np.sum(weights**2))
    return weights, float(np.sum(weights[1:] * weights[:-1]))
