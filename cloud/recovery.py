"""Recovery: how fast a home warms up when cooling stops and cools down again, learnt from its own.

And the guard worth more than any model (ADVICE.md, study A, 2): where the compressor runs flat out at the
habit and still does not hold it, there is nothing to save, and a set-back would never be made good.
"""

from dataclasses import dataclass, field

from cloud.comfort import Floats
from cloud.home_clock import SLOTS_PER_DAY, Slot
from cloud.slot_summary import SlotSummary

PULL_DOWN_K_H = 0.8
"""Assumed fall of the indoor temperature before anything was learnt [K/h]: 2.5 K in three hours, slower than
all but the heaviest homes of study A."""

WARM_UP_K_H = 1.5
"""Assumed rise while away before anything was learnt [K/h]; fast, so that a set-back is taken for deep."""

KEPT_RATES = 8
"""Episodes remembered, the newest ones."""

EPISODE_K = 1.2
"""Smallest change of temperature that makes an episode [K]: steps of half a degree tell the sensor's noise
and the machine's swing, not how fast the home is."""

NEAR_K = 0.3
"""So near to its goal a home has recovered [K]."""

LONGEST_EPISODE_S = 6 * 3600
"""A home that has not recovered by then counts with what it reached [s]."""

CAUTION = 0.85
"""Share of the pull-down that three of four remembered ones reach, which is relied upon [ratio]."""

STRAINED_K = 0.7
"""Above the setpoint by so much, for half an hour, with a compressor that cannot give more [K]."""

FLAT_OUT_RATIO = 0.95
"""A compressor with this load gives all it can [ratio]."""

SMOOTH_RATIO = (0.12, 0.95)
SMOOTH_CHANGE_RATIO = 0.06
"""A load within the former that changes by less than the latter from reading to reading is a matter of speed,
not of starting and stopping [ratio]."""

VARIABLE_RATIO = 0.25
"""Share of such readings from which on the machine has a variable speed."""

MANY_READINGS = 1000
"""So many readings with the compressor at work tell how it works; older ones are forgotten."""

STRAINED_MEMORY_DAYS = 21
"""For so long a home is known to be strained in heat [days]."""

COOL_AHEAD_SLOTS = 16
"""So long before the machine usually reaches its limit a home is cooled ahead [slots]: eight hours, from the
small hours until noon in most. In five strained homes of the split `validate` that took 22 to 74 % of their
warm degree-hours for 2 to 5 % of their electricity; less time took much less, and more cost more."""

NEW_HEAT_SLOTS = 8
"""Strain that begins so long after the strain before is another day's [slots]."""

CHILLED_DAYS = 28
"""For so long a home is not cooled ahead after somebody was cold of it [days]."""

IDLE_RATIO = 0.5
"""A machine with less than this share of its mean load of the day hardly works [ratio]."""

HEAT_MARGIN_K = 2.0
"""Outdoors this much cooler than when it was strained, the machine is trusted again [K]."""


@dataclass(slots=True)
class Episode:
    """A change of the indoor temperature that is going on.

    Attributes:
        falling: Recovery; otherwise warming up.
        start_s: When it began [s since 1970].
        start_c: Indoor temperature then [°C].
        goal_c: Where it is to end up [°C].
    """

    falling: bool
    start_s: float
    start_c: float
    goal_c: float


