"""People: the households of the second family, as a connected fleet sees them.

They are where `presence` says, feel as `sensation` says, and act as `behaviour` says. What they set they
keep: they go to a temperature of their own, and nobody puts it back.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sim.local_time import LocalTime
from device_sim.noise import Floats, Noise, Stream
from device_sim.people.households import Flags
from device_sim.people.moment import Moment, digits
from device_sim.people.presence import Presence
from device_sim.people.reactions import Words
from device_sim.people.remote import Change
from device_sim.zoned.behaviour import TAP_PER_K, UNDO_WHIM_PER_H, Behaviour, chosen
from device_sim.zoned.dwellings import BEDROOM, LIVING, ZONES
from device_sim.zoned.presence import Season
from device_sim.zoned.sensation import DAY_VOTES, Tolerances

SETTLE_S = 2700
"""After a change people wait for its effect [s]: an assumption."""

PERSON_AWAKE_W, PERSON_ASLEEP_W = 75.0, 50.0
PERSON_AWAKE_KG_S, PERSON_ASLEEP_KG_S = 0.060 / 3600.0, 0.035 / 3600.0
"""Sensible heat and water of a person: ASHRAE Fundamentals 2021, chapter 18, light work and sleep."""

COOKING_KG_S = 0.08 / 3600.0
"""Water of cooking and bathing over the hours awake at home [kg/s]: an assumption."""

SMALLEST_K, LARGEST_K = 0.5, 4.0
"""Least change at the remote, and how far from the habit anybody goes [K]."""

NEW_S = 3 * 3600
"""Advice is taken back in the app only so soon after it was applied [s]."""

MANUAL_S = (1 * 86_400, 10 * 86_400)
"""For so long advice stays switched off [s]."""

ANSWER_PER_K = 0.6
"""An offer's logit falls by so much for each kelvin [1/K]."""


@dataclass(frozen=True, slots=True)
class Households:
    """What no step changes of the people; arrays are `(homes,)` unless said otherwise.

    Attributes:
        tolerances: What they feel and bear.
        behaviour: How they act.
        day_setpoint_c: Habit from 06:00 to 22:00 [°C].
        night_setpoint_c: Habit from 22:00 to 06:00 [°C].
        usual_offset_k: What living room and bedrooms usually feel like above the habit [K], `(homes, 2)`.
        base_gain_w: Appliances that always run [W].
        active_gain_w: Further ones while somebody is awake at home [W].
        adapted_k: How far neutral has followed the weather, by day of the season [K], `(days,)`.
    """

    tolerances: Tolerances
    behaviour: Behaviour
    day_setpoint_c: Floats
    night_setpoint_c: Floats
    usual_offset_k: Floats
    base_gain_w: Floats
    active_gain_w: Floats
    adapted_k: Floats


