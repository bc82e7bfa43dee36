"""Observer: turns readings and people's words into what the advisor knows of a home."""

from datetime import UTC, datetime

from cloud.advice import Feedback
from cloud.feature_catalogue import OVERRIDE_STEP_K, PERSONAL_CHANGES
from cloud.home_clock import HomeClock, Slot
from cloud.home_state import HomeState
from cloud.ports.records import FeedbackKind
from cloud.schedule_points import hold_until
from cloud.slot_summary import Author, OpenSlot, SlotSummary
from edge.contract import Telemetry

STEADY_S = 2 * 3600
"""So long after a change of the setpoint a home is taken for steady [s]."""

SAME_K = 0.05
"""Setpoints that differ by less are the same [K]."""

AFTERMATH_S = 1.6 * 3600
"""An override so soon after a set-back is the set-back's fault [s]: ADVICE.md, study C."""

FELT_AT_HOME: tuple[FeedbackKind, ...] = ("a_bit_warm", "too_hot", "a_bit_cool", "too_cold")
"""What nobody says who is out."""

WARM_WORDS: tuple[FeedbackKind, ...] = ("a_bit_warm", "too_hot")
"""What those say who come home to a set-back that was not made good."""

MISHAPS_KEPT = 8
"""So many are remembered: three stop all set-backs for a while."""

AS_WARM_K = 0.5
"""A room that is no more than this below the setpoint is as warm as it asks for [K]."""

LATE_S = 3600
"""A device may go on with advice for so long after its end [s]."""