@dataclass(slots=True)
class Recovery:
    """What the home's own changes of temperature have taught.

    Attributes:
        falls_k_h: Pull-down rates of the newest recoveries [K/h].
        rises_k_h: Warm-up rates of the newest set-backs [K/h].
        episode: What is going on.
        strained_day: Ordinal of the newest local day on which the machine could not hold the habit.
        strained_outdoor_c: Coolest outdoor temperature at which that happened lately [°C].
        strained_slot: Number of the newest half-hour in which that happened.
        strained_from: Earliest half-hour of the day at which it has begun lately.
        chilled_day: Ordinal of the newest local day on which somebody was cold while it was cooled ahead.
        load_ratio: Usual load of the compressor by half-hour at the habit [ratio]; None = not seen.
        newest_load_ratio: Load of the newest reading [ratio].
        smooth: How many readings showed a steady part load.
        worked: How many showed the compressor at work.
    """

    falls_k_h: list[float] = field(default_factory=list[float])
    rises_k_h: list[float] = field(default_factory=list[float])
    episode: Episode | None = None
    strained_day: int | None = None
    strained_outdoor_c: float | None = None
    strained_slot: int | None = None
    strained_from: int | None = None
    chilled_day: int | None = None
    load_ratio: list[float | None] = field(default_factory=lambda: [None] * SLOTS_PER_DAY)
    newest_load_ratio: float = 0.0
    smooth: float = 0.0
    worked: float = 0.0

    def begin(self, at_s: float, indoor_c: float | None, goal_c: float) -> None:
        """The setpoint was changed, to end up at `goal_c`, while it was `indoor_c` inside."""
        self.episode = None
        if indoor_c is not None and abs(goal_c - indoor_c) >= EPISODE_K:
            self.episode = Episode(goal_c < indoor_c, at_s, indoor_c, goal_c)

    def observe(self, at_s: float, indoor_c: float) -> None:
        """What it is inside now [°C]; ends an episode that has reached its goal or taken too long."""
        going = self.episode
        if going is None:
            return
        left_k = indoor_c - going.goal_c if going.falling else going.goal_c - indoor_c
        if left_k <= NEAR_K or at_s - going.start_s >= LONGEST_EPISODE_S:
            self._end(at_s, indoor_c)

    def observe_load(self, ratio: float) -> None:
        """The compressor's load in a reading [ratio]."""
        before, self.newest_load_ratio = self.newest_load_ratio, ratio
        if not ratio:
            return
        if self.worked >= MANY_READINGS:
            self.worked, self.smooth = self.worked / 2, self.smooth / 2
        self.worked += 1
        low, high = SMOOTH_RATIO
        if low < ratio < high and abs(ratio - before) < SMOOTH_CHANGE_RATIO:
            self.smooth += 1

    @property
    def is_variable_speed(self) -> bool:
        """Whether the compressor follows the load instead of starting and stopping; careful when unknown."""
        return self.smooth >= VARIABLE_RATIO * self.worked

    def stop(self, at_s: float, indoor_c: float | None) -> None:
        """The setpoint is about to change again; a warm-up cut short still tells its rate."""
        if self.episode is not None and not self.episode.falling and indoor_c is not None:
            self._end(at_s, indoor_c)
        self.episode = None

    def learn(self, summary: SlotSummary, habit_c: float) -> None:
        """A half-hour; it counts if nobody asked for more than the habit and nothing of ours is made good."""
        if not summary.steady or summary.setpoint_c is None or summary.setpoint_c < habit_c:
            return
        if summary.author == "advice" and self.episode is not None and self.episode.falling:
            return
        load, place = summary.compressor_ratio, summary.slot.of_day
        if load is not None:
            before = self.load_ratio[place]
            self.load_ratio[place] = load if before is None else before + 0.15 * (load - before)
        if self._strained(summary):
            self._note_strain(summary)

    def cannot_recover(self, slot: Slot, warmest_outdoor_c: float | None) -> bool:
        """Whether today is a day on which the machine may not hold even the habit."""
        if self.strained_day is None or slot.day - self.strained_day > STRAINED_MEMORY_DAYS:
            return False
        if warmest_outdoor_c is None or self.strained_outdoor_c is None:
            return True
        return warmest_outdoor_c > self.strained_outdoor_c - HEAT_MARGIN_K

    def is_ahead(self, slot: Slot) -> bool:
        """Whether it is time to cool ahead of the strain to be expected later in the day."""
        if self.strained_from is None:
            return False
        if self.chilled_day is not None and slot.day - self.chilled_day < CHILLED_DAYS:
            return False
        return 0 < (self.strained_from - slot.of_day) % SLOTS_PER_DAY <= COOL_AHEAD_SLOTS

    def worth_warming_k(self, rises_k: Floats) -> list[float]:
        """Rises by hour of the day, (24,) [K]; none at all if they are for hours in which the machine idles.

        Who bears next to nothing has a rise in the hours in which it weighs least. At night that spares
        little, and what walls and damp store meanwhile is cooled away by day: single homes used more for it.
        """
        by_hour_k: list[float] = rises_k.tolist()
        if 0.0 not in by_hour_k:
            return by_hour_k
        slots = SLOTS_PER_DAY // len(by_hour_k)
        seen = [(load, place // slots) for place, load in enumerate(self.load_ratio) if load is not None]
        loads, warmer = [load for load, _ in seen], [load for load, hour in seen if by_hour_k[hour] > 0]
        idle = bool(warmer) and sum(warmer) / len(warmer) < IDLE_RATIO * sum(loads) / len(loads)
        return [0.0] * len(by_hour_k) if idle else by_hour_k

    @property
    def fall_k_h(self) -> float:
        """Pull-down to rely upon [K/h]."""
        falls = sorted(self.falls_k_h)
        return CAUTION * falls[len(falls) // 4] if falls else PULL_DOWN_K_H

    @property
    def rise_k_h(self) -> float:
        """Warm-up to expect [K/h]."""
        return sorted(self.rises_k_h)[len(self.rises_k_h) // 2] if self.rises_k_h else WARM_UP_K_H

    def _end(self, at_s: float, indoor_c: float) -> None:
        going = self.episode
        self.episode = None
        if going is None or at_s <= going.start_s:
            return
        moved_k = going.start_c - indoor_c if going.falling else indoor_c - going.start_c
        if going.falling or moved_k >= EPISODE_K - NEAR_K:
            rates = self.falls_k_h if going.falling else self.rises_k_h
            rates.append(max(moved_k / (at_s - going.start_s) * 3600, 0.05))
            del rates[:-KEPT_RATES]

    def _strained(self, summary: SlotSummary) -> bool:
        if summary.indoor_c is None or summary.setpoint_c is None:
            return False
        load = summary.compressor_ratio
        flat_out = load is None or load >= FLAT_OUT_RATIO
        return flat_out and summary.indoor_c - summary.setpoint_c >= STRAINED_K

    def _note_strain(self, summary: SlotSummary) -> None:
        today, before = summary.slot.day, self.strained_day
        recent = before is not None and today - before <= STRAINED_MEMORY_DAYS
        self.strained_day = today
        self._note_begin(summary.slot, recent=recent)
        outdoor_c = summary.outdoor_c
        if recent and self.strained_outdoor_c is not None and outdoor_c is not None:
            outdoor_c = min(outdoor_c, self.strained_outdoor_c)
        self.strained_outdoor_c = outdoor_c if outdoor_c is not None else self.strained_outdoor_c

    def _note_begin(self, slot: Slot, *, recent: bool) -> None:
        """Remember the earliest time of the day at which strain has begun."""
        before, self.strained_slot = self.strained_slot, slot.number
        if before is not None and slot.number - before < NEW_HEAT_SLOTS:
            return
        known = self.strained_from if recent else None
        self.strained_from = slot.of_day if known is None else min(known, slot.of_day)
