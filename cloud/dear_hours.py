"""Dear hours: what a kelvin is worth in each coming hour, where electricity has more than one price."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cloud.home_clock import Slot
from cloud.tariff import HOURS_PER_DAY, Floats, PricePath

SOON_H = 6
"""The load of so many hours is taken for that of a set-back [h]."""

WORTH_STEP = 0.1
"""Worth is told in steps of this, of the largest: else a plan would move with every new forecast [ratio]."""


@dataclass(frozen=True, slots=True)
class DearHours:
    """A home's prices and its machine's load at the habit.

    Attributes:
        path: The relative price from now on.
        worth: What a kelvin warmer saves in each local hour at its price, over the largest, (24,) [ratio].
        kwh_per_k_h: Electricity that a kelvin warmer saves in each coming hour, (25,) [kWh/(K·h)].
        load_kwh: Electricity at the habit in each coming hour, (25,) [kWh].
    """

    path: PricePath
    worth: Floats
    kwh_per_k_h: Floats
    load_kwh: Floats

    @classmethod
    def of(
        cls, relative: Floats, at_s: float, slots: Sequence[Slot], load_kwh: Floats, kwh_per_k_h: Floats
    ) -> "DearHours":
        """From the relative price by local hour, (24,), and what the models expect of the coming hours."""
        hours = (slots[0].of_day // 2 + np.arange(HOURS_PER_DAY)) % HOURS_PER_DAY
        # the first and the last of the 25 are parts of the same hour of the clock
        per_k = np.concatenate([kwh_per_k_h[:1] + kwh_per_k_h[HOURS_PER_DAY:], kwh_per_k_h[1:HOURS_PER_DAY]])
        worth = np.zeros(HOURS_PER_DAY)
        worth[hours] = np.maximum(per_k, 0.0) * relative[hours]
        most = float(worth.max())
        worth = np.round(worth / most / WORTH_STEP) * WORTH_STEP if most > 0 else np.ones(HOURS_PER_DAY)
        return cls(PricePath.ahead(relative, at_s, slots), worth, kwh_per_k_h, load_kwh)

    def stored_kwh_per_k(self, rise_k_h: float) -> float:
        """Electricity that stores 1 K of cold in the home [kWh/K].

        When cooling stops, the whole load that the machine took away warms the home at `rise_k_h` [K/h]. So
        what it takes in an hour is worth so many kelvin: an energy balance, with the air and what it soon
        warms as the only store. Walls hold more, over longer times: this errs on the low side.
        """
        return float(np.maximum(self.load_kwh[:SOON_H], 0.0).mean()) / rise_k_h
