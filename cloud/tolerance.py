"""Tolerance: how warm the people of a home may be kept while they are there; probe, retreat, hold.

Warmth is the indoor temperature above the habit's setpoint of that half-hour [K]. Two kinds of evidence
count, and silence is none (ADVICE.md, study C: below the level at which people act lies a silent zone in
which comfort is already lost). First, what a home lives with anyway: in most the temperature sags in hot
hours and is low in cool ones; keeping it at the usual upper level all day is no loss. Second, a probe: for
one evening, with people at home and awake, it is kept much warmer than it is meant to stay; if nobody minds,
it may live `RETREAT_K` below that. The first objection ends the probing.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cloud.home_clock import SLOTS_PER_DAY, Slot
from cloud.slot_summary import SlotSummary

Objection: TypeAlias = Literal["override", "too_hot", "a_bit_warm"]

RETREAT_K = 1.0
"""How far below an objection, or below a probe that nobody minded, a home is kept [K]: study C, where 0.8 K
kept comfort in 3 of 9 homes and 1.0 K in 15 of 15."""

A_BIT_WARM_RETREAT_K = 0.4
"""The same after "a bit warm", which people say long before they take the remote [K]."""

LATER_STEP_K = 0.4
"""What each later objection costs at least [K]: study C."""

FIRST_PROBE_K = 1.0
"""The first probe [K]: at most the retreat, so that it cannot end in keeping the home warmer."""

PROBE_STEP_K = 0.5
"""From one probe to the next [K]; devices know half degrees."""

TOP_PROBE_K = 3.0
"""The last probe [K]: study C."""

PROBE_SLOTS = (36, 42)
"""Half-hours of a probe: 18:00 to 21:00, when people are at home and awake."""

PROVEN_H = 2.0
"""Time in such an evening, as warm as meant and with nobody minding, that proves a level [h]."""

PROBE_MISS_K = 0.3
"""It counts as being as warm as meant if no more than this is missing [K]."""

SETTLE_DAYS = 14
"""Advised days before the first probe: people first see advice that they cannot feel."""

PROBE_EVERY_DAYS = 2
"""Days from one probe to the next: a probe never follows on a warm evening."""

QUIET_DAYS = 3
"""Days without a probe after any change by a person."""

LIVED_RATIO = 0.9
"""Level that is warmer than this share of a home's half-hours at the habit [ratio]: what it lives with."""

MIN_LIVED_H = 72.0
"""Time at the habit before that level counts [h]: three days and nights."""

EAGER_START_K = 0.5
"""Level without any evidence for people who put savings first [K]."""

EAGER_LAMBDA = 10.0
"""They are those who weigh comfort with less than this (ADVICE.md: 20 protects comfort, 5 saves more)."""

WARMTH_STEP_K = 0.1
WARMTH_FLOOR_K = -2.0
_BINS = 60


