"""People: the households of a fleet over a season, as the fleet sees them.

Comfort is personal: limits of the felt temperature around what the home usually feels like at the household's
own habit, moved a little by the day. What people do at a given temperature depends on chance alone, so two
copies of a fleet see the same chances.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.local_time import LocalTime
from device_sim.noise import Floats, Noise, Stream
from device_sim.people.households import ACTIVE_WATER_KG_H, PERSON_W, PERSON_WATER_KG_H, HouseholdParameters
from device_sim.people.moment import Moment
from device_sim.people.presence import Attendance, Presence, Whereabouts
from device_sim.people.reactions import Reactions, Words
from device_sim.people.remote import Change, Remote, Wishes
from device_sim.people.routines import Routines
from device_sim.people.surveyed import OccupancyStatistics, Surveyed

SETTLE_S = 3600
"""After a change people wait for its effect before they act again [s]: an assumption."""

COMFORT_OF_DAY_K = 0.4
"""Standard deviation from day to day of what a household finds comfortable [K]: an assumption, for clothes,
activity and health. Votes on a smart watch are alike on one day as if the wearer's neutral temperature moved
by 1.4 K from day to day (26 people on a campus, by `python -m device_sim.people.votes`)."""


@dataclass(frozen=True, slots=True)
class Inhabitants:
    """What no step changes of the people of a fleet.

    Attributes:
        parameters: The households.
        usual_offset_k: How much warmer than the thermostat's air the home usually feels [K], `(homes,)`.
        occupancy: Statistics of who is at home; None for the generator.
    """

    parameters: HouseholdParameters
    usual_offset_k: Floats
    occupancy: OccupancyStatistics | None = None

    def whereabouts(self, noise: Noise) -> Whereabouts:
        """The source of who is at home."""
        if self.occupancy is None:
            return Routines(self.parameters, noise)
        return Surveyed(self.occupancy, noise)


class People:
    """The households of a fleet, over its season.

    Args:
        inhabitants: Who they are.
        noise: Their chances.
        clock: The season's clock.
        step_s: Length of a step [s].
    """

    def __init__(self, inhabitants: Inhabitants, noise: Noise, clock: LocalTime, step_s: int) -> None:
        p = inhabitants.parameters
        self.parameters = p
        self._usual_offset_k = inhabitants.usual_offset_k
        self._noise = noise
        self._limits = (-1, False, False), (np.zeros(0), np.zeros(0))
        self._clock = clock
        self._step_s = step_s
        self._attendance = Attendance(inhabitants.whereabouts(noise), p, noise)
        self._remote = Remote(p, step_s)
        self._reactions = Reactions(p, noise, step_s)
        self._presence: tuple[int, Presence] | None = None
        self._settled_at_s = np.zeros(len(p.persons), dtype=np.int64)

    def presence(self, step: int) -> Presence:
        """Who is at home and awake in the middle of the step."""
        if self._presence is None or self._presence[0] != step:
            day, time_s = int(self._clock.day[step]), float(self._clock.time_of_day_s[step])
            self._presence = step, self._attendance.at(day, (time_s + self._step_s / 2) / 3600.0)
        return self._presence[1]

    def habit_c(self, step: int) -> Floats:
        """The setpoint of the household's own schedule [°C], `(homes,)`."""
        p = self.parameters
        return p.night_setpoint_c if self._clock.night[step] else p.day_setpoint_c

    def comfort_limits_c(self, step: int) -> tuple[Floats, Floats]:
        """Lower and upper limit of the felt temperature [°C], `(homes,)`.

        Around what the home usually feels like at the habit, and for 2 h also at the habit before; the day's
        mood moves both.
        """
        clock, p = self._clock, self.parameters
        key = int(clock.day[step]), bool(clock.night[step]), bool(clock.night_lately[step])
        if self._limits[0] != key:
            usual_k = self._usual_offset_k + self._mood_k(key[0])
            now = self.habit_c(step)
            before = p.night_setpoint_c if clock.night_lately[step] else p.day_setpoint_c
            lower_c = np.minimum(now, before) + usual_k - p.tolerance_down_k
            self._limits = key, (lower_c, np.maximum(now, before) + usual_k + p.tolerance_up_k)
        return self._limits[1]

    def gains(self, presence: Presence) -> tuple[Floats, Floats]:
        """Heat [W] and water [kg/s] of people and appliances, `(homes,)`.

        Some of a household may be out while others are in: it counts whole.
        """
        p = self.parameters
        active = presence.home & presence.awake
        persons = presence.home * p.persons + presence.guests
        heat_w = p.base_gain_w + active * p.active_gain_w + persons * PERSON_W
        return heat_w, (persons * PERSON_WATER_KG_H + active * ACTIVE_WATER_KG_H) / 3600.0

    def decide(self, moment: Moment) -> Change:
        """Who takes the remote at the start of the step, and what they set."""
        wishes = Wishes(self.habit_c(moment.step), *self.comfort_limits_c(moment.step))
        now_s = self._now_s(moment)
        change = self._remote.use(moment, wishes, self._settled_at_s <= now_s, now_s)
        self._settled_at_s[change.acts] = now_s + SETTLE_S
        return change

    def say(self, moment: Moment) -> Words:
        """Who says what of the advice in force; then they wait for what comes of it."""
        _, upper_c = self.comfort_limits_c(moment.step)
        now_s, there = self._now_s(moment), moment.presence.home & moment.presence.awake
        words = self._reactions.say(moment, upper_c, there & (self._settled_at_s <= now_s), now_s)
        self._settled_at_s[words.taps | words.undos] = now_s + SETTLE_S
        return words

    def lose_patience(self, moment: Moment, change: Change, words: Words) -> NDArray[np.int64]:
        """Until when people now switch advice off (epoch seconds); 0 = they do not, `(homes,)`."""
        bothered = (change.thermal & moment.advised) | words.undos
        return self._reactions.lose_patience(bothered, moment, self._now_s(moment))

    def accepts(self, home: int, step: int, change_k: float) -> bool:
        """Whether a household accepts an offer to change the setpoint by `change_k` now."""
        presence = self.presence(step)
        chance = self._reactions.acceptance(
            change_k, at_home=bool(presence.home[home]), awake=bool(presence.awake[home]), home=home
        )
        return self._reactions.lot(home, int(self._clock.epoch_s[step])) < chance

    def _mood_k(self, day: int) -> Floats:
        """How much warmer than usual people like it that local day [K], `(homes,)`."""
        return np.asarray(COMFORT_OF_DAY_K * self._noise.normal(Stream.COMFORT_OF_DAY, np.array([day]))[0])

    def _now_s(self, moment: Moment) -> int:
        return int(self._clock.epoch_s[moment.step])
