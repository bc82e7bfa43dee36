"""Tolerance: how warm the people of a home may be kept while they are there; probe, retreat, hold.

Warmth is the indoor temperature above the habit's setpoint of that half-hour [K]. It is searched: for one
evening, with people at home and awake, it is kept much warmer than it is meant to stay; then it lives
`RETREAT_K` below what nobody minded or what somebody objected to, and nowhere that `cloud.comfort` expects to
add more discomfort than the budget. Silence alone is no comfort (ADVICE.md, study C). The first objection
ends the probing.
"""

from dataclasses import dataclass, field

from cloud.comfort import AT_HOME_H, ComfortLimit
from cloud.home_clock import SLOTS_PER_DAY, Slot
from cloud.slot_summary import SlotSummary

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
"""Time in such evenings, as warm as meant and with nobody minding, that proves a level [h]."""

PROBE_MISS_K = 0.3
"""It counts as being as warm as meant if no more than this is missing [K]."""

SETTLE_DAYS = 1
"""Advised days before the first probe: people first see advice that they cannot feel."""

SEARCH_DAYS = 14
"""The search is over so many days after it began, found or not: study C ends it on day 16 [days]."""

PROBE_EVERY_DAYS = 2
"""Days from one probe to the next: a probe never follows on a warm evening."""

QUIET_DAYS = 3
"""Days without a probe after any change by a person."""

EAGER_START_K = 0.5
"""Level without any evidence for people who put savings first [K]."""

EAGER_LAMBDA = 10.0
"""They are those who weigh comfort with less than this (ADVICE.md: 20 protects comfort, 5 saves more)."""

WARM_BUDGET_K_H_DAY = 0.03
"""Warm degree-hours that may be expected to be added, at the usual weight of comfort [K·h/day]; a home counts
as kept comfortable up to 0.25 (ADVICE.md). With twice the budget 0.4 to 0.5 points more were saved on two
fleets of the split `validate`, and one home in eighty was too warm."""

USUAL_LAMBDA = 20.0
"""The usual weight of comfort; who weighs it less allows more."""

AWAKE_SLOTS = (15, 44)
"""Half-hours in which somebody at home is awake: 07:30 to 22:00."""

CENSORED_SLOTS = 2
"""For so many half-hours after an override it says nothing that nobody acts: ADVICE.md, formulation 3."""

THERMAL_RATIO = 0.5
"""An override that is as likely as this about warmth is taken for an objection [ratio]."""

DOUBT_DAYS = 14
"""Two overrides for another reason within this time are an objection [days]."""

SLOT_H = 24.0 / SLOTS_PER_DAY