class Observer:
    """Keeps a home's state up to date.

    Args:
        home: The state.
        timezone: IANA name.
    """

    def __init__(self, home: HomeState, timezone: str) -> None:
        self.home = home
        self.clock = HomeClock(timezone)
        self._timezone = timezone

    def observe(self, reading: Telemetry) -> None:
        """Take a reading in; one that is not newer than the newest is ignored."""
        home, watch = self.home, self.home.watch
        at_s = reading.sampled_at.timestamp()
        if watch.newest_s is not None and at_s <= watch.newest_s:
            return
        if watch.newest_s is None:
            watch.first_s = watch.changed_s = at_s
        slot = self.clock.slot(at_s - 1.0)
        if home.open_slot is None or home.open_slot.slot.number != slot.number:
            self._turn(slot, at_s)
        if reading.motion is not None and home.preferences.share_presence:
            home.presence.observe(at_s, slot, moved=reading.motion)
        self._follow(reading, slot, at_s)
        gap_s = 0.0 if watch.newest_s is None else at_s - watch.newest_s
        watch.newest_s = at_s
        home.felt.observe(reading, gap_s=gap_s, usual=watch.author == "habit")
        self._measure(reading, at_s)

    def hear(self, feedback: Feedback) -> None:
        """Take in what a person said."""
        watch, at_s = self.home.watch, feedback.at.timestamp()
        slot = self.clock.slot(at_s)
        self._hear_warmth(feedback.kind, slot, at_s)
        self._hear_presence(feedback.kind, slot, at_s)
        match feedback.kind:
            case "too_hot":
                watch.held_until_s = self._next_point_s(at_s)
            case "dismissed" | "undone":
                watch.held_until_s = self._next_point_s(at_s)
                self.home.tolerance.postpone(slot)
            case "too_cold":
                watch.held_until_s = 0.0
                self._note_cold(slot)
            case "accepted":
                watch.held_until_s = 0.0
            case "a_bit_cool":  # it goes on, but warmer
                self._note_cold(slot)
                self.home.tolerance.warmer()
            case "not_home" | "left_home" | "came_home":
                pass  # all of it is said above
            case "a_bit_warm":  # it goes on, but cooler, or with more air
                watch.warm_said_s = [*watch.warm_said_s[-1:], at_s]

    def warmth_k(self, slot: Slot) -> float | None:
        """How much warmer than usual it feels [K]."""
        indoor_c = self.home.watch.indoor_c
        if indoor_c is None:
            return None
        return indoor_c + self.home.felt.offset_k - self.home.habit.setpoint_c(slot)

    def _measure(self, reading: Telemetry, at_s: float) -> None:
        home, watch, indoor_c = self.home, self.home.watch, reading.indoor_dry_bulb_c
        if home.open_slot is not None:
            home.open_slot.add(reading, home.felt.offset_k)
        if indoor_c is not None:
            watch.indoor_c, watch.indoor_s = indoor_c, at_s
            if home.recovery.episode is not None:
                home.recovery.observe(at_s, indoor_c)
        if reading.compressor_ratio is not None:
            home.recovery.observe_load(reading.compressor_ratio)
        if reading.outdoor_dry_bulb_c is not None:
            watch.outdoor_c = reading.outdoor_dry_bulb_c
        if reading.indoor_rh_pct is not None:
            watch.indoor_rh_pct = reading.indoor_rh_pct

    def _follow(self, reading: Telemetry, slot: Slot, at_s: float) -> None:
        """Notice what was set, and by whom."""
        watch = self.home.watch
        author = self._author(reading, slot, at_s)
        if (reading.mode, reading.setpoint_c, author) == (watch.mode, watch.setpoint_c, watch.author):
            return
        known, before_c, before = watch.mode is not None, watch.setpoint_c, watch.author
        moved = (reading.mode, reading.setpoint_c) != (watch.mode, before_c)
        if known and author == "person" and (moved or before != "person"):
            self._yield(reading, slot, at_s)
            if reading.changed_by == "remote":
                self.home.presence.meet(at_s, slot)
        if author == "habit" and before == "person":
            watch.held_until_s = 0.0
        if known and moved:
            self._change(reading, slot, at_s)
        watch.mode, watch.setpoint_c, watch.author = reading.mode, reading.setpoint_c, author

    def _change(self, reading: Telemetry, slot: Slot, at_s: float) -> None:
        """The setpoint or mode is another one: what was steady is no more."""
        home, watch = self.home, self.home.watch
        watch.changed_s = at_s
        if home.open_slot is not None:
            home.open_slot.steady = False
        home.recovery.stop(at_s, watch.indoor_c)
        if reading.mode == "cool" and reading.setpoint_c is not None:
            sag_k = max(home.sag.expected_k(slot) or 0.0, 0.0)
            home.recovery.begin(at_s, watch.indoor_c, reading.setpoint_c + sag_k)

    def _author(self, reading: Telemetry, slot: Slot, at_s: float) -> Author:
        if reading.advice_id is not None or reading.changed_by == "advisor":
            return "advice"
        if reading.changed_by == "schedule":
            return "habit"
        if reading.changed_by in PERSONAL_CHANGES:
            return "person"
        given = self.home.given
        if given is not None and given.mode == "dry" == reading.mode and at_s <= given.until_s + LATE_S:
            return "advice"
        return self._likely_author(reading.setpoint_c, slot, at_s)

    def _likely_author(self, setpoint_c: float | None, slot: Slot, at_s: float) -> Author:
        """Who set it when nobody says: we, if we advised just that; else habit, unless it is new."""
        home, given = self.home, self.home.given
        if given is None or setpoint_c is None:
            return "habit"
        if given.setpoint_c is not None and abs(given.setpoint_c - setpoint_c) < SAME_K:
            return "advice" if at_s <= given.until_s + LATE_S else home.watch.author
        at_habit = abs(setpoint_c - home.habit.setpoint_c(slot)) < SAME_K
        obeyed = home.watch.author == "advice" and at_s <= given.until_s
        if at_habit and not obeyed:
            return "habit"
        unchanged = home.watch.setpoint_c == setpoint_c
        return home.watch.author if unchanged and home.watch.author != "advice" else "person"

    def _yield(self, reading: Telemetry, slot: Slot, at_s: float) -> None:
        """A person changed something: it stands until the next schedule point, and may be our fault."""
        watch = self.home.watch
        watch.held_until_s = self._next_point_s(at_s)
        cooler = (
            reading.mode == "cool"
            and watch.mode == "cool"
            and reading.setpoint_c is not None
            and watch.setpoint_c is not None
            and watch.setpoint_c - reading.setpoint_c >= OVERRIDE_STEP_K
        )
        if cooler and watch.author != "person":
            self._blame(slot, at_s)
        if reading.mode != "cool" or (reading.setpoint_c or 0.0) > (watch.setpoint_c or 0.0):
            self._note_cold(slot)
            if watch.author != "person":
                self.home.tolerance.warmer()
        self.home.tolerance.postpone(slot)

    def _blame(self, slot: Slot, at_s: float) -> None:
        """Find out what an override was about: a set-back, our warmth, or something else."""
        home, warmth_k = self.home, self.warmth_k(slot)
        advised = home.watch.author == "advice"
        budget = home.preferences.override_budget_per_day
        if advised and self._after_set_back(at_s):
            home.tolerance.object(slot, budget)
            self._note_mishap(slot)
        elif warmth_k is not None:
            home.tolerance.override(slot, warmth_k, budget, advised=advised)

    def _after_set_back(self, at_s: float) -> bool:
        """Whether a set-back is in force, or was until a short while ago."""
        given = self.home.given
        if given is None:
            return False
        recovered_s = given.recovered_s
        return given.set_back_k > 0 or (recovered_s is not None and at_s - recovered_s <= AFTERMATH_S)

    def _note_mishap(self, slot: Slot) -> None:
        """A set-back was noticed: the next ones are to be shallower."""
        mishaps = self.home.watch.mishaps
        mishaps.append(slot.day)
        del mishaps[:-MISHAPS_KEPT]

    def _note_cold(self, slot: Slot) -> None:
        """Somebody was cold: because the home was cooled ahead, if it was."""
        watch, habit_c = self.home.watch, self.home.habit.setpoint_c(slot)
        if watch.author == "advice" and watch.setpoint_c is not None and watch.setpoint_c < habit_c:
            self.home.recovery.chilled_day = slot.day

    def _hear_presence(self, kind: FeedbackKind, slot: Slot, at_s: float) -> None:
        """Somebody says that nobody is home, or the phones do, or that somebody is again."""
        presence = self.home.presence
        if not self.home.preferences.share_presence:
            return
        if kind == "not_home":
            presence.leave(at_s)
        elif kind in ("came_home", "left_home"):
            presence.hear(at_s, slot, at_home=kind == "came_home")

    def _hear_warmth(self, kind: FeedbackKind, slot: Slot, at_s: float) -> None:
        """Somebody is there, and our warmth may be too much for them."""
        if kind in FELT_AT_HOME:
            self.home.presence.meet(at_s, slot)
        warmth_k = self.warmth_k(slot)
        if warmth_k is None or self.home.watch.author != "advice":
            return
        if kind == "too_hot":
            budget = self.home.preferences.override_budget_per_day
            self.home.tolerance.too_hot(slot, warmth_k, budget)
        elif kind == "a_bit_warm":
            risen_k = (self.home.watch.setpoint_c or 0.0) - self.home.habit.setpoint_c(slot)
            self.home.tolerance.a_bit_warm(slot, warmth_k, risen_k)
        if kind in WARM_WORDS and self._after_set_back(at_s):
            self._note_mishap(slot)

    def _next_point_s(self, at_s: float) -> float:
        at, weekly_min = datetime.fromtimestamp(at_s, UTC), self.home.preferences.schedule_min
        return hold_until(at, self._timezone, weekly_min).timestamp()

    def _turn(self, slot: Slot, at_s: float) -> None:
        """Close the half-hour that was going on, learn from it, open the next."""
        home = self.home
        if home.open_slot is not None:
            self._learn(home.open_slot)
            if home.open_slot.slot.day != slot.day:
                home.tolerance.pass_day()
        steady = home.watch.mode == "cool" and at_s - home.watch.changed_s >= STEADY_S
        home.open_slot = OpenSlot(slot, steady=steady)

    def _learn(self, over: OpenSlot) -> None:
        home, watch = self.home, self.home.watch
        setpoint_c = watch.setpoint_c if watch.mode == "cool" else None
        summary = over.close(watch.author, setpoint_c, at_home=self._at_home())
        if home.preferences.share_presence and home.presence.newest_s is not None:
            home.presence.learn(over.slot, moved=over.moved)
        if setpoint_c is not None:
            self._learn_habit(summary, setpoint_c)
        home.sag.learn(summary, summary.indoor_c)
        home.warmth.learn(summary, summary.felt_c)
        home.recovery.learn(summary, home.habit.setpoint_c(over.slot))
        self._learn_warmth(summary)

    def _learn_habit(self, summary: SlotSummary, setpoint_c: float) -> None:
        """What people have shown of their habit in a half-hour, by a setpoint [°C] or by letting advice be.

        Who is cold of a morning makes it ever warmer, from wherever it is, and leaves it so; unless the room
        became so warm, that says nothing of what they want in the heat.
        """
        habit = self.home.habit
        if summary.author == "advice":
            habit.stand(summary.slot)
            return
        reached = summary.indoor_c is not None and summary.indoor_c >= setpoint_c - AS_WARM_K
        if summary.author == "habit" or reached:
            habit.learn(summary.slot, setpoint_c)

    def _learn_warmth(self, summary: SlotSummary) -> None:
        if summary.author == "advice":
            self.home.tolerance.advised(summary.slot)
        if summary.felt_c is None or summary.setpoint_c is None:
            return
        warmth_k = summary.felt_c - self.home.habit.setpoint_c(summary.slot)
        self.home.tolerance.learn(summary, warmth_k)

    def _at_home(self) -> bool | None:
        presence = self.home.presence
        if not self.home.preferences.share_presence or presence.newest_s is None:
            return None
        return presence.left_s is None
