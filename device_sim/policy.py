"""Policies: who commands a fleet's devices while training data are made, in process and without MQTT."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from device_sim.fleet import Fleet
from device_sim.noise import Draws, Noise, Stream
from device_sim.specification import SUBSTEP_S
from edge.contract import Desired

LOWEST_OFFSET_K, HIGHEST_OFFSET_K = -1.0, 3.0
"""Range of the randomised setpoints around the habit [K]."""

SHORTEST_BLOCK_H, LONGEST_BLOCK_H = 3.0, 24.0
"""Range of the time that a randomised setpoint holds [h]."""

SET_BACK_SHARE = 0.3
"""Share of blocks that have a set-back while nobody is at home."""

SET_BACK_OFF_SHARE = 0.3
"""Share of those in which it is `off`; the others add 2 to 5 K."""


DRAWS_A_BLOCK = 16
"""Room for the lots of a minute: a home's lots depend on when its block begins, not on other homes."""


class Policy(Protocol):
    """Who commands the devices."""

    def commands(self, fleet: Fleet) -> Iterable[tuple[str, Desired]]:
        """What to command before the next step; the fleet must not be changed."""
        ...


class HabitSetpoints(Policy):
    """Nobody: the homes keep their habit."""

    @override
    def commands(self, fleet: Fleet) -> Iterable[tuple[str, Desired]]:
        """Nothing."""
        return ()


class RandomisedSetpoints(Policy):
    """Setpoints by lot, in blocks: what they cost is then free of people's and weather's choice.

    Args:
        fleet: For whom; its seed and split also fix the lots.
    """

    def __init__(self, fleet: Fleet) -> None:
        spec = fleet.spec
        self._noise = Noise(spec.seed, spec.split, spec.homes, spec.first_home)
        self._habit_c = np.array([site.habit_setpoint_c for site in fleet.sites])
        self._until_s = np.zeros(spec.homes)
        self._setpoint_c = self._habit_c.copy()
        self._away_c = self._habit_c.copy()
        self._set_back = np.zeros(spec.homes, dtype=np.bool_)

    @override
    def commands(self, fleet: Fleet) -> Iterable[tuple[str, Desired]]:
        """A command at the start of each block, and when a set-back begins or ends."""
        now_s = fleet.now.timestamp()
        begins = self._until_s <= now_s
        if begins.any():
            self._draw_blocks(begins, now_s)
        has_set_back = ~np.isclose(self._away_c, self._setpoint_c)
        set_back = ~fleet.occupied & has_set_back
        turns = np.flatnonzero(begins | (set_back != self._set_back))
        self._set_back = set_back
        return [(fleet.sites[home].device_id, self._desired(home, fleet)) for home in turns]

    def _draw_blocks(self, begins: NDArray[np.bool_], now_s: float) -> None:
        draws = Draws(self._noise, Stream.POLICY, int(now_s) // SUBSTEP_S * DRAWS_A_BLOCK)
        offset_k = np.round(2.0 * draws.uniform(LOWEST_OFFSET_K, HIGHEST_OFFSET_K)) / 2.0
        hours = draws.uniform(SHORTEST_BLOCK_H, LONGEST_BLOCK_H)
        away_k = np.round(draws.uniform(2.0, 5.0))
        away_k = np.where(draws.chance(SET_BACK_OFF_SHARE), np.nan, away_k)
        away_k = np.where(draws.chance(SET_BACK_SHARE), away_k, 0.0)
        setpoint_c = self._habit_c + offset_k
        self._setpoint_c = np.where(begins, setpoint_c, self._setpoint_c)
        self._away_c = np.where(begins, setpoint_c + away_k, self._away_c)
        self._until_s = np.where(begins, now_s + hours * 3600.0, self._until_s)

    def _desired(self, home: np.intp, fleet: Fleet) -> Desired:
        setpoint_c = self._away_c[home] if self._set_back[home] else self._setpoint_c[home]
        until = fleet.now + timedelta(seconds=float(self._until_s[home]) - fleet.now.timestamp())
        if np.isnan(setpoint_c):
            return Desired(mode="off", requested_by="advisor", expires_at=until)
        limited_c = min(float(setpoint_c), 30.0)
        return Desired(setpoint_c=limited_c, mode="cool", requested_by="advisor", expires_at=until)