@dataclass(slots=True)
class Tolerance:
    """What is known of one home's tolerance.

    Attributes:
        held_k: Level that a probe has proven, less the retreat [K].
        probe_k: Level of the next probe [K]; None when there is nothing more to find.
        objected_k: Lowest level at which somebody objected [K].
        first_advised_day: Ordinal of the first local day with advice.
        not_before_day: No probe before that local day.
        proven_h: Time as warm as the probe wants it, with nobody minding [h].
        objections: Ordinals of the local days with an objection, newest last.
        doubts: Ordinals of the local days on which somebody cooled, it seems for another reason.
        comfort: Where the upper limit is believed to be.
        censored_until: Number of the half-hour until which silence says nothing.
    """

    held_k: float = 0.0
    probe_k: float | None = FIRST_PROBE_K
    objected_k: float | None = None
    first_advised_day: int | None = None
    not_before_day: int = 0
    proven_h: float = 0.0
    objections: list[int] = field(default_factory=list[int])
    doubts: list[int] = field(default_factory=list[int])
    comfort: ComfortLimit = field(default_factory=ComfortLimit)
    censored_until: int = 0

    def level_k(self, comfort_lambda: float) -> float:
        """Warmth that people have shown to bear, less the retreat [K]."""
        start_k = EAGER_START_K if comfort_lambda < EAGER_LAMBDA and not self.objections else 0.0
        return max(self.held_k, start_k)

    def budget_k_h(self, comfort_lambda: float) -> float:
        """Warm degree-hours a day that may be added, as far as the limit is known [K·h]."""
        return WARM_BUDGET_K_H_DAY * USUAL_LAMBDA / max(comfort_lambda, 1.0)

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
        if self.first_advised_day is None:
            return None
        if not SETTLE_DAYS <= slot.day - self.first_advised_day < SEARCH_DAYS:
            return None
        if slot.day < self.not_before_day or not self._within_budget(slot, budget_per_day):
            return None
        return self.probe_k

    def postpone(self, slot: Slot) -> None:
        """A person changed something: leave them alone for a while."""
        self.not_before_day = max(self.not_before_day, slot.day + QUIET_DAYS)
        self.censored_until = slot.number + CENSORED_SLOTS
        self.proven_h = 0.0

    def learn(self, summary: SlotSummary, warmth_k: float) -> None:
        """A half-hour passed in which nobody objected."""
        slot = summary.slot
        if summary.author != "advice" or summary.at_home is False or slot.number <= self.censored_until:
            return
        if AWAKE_SLOTS[0] <= slot.of_day < AWAKE_SLOTS[1]:
            certain = 1.0 if summary.at_home else AT_HOME_H / 24
            self.comfort.live(warmth_k, certain * SLOT_H)
        probed = self.probe_k is not None and warmth_k >= self.probe_k - PROBE_MISS_K
        if probed and PROBE_SLOTS[0] <= slot.of_day < PROBE_SLOTS[1]:
            self._prove(slot)

    def pass_day(self) -> None:
        """A local day is over: old evidence fades."""
        self.comfort.forget()

    def override(self, slot: Slot, warmth_k: float) -> None:
        """Somebody cooled at `warmth_k`: because of it, or for another reason, unless that happens again."""
        thermal = self.comfort.thermal_ratio(warmth_k) >= THERMAL_RATIO
        doubted = bool(self.doubts) and slot.day - self.doubts[-1] <= DOUBT_DAYS
        self.comfort.override(warmth_k)
        if thermal or doubted:
            self._object(slot, warmth_k, RETREAT_K)
        else:
            self.doubts = [*self.doubts[-3:], slot.day]
            self.postpone(slot)

    def too_hot(self, slot: Slot, warmth_k: float) -> None:
        """Somebody said that it is too hot at `warmth_k`."""
        self.comfort.override(warmth_k)
        self._object(slot, warmth_k, RETREAT_K)

    def a_bit_warm(self, slot: Slot, warmth_k: float) -> None:
        """Somebody said that it is a bit warm at `warmth_k`."""
        self.comfort.a_bit_warm(warmth_k)
        self._object(slot, warmth_k, A_BIT_WARM_RETREAT_K)

    def _object(self, slot: Slot, warmth_k: float, retreat_k: float) -> None:
        """It was too warm at `warmth_k`: back off at once, and probe no more."""
        while_probed = self.probe_k is not None and warmth_k >= self.probe_k - PROBE_MISS_K
        held_k = warmth_k - retreat_k
        self.held_k = max(held_k if while_probed else min(held_k, self.held_k - LATER_STEP_K), 0.0)
        self.objected_k = warmth_k if self.objected_k is None else min(self.objected_k, warmth_k)
        self.probe_k = None
        self.objections = [*self.objections[-7:], slot.day]
        self.postpone(slot)

    def _prove(self, slot: Slot) -> None:
        """A half-hour of a probe was borne; after enough of them the next probe goes further."""
        self.proven_h += SLOT_H
        if self.probe_k is None or self.proven_h < PROVEN_H:
            return
        self.held_k = max(self.held_k, self.probe_k - RETREAT_K)
        following_k = self.probe_k + PROBE_STEP_K
        self.probe_k = following_k if following_k <= TOP_PROBE_K else None
        self.not_before_day = slot.day + PROBE_EVERY_DAYS
        self.proven_h = 0.0

    def _within_budget(self, slot: Slot, budget_per_day: float) -> bool:
        """Each objection of ours uses up the budget of so many days."""
        if not self.objections:
            return budget_per_day > 0
        return (slot.day - self.objections[-1]) * budget_per_day >= 1.0
