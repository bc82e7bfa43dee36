"""Tariff: what electricity costs in each part of the day, in money with carbon; and how its price moves.

Prices go by the clock on the wall. A flat one changes nothing in a plan, whatever its height: a plan weighs
kilowatt-hours against comfort, and money only says in which hours they weigh more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.advice import Preferences
from cloud.home_clock import SLOT_S, Slot

Floats: TypeAlias = npt.NDArray[np.float64]

HOURS_PER_DAY = 24
SLOT_H = SLOT_S / 3600


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices of one home.

    Attributes:
        per_kwh: By local hour, carbon included, (24,) [currency/kWh].
    """

    per_kwh: Floats

    @classmethod
    def of(cls, preferences: Preferences) -> "Tariff":
        """What the people told us: electricity, and carbon at the price that they give it."""
        return _tariff(
            preferences.tariff_per_kwh, preferences.carbon_kg_per_kwh, preferences.carbon_price_per_kg
        )

    def at(self, hours: npt.NDArray[np.int_]) -> Floats:
        """At each of some local hours of the day [currency/kWh]."""
        return self.per_kwh[hours]

    def relative(self) -> Floats | None:
        """By local hour, over the day's mean, (24,) [ratio]; None where no hour is dearer than another.

        An hour in which electricity is given away counts as free: nothing is wasted on purpose.
        """
        paid = np.maximum(self.per_kwh, 0.0)
        mean = float(paid.mean())
        return None if np.ptp(paid) <= 0 or mean <= 0 else np.asarray(paid / mean)


@dataclass(frozen=True, slots=True)
class PricePath:
    """The relative price from now on, constant in each half-hour.

    Attributes:
        ends_h: Where the half-hours begin and end, (n + 1,) [h from now], the first at 0.
        ratio: The price within each, (n,) [ratio].
    """

    ends_h: Floats
    ratio: Floats

    @classmethod
    def ahead(cls, relative: Floats, at_s: float, slots: Sequence[Slot]) -> "PricePath":
        """Of the half-hours from now [s since 1970] on; after the last it stays as it is there."""
        ends_h = [0.0, *((slot.number * SLOT_S - at_s) / 3600 for slot in slots[1:])]
        return cls(np.array([*ends_h, ends_h[-1] + HOURS_PER_DAY]), relative[[s.of_day // 2 for s in slots]])

    def area_h(self, until_h: Floats) -> Floats:
        """Integral of the price from now until some time [h]."""
        place, since_h = self._place(until_h)
        total = np.concatenate([np.zeros(1), np.cumsum(self.ratio * np.diff(self.ends_h))])
        return np.asarray(total[place] + self.ratio[place] * since_h)

    def moment_h2(self, until_h: Floats) -> Floats:
        """Integral of the price times the time since now [h²]: for what grows with time."""
        place, _ = self._place(until_h)
        total = np.concatenate([np.zeros(1), np.cumsum(self.ratio * np.diff(self.ends_h**2) / 2)])
        return np.asarray(total[place] + self.ratio[place] * (until_h**2 - self.ends_h[place] ** 2) / 2)

    def _place(self, until_h: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
        place = np.clip(np.searchsorted(self.ends_h, until_h, side="right") - 1, 0, len(self.ratio) - 1)
        return place, np.asarray(until_h - self.ends_h[place])


@lru_cache(maxsize=1024)  # homes of one tariff ask for the same at every decision
def _tariff(
    tariff_per_kwh: tuple[float, ...], carbon_kg_per_kwh: tuple[float, ...] | None, carbon_price_per_kg: float
) -> Tariff:
    per_kwh = _by_hour(tariff_per_kwh)
    if carbon_kg_per_kwh is not None:
        per_kwh = per_kwh + carbon_price_per_kg * _by_hour(carbon_kg_per_kwh)
    per_kwh.setflags(write=False)
    return Tariff(per_kwh)


def _by_hour(values: Sequence[float]) -> Floats:
    """One value a local hour, from as many or from a single one."""
    return np.array(values, np.float64)[np.arange(HOURS_PER_DAY) % len(values)]
