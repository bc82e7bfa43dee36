"""Dear hours: what a kelvin is worth in each coming hour, where electricity has more than one price."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cloud.home_clock import Slot
from cloud.recovery import Recovery
from cloud.tariff import HOURS_PER_DAY, Floats, PricePath
from cloud.warm_budget import HourlyWorth

SOON_H = 6
"""The load of so many hours is taken for that of a set-back [h]."""

LONGEST_STORE_H = 6
"""A home's store is not taken for larger than what it loses in so long [h]."""


@dataclass(frozen=True, slots=True)
class DearHours:
    """A home's prices and its machine's load at the habit.

    Attributes:
        path: The relative price from now on.
        relative: The price by local hour, over the day's mean, (24,) [ratio].
        kwh_per_k_h: Electricity that a kelvin warmer saves in each coming hour, (25,) [kWh/(K·h)].
        load_kwh: Electricity at the habit in each coming hour, (25,) [kWh].
    """

    path: PricePath
    relative: Floats
    kwh_per_k_h: Floats
    load_kwh: Floats

    @classmethod
    def of(
        cls, relative: Floats, at_s: float, slots: Sequence[Slot], load_kwh: Floats, kwh_per_k_h: Floats
    ) -> "DearHours":
        """From the relative price by local hour, (24,), and what the models expect of the coming hours."""
        return cls(PricePath.ahead(relative, at_s, slots), relative, kwh_per_k_h, load_kwh)

    def stored_kwh_per_k(self, recovery: Recovery) -> float:
        """Electricity that stores 1 K of cold in the home [kWh/K]; 0 until its own warm-ups are known.

        When cooling stops, the whole load that the machine took away warms the home. So what it takes in an
        hour is worth as many kelvin as the home then warms up in one: an energy balance, with the air and
        what it soon warms as the only store. Walls hold more, over longer times: this errs on the low side.
        """
        if not recovery.rises_k_h:
            return 0.0
        return float(np.maximum(self.load_kwh[:SOON_H], 0.0).mean()) / recovery.rise_k_h

    def worth(self, recovery: Recovery) -> HourlyWorth:
        """What a kelvin warmer brings by local hour [h of it at the mean price].

        A kelvin is taken to save as much in each hour, since what comes through the walls goes with it: so
        its worth is the price. And as it gets warmer the home gives back what it stores, at the price of
        then.
        """
        saved_kwh = float(np.maximum(self.kwh_per_k_h, 0.0).sum()) / HOURS_PER_DAY
        store_h = round(self.stored_kwh_per_k(recovery) / saved_kwh) if saved_kwh else 0
        return HourlyWorth(self.relative, min(store_h, LONGEST_STORE_H) * self.relative)
