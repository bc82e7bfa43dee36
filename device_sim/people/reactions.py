"""Reactions: what people say and do about advice in the app.

Advice that is applied without asking can be answered with "a bit warm" or taken back; who is bothered by it
again and again switches it off for some days. Advice that is offered is accepted or not. All rates are
assumptions: there is no public record of answers to advice for air conditioners.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Floats, Noise, Stream
from device_sim.people.households import Flags, HouseholdParameters
from device_sim.people.moment import Moment, digits
from device_sim.people.remote import probability

TAP_STEEPNESS_K = 0.3
"""Discomfort at which people speak or undo with their personal rate [K]: words are cheaper than the
remote."""

UNDONE_WITHIN_S = 2 * 3600
"""Advice is taken back in the app only so soon after it was applied [s]."""

UNDO_WHIM_PER_H = 0.005
"""Rate at which app users take new advice back for no thermal reason [1/h]."""

FORGOTTEN_AFTER_S = 7 * 86_400
"""Without further trouble people forgive after so long [s]."""

MANUAL_S = (2 * 86_400, 7 * 86_400)
"""For so long advice stays switched off [s]."""

HALVING_K = 2.0
"""An offer is accepted half as often for each so much of change [K]."""

AWAY_RATIO = 0.3
"""Share of offers that reach somebody who is not at home."""


@dataclass(frozen=True, slots=True)
class Words:
    """What people say in the app during a step; arrays are `(homes,)`.

    Attributes:
        taps: Who says "a bit warm".
        undos: Who takes the advice in force back.
    """

    taps: Flags
    undos: Flags


class Reactions:
    """What households think of advice.

    Args:
        parameters: The households.
        noise: Chances of their answers.
        step_s: Length of a step [s].
    """

    def __init__(self, parameters: HouseholdParameters, noise: Noise, step_s: int) -> None:
        homes = len(parameters.persons)
        self._parameters = parameters
        self._noise = noise
        self._step_s = step_s
        self._advised_c = np.full(homes, np.nan)
        self._advised_at_s = np.zeros(homes, dtype=np.int64)
        self._lots_at_s, self._lots = -1, np.zeros(0)
        self._bothered = np.zeros(homes)
        self._bothered_at_s = np.zeros(homes, dtype=np.int64)

    def say(self, moment: Moment, upper_c: Floats, able: Flags, now_s: int) -> Words:
        """Who says what about the advice in force.

        Args:
            moment: What people find.
            upper_c: Upper limits of the felt temperature [°C], `(homes,)`.
            able: Who is there, awake and no longer waits, `(homes,)`.
            now_s: Now (epoch seconds).
        """
        p, chance = self._parameters, moment.chances[Stream.TAP]
        is_new = self._follow(moment, now_s)
        strength = (moment.felt_c - upper_c) / TAP_STEEPNESS_K
        taps = chance < probability(strength, p.tap_per_h, self._step_s)
        idle = UNDO_WHIM_PER_H * self._step_s / 3600.0 * (p.undo_per_h > 0.0)
        # the other end of the same chance: nobody says both at once
        undos = 1.0 - chance < probability(strength, p.undo_per_h, self._step_s) + idle
        listening = able & moment.advised
        return Words(listening & taps, listening & is_new & undos & ~taps)

    def lose_patience(self, bothered: Flags, moment: Moment, now_s: int) -> NDArray[np.int64]:
        """Until when people have now switched advice off (epoch seconds), 0 = they have not, `(homes,)`.

        Args:
            bothered: Whom the advice in force has just made act against it, `(homes,)`.
            moment: What people find.
            now_s: Now (epoch seconds).
        """
        until_s = np.zeros(len(bothered), dtype=np.int64)
        who = np.flatnonzero(bothered)
        if who.size:
            again = now_s - self._bothered_at_s[who] <= FORGOTTEN_AFTER_S
            times = np.where(again, self._bothered[who], 0.0) + 1.0
            enough = times >= self._parameters.patience[who]
            self._bothered[who], self._bothered_at_s[who] = np.where(enough, 0.0, times), now_s
            shortest_s, longest_s = MANUAL_S
            lasts_s = shortest_s + (longest_s - shortest_s) * digits(
                moment.chances[Stream.CHANGE_SIZE][who], 3
            )
            until_s[who] = np.where(enough, now_s + lasts_s, 0)
        return until_s

    def acceptance(self, change_k: float, *, at_home: bool, awake: bool, home: int) -> float:
        """Chance that a household accepts an offer: none asleep, less for a large change and when out."""
        if not awake:
            return 0.0
        reached = 1.0 if at_home else AWAY_RATIO
        share = float(self._parameters.acceptance_ratio[home]) * reached
        return share * math.exp2(-abs(change_k) / HALVING_K)

    def lot(self, home: int, now_s: int) -> float:
        """The chance that decides about an offer made now."""
        if self._lots_at_s != now_s:
            self._lots_at_s, self._lots = now_s, self._noise.uniform(Stream.ANSWER, np.array([now_s]))[0]
        return float(self._lots[home])

    def _follow(self, moment: Moment, now_s: int) -> Flags:
        """Notice advice that is new; returns where it still is."""
        setting_c = np.where(moment.advised, moment.setpoint_c, np.nan)
        same = (setting_c == self._advised_c) | (np.isnan(setting_c) & np.isnan(self._advised_c))
        self._advised_at_s[~same] = now_s
        self._advised_c = setting_c
        return np.asarray(now_s - self._advised_at_s < UNDONE_WITHIN_S)