@dataclass(slots=True)
class Tolerance:
    """What is known of one home's tolerance.

    Attributes:
        held_k: Level that a probe has proven, less the retreat [K].
        probe_k: Level of the next probe [K]; None when there is nothing more to find.
        objected_k: Lowest level at which somebody objected [K].
        lived: Half-hours at the habit by warmth, in steps of `WARMTH_STEP_K` from `WARMTH_FLOOR_K`.
        lived_k: Level that the home lives with anyway [K]; 0 until that is known.
        first_advised_day: Ordinal of the first local day with advice.
        not_before_day: No probe before that local day.
        probe_day: Local day of the probe that is going on.
        proven_h: Time in it that counts [h].
        objections: Ordinals of the local days with an objection, newest last.
    """

    held_k: float = 0.0
    probe_k: float | None = FIRST_PROBE_K
    objected_k: float | None = None
    lived: list[int] = field(default_factory=lambda: [0] * _BINS)
    lived_k: float = 0.0
    first_advised_day: int | None = None
    not_before_day: int = 0
    probe_day: int | None = None
    proven_h: float = 0.0
    objections: list[int] = field(default_factory=list[int])

    def live(self, warmth_k: float) -> None:
        """A half-hour at the habit, with people there (or nobody knows): as warm as they let it be."""
        place = round((warmth_k - WARMTH_FLOOR_K) / WARMTH_STEP_K)
        self.lived[min(max(place, 0), _BINS - 1)] += 1
        total, passed = sum(self.lived), 0
        if total < 2 * MIN_LIVED_H:
            return
        for place, count in enumerate(self.lived):
            passed += count
            if passed >= LIVED_RATIO * total:
                self.lived_k = max(WARMTH_FLOOR_K + WARMTH_STEP_K * place, 0.0)
                return

    def level_k(self, comfort_lambda: float) -> float:
        """Warmth at which the home may be kept while people are there [K]."""
        start_k = EAGER_START_K if comfort_lambda < EAGER_LAMBDA and not self.objections else 0.0
        return max(self.held_k, start_k, self.lived_k if self.objected_k is None else self._safe_lived_k())

    def advised(self, slot: Slot) -> None:
        """Advice is in force in `slot`."""
        if self.first_advised_day is None:
            self.first_advised_day = slot.day

    def probe_now_k(self, slot: Slot, budget_per_day: float) -> float | None:
        """Warmth to probe in `slot` [K]; None when it is not the time.

        Args:
            slot: A half-hour, now or planned.
            budget_per_day: Objections a day that the advice may cause.
        """
        if self.probe_k is None or not PROBE_SLOTS[0] <= slot.of_day < PROBE_SLOTS[1]:
            return None
        if self.first_advised_day is None or slot.day - self.first_advised_day < SETTLE_DAYS:
            return None
        if slot.day < self.not_before_day or not self._within_budget(slot, budget_per_day):
            return None
        return self.probe_k

    def postpone(self, slot: Slot) -> None:
        """A person changed something: leave them alone for a while."""
        self.not_before_day = max(self.not_before_day, slot.day + QUIET_DAYS)
        self.probe_day, self.proven_h = None, 0.0

    def learn(self, summary: SlotSummary, warmth_k: float | None) -> None:
        """A half-hour of a probe passed, maybe."""
        slot = summary.slot
        if self.probe_k is None or not PROBE_SLOTS[0] <= slot.of_day < PROBE_SLOTS[1]:
            return
        if summary.author != "advice" or summary.at_home is False or warmth_k is None:
            return
        if warmth_k < self.probe_k - PROBE_MISS_K:
            return
        if self.probe_day != slot.day:
            self.probe_day, self.proven_h = slot.day, 0.0
        self.proven_h += 24.0 / SLOTS_PER_DAY
        if self.proven_h >= PROVEN_H:
            self._pass(slot)

    def object(self, slot: Slot, warmth_k: float, objection: Objection) -> None:
        """Somebody finds it too warm at `warmth_k`: back off at once, and probe no more."""
        retreat_k = A_BIT_WARM_RETREAT_K if objection == "a_bit_warm" else RETREAT_K
        while_probed = self.probe_k is not None and warmth_k >= self.probe_k - PROBE_MISS_K
        held_k = warmth_k - retreat_k
        self.held_k = max(held_k if while_probed else min(held_k, self.held_k - LATER_STEP_K), 0.0)
        self.objected_k = warmth_k if self.objected_k is None else min(self.objected_k, warmth_k)
        self.probe_k = None
        self.objections.append(slot.day)
        del self.objections[:-8]
        self.postpone(slot)

    def _pass(self, slot: Slot) -> None:
        if self.probe_k is None:
            return
        self.held_k = max(self.held_k, self.probe_k - RETREAT_K)
        following_k = self.probe_k + PROBE_STEP_K
        self.probe_k = following_k if following_k <= TOP_PROBE_K else None
        self.not_before_day = slot.day + PROBE_EVERY_DAYS
        self.probe_day, self.proven_h = None, 0.0

    def _safe_lived_k(self) -> float:
        """What they lived with, but no longer near where they objected."""
        objected_k = self.objected_k if self.objected_k is not None else TOP_PROBE_K
        return max(min(self.lived_k, objected_k - RETREAT_K), 0.0)

    def _within_budget(self, slot: Slot, budget_per_day: float) -> bool:
        """Each objection of ours uses up the budget of so many days."""
        if not self.objections:
            return budget_per_day > 0
        return (slot.day - self.objections[-1]) * budget_per_day >= 1.0