class ZonedPeople:
    """The households of a fleet, over its season.

    Args:
        households: Who they are.
        season: Where they are.
        noise: Their chances.
        clock: The season's clock.
        step_s: Length of a step [s].
    """

    def __init__(
        self, households: Households, season: Season, noise: Noise, clock: LocalTime, step_s: int
    ) -> None:
        self.households = households
        self._season, self._noise, self._clock, self._step_s = season, noise, clock, step_s
        homes = noise.homes
        self._settled_at_s = np.zeros(homes, dtype=np.int64)
        self._advised_c = np.full(homes, np.nan)
        self._advised_at_s = np.zeros(homes, dtype=np.int64)
        self._mood: tuple[int, Floats] = (-1, np.zeros(0))
        self._where: tuple[int, tuple[Presence, Floats, Floats]] | None = None

    def presence(self, step: int) -> Presence:
        """Who is at home and awake in the middle of the step."""
        return self._whereabouts(step)[0]

    def zone(self, step: int) -> NDArray[np.intp]:
        """The zone whose warmth counts, `(homes,)`: bedrooms while all sleep, else the living room."""
        return np.where(self.presence(step).awake, LIVING, BEDROOM)

    def habit_c(self, step: int) -> Floats:
        """The setpoint of the household's own schedule [°C], `(homes,)`."""
        h = self.households
        return h.night_setpoint_c if self._clock.night[step] else h.day_setpoint_c

    def comfort_limits_c(self, step: int) -> tuple[Floats, Floats]:
        """Lower and upper limit of the felt temperature in the zone where people are [°C], `(homes,)`."""
        h, clock = self.households, self._clock
        before = h.night_setpoint_c if clock.night_lately[step] else h.day_setpoint_c
        now, zone = self.habit_c(step), self.zone(step)
        neutral_k = h.usual_offset_k[np.arange(len(zone)), zone] + self._mood_k(step)
        neutral_k += h.adapted_k[int(clock.day[step] - clock.day[0])]
        lower_c = np.minimum(now, before) + neutral_k - h.tolerances.down_k
        return lower_c, np.maximum(now, before) + neutral_k + h.tolerances.up_k

    def gains(self, step: int, gain_share: Floats) -> tuple[Floats, Floats, Flags]:
        """Heat [W] and water [kg/s] by zone, `(homes, 3)`, and who sleeps at home, `(homes,)`.

        Args:
            step: Which.
            gain_share: Share of appliances' heat in each zone, `(homes, 3)`.
        """
        presence, awake, asleep = self._whereabouts(step)
        h, active = self.households, awake > 0.0
        heat_w = (h.base_gain_w + active * h.active_gain_w)[:, None] * gain_share
        heat_w[:, LIVING] += awake * PERSON_AWAKE_W
        heat_w[:, BEDROOM] += asleep * PERSON_ASLEEP_W
        water = np.zeros((len(awake), ZONES))
        water[:, LIVING] = awake * PERSON_AWAKE_KG_S
        water[:, BEDROOM] = asleep * PERSON_ASLEEP_KG_S
        water[:, ZONES - 1] = active * COOKING_KG_S
        return heat_w, water, presence.home & ~presence.awake

    def decide(self, moment: Moment) -> Change:
        """Who takes the remote at the start of the step, and what they set."""
        b, chances = self.households.behaviour, moment.chances
        lower_c, upper_c = self.comfort_limits_c(moment.step)
        now_s, there = self._now_s(moment), moment.presence.home & moment.presence.awake
        able = there & (self._settled_at_s <= now_s)
        warm_k = moment.felt_c - upper_c - b.silent_k
        cold_k = lower_c - b.silent_k - moment.felt_c
        warm = able & (chances[Stream.WARM] < chosen(b.at_limit_logit + b.per_k * warm_k, self._step_s))
        cold = able & (chances[Stream.COLD] < chosen(b.at_limit_logit + b.per_k * cold_k, self._step_s))
        cold &= ~warm
        per_step = b.whim_per_h * self._step_s / 3600.0
        whim = there & ~warm & ~cold & (chances[Stream.WHIM] < 1.0 - np.exp(-per_step))
        setpoint_c = self._set_c(moment, warm, cold)
        acts = (warm | cold | whim) & (setpoint_c != moment.setpoint_c)
        self._settled_at_s[acts] = now_s + SETTLE_S
        return Change(acts, acts & ~whim, np.zeros_like(acts), setpoint_c)

    def say(self, moment: Moment) -> Words:
        """Who says what of the advice in force."""
        b, chance = self.households.behaviour, moment.chances[Stream.TAP]
        _, upper_c = self.comfort_limits_c(moment.step)
        now_s, there = self._now_s(moment), moment.presence.home & moment.presence.awake
        is_new = self._follow(moment, now_s)
        warm_k = TAP_PER_K * (moment.felt_c - upper_c)
        listens = b.has_app & there & moment.advised & (self._settled_at_s <= now_s)
        taps = listens & (chance < chosen(b.tap_logit + warm_k, self._step_s))
        idle = UNDO_WHIM_PER_H * self._step_s / 3600.0
        # the other end of the same chance: nobody says both at once
        undos = listens & is_new & ~taps & (1.0 - chance < chosen(b.undo_logit + warm_k, self._step_s) + idle)
        self._settled_at_s[taps | undos] = now_s + SETTLE_S
        return Words(taps, undos)

    def lose_patience(self, moment: Moment, change: Change, words: Words) -> NDArray[np.int64]:
        """Until when people now switch advice off (epoch seconds); 0 = they do not, `(homes,)`."""
        bothered = (change.thermal & moment.advised) | words.undos
        chance = moment.chances[Stream.CHANGE_SIZE]
        shortest_s, longest_s = MANUAL_S
        until_s = self._now_s(moment) + shortest_s + (longest_s - shortest_s) * digits(chance, 3)
        loses = bothered & (digits(chance, 2) < self.households.behaviour.impatience)
        return np.where(loses, until_s, 0.0).astype(np.int64)

    def accepts(self, home: int, step: int, change_k: float) -> bool:
        """Whether a household accepts an offer to change the setpoint by `change_k` now; nobody away does."""
        presence = self.presence(step)
        if not (presence.home[home] and presence.awake[home]):
            return False
        logit = float(self.households.behaviour.acceptance_logit[home]) - ANSWER_PER_K * abs(change_k)
        lot = self._noise.uniform(Stream.ANSWER, np.array([int(self._clock.epoch_s[step])]))[0][home]
        return bool(lot < 1.0 / (1.0 + np.exp(-logit)))

    def _set_c(self, moment: Moment, warm: Flags, cold: Flags) -> Floats:
        """Their own temperature where that helps, a kelvin where it does not; whims go anywhere near."""
        b, habit_c = self.households.behaviour, self.habit_c(moment.step)
        size = moment.chances[Stream.CHANGE_SIZE]
        before = np.where(np.isnan(moment.setpoint_c), habit_c + LARGEST_K, moment.setpoint_c)
        cooler = np.minimum(habit_c + b.preferred_k, before - 1.0)
        warmer = np.maximum(habit_c + b.preferred_k + 1.0, before + 1.0)
        whim = habit_c + np.round(4.0 * (2.0 * size - 1.0)) * SMALLEST_K
        wanted = np.where(warm, cooler, np.where(cold, warmer, whim))
        near = np.clip(wanted, habit_c - LARGEST_K, habit_c + LARGEST_K)
        return np.asarray(np.round(near / SMALLEST_K) * SMALLEST_K)

    def _follow(self, moment: Moment, now_s: int) -> Flags:
        """Notice advice that is new; returns where it still is."""
        setting_c = np.where(moment.advised, moment.setpoint_c, np.nan)
        same = (setting_c == self._advised_c) | (np.isnan(setting_c) & np.isnan(self._advised_c))
        self._advised_at_s[~same] = now_s
        self._advised_c = setting_c
        return np.asarray(now_s - self._advised_at_s < NEW_S)

    def _mood_k(self, step: int) -> Floats:
        """How much warmer than usual people like it that local day [K], `(homes,)`."""
        day = int(self._clock.day[step])
        if self._mood[0] != day:
            votes = DAY_VOTES * self._noise.normal(Stream.COMFORT_OF_DAY, np.array([day]))[0]
            self._mood = day, votes / self.households.tolerances.slope_per_k
        return self._mood[1]

    def _whereabouts(self, step: int) -> tuple[Presence, Floats, Floats]:
        if self._where is None or self._where[0] != step:
            self._where = step, self._season.at(step)
        return self._where[1]

    def _now_s(self, moment: Moment) -> int:
        return int(self._clock.epoch_s[moment.step])
