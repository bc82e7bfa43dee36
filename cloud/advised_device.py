"""One device under advice: its readings and its people's words in, advice and commands out.

Pure: it remembers what it must (`Memory`) and says what is to be written; the worker does the writing.
Whatever a person does, at the unit or in the app, wins until the next schedule point.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from cloud.advice import Advice, Feedback
from cloud.advice_records import advice_record, asks, identity, plan_record
from cloud.advisor_seat import Advisors, HomeAdvisorLike, Seat
from cloud.assignment import Arm, Assignment
from cloud.command_policy import CommandPolicy, is_held, persons_command, way_back
from cloud.day_count import DayCount, day_writes, local_day, local_hour
from cloud.device_memory import Cause, InForce, Memory, Setting, cause, dump
from cloud.measuring_day import back_to_habit, is_measuring_day, resting_advice
from cloud.ports.records import AdviceRecord, AdviceStatus, DayRecord, InboxEntry, PlanRecord, device_pk
from cloud.ports.state import Put, Write
from cloud.schedule_points import hold_until
from cloud.scheduled import due_entry
from cloud.serving import ADVICE_SK, MEMORY_SK, PLAN_SK, Profile
from edge.contract import Desired, Telemetry

SAVE_EVERY = 64
"""Readings after which the advisor's state is stored, decision or not; a restart reads so many again."""

_NOBODY: Mapping[str, Advice] = {}

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True)
class Tally:
    """What has happened since it was last taken; see `AdvisorProgress`."""

    decisions: int = 0
    served: int = 0
    applied: int = 0


class AdvisedDevice:
    """A device with its advisor.

    Args:
        profile: As its people have set it up.
        advisors: The champion.
        interval: Time between two decisions.
        memory: What is remembered.
        advice: The advice that stands.

    Attributes:
        memory: What is remembered, up to date.
        advice: The advice that stands.
        position: Log position of the newest reading taken into account.
        due: Whether something asks for a decision now.
        assignment: Which of its days are measured at the habit.
    """

    def __init__(
        self,
        profile: Profile,
        advisors: Advisors,
        interval: timedelta,
        memory: Memory,
        advice: AdviceRecord | None = None,
    ) -> None:
        self.memory = memory
        self.advice = advice
        self.position = memory.position
        self.due = False
        self.assignment = Assignment()
        self._interval = interval
        self._seat = Seat(profile, advisors, memory.habit_setpoint_c)
        self._seat.load(memory.advisor)
        self._tally = Tally()
        self._has_news = False
        self._unsaved = False
        self._unsaved_readings = 0
        self._advice_changed = False
        self._plan: PlanRecord | None = None
        self._commands: list[Desired] = []
        self._days_over: list[DayRecord] = []

    @property
    def profile(self) -> Profile:
        """The device as its people have set it up."""
        return self._seat.profile

    @property
    def advisor(self) -> HomeAdvisorLike | None:
        """Its advisor; None until the habit is known."""
        return self._seat.advisor

    @property
    def advisors(self) -> Advisors:
        """The version that advises here."""
        return self._seat.advisors

    def double(self, advisors: Advisors) -> HomeAdvisorLike | None:
        """Its advisor as another version would have it; see `Seat.double`."""
        return self._seat.double(advisors)

    @property
    def is_restless(self) -> bool:
        """Whether something is to be decided or stored without a new reading."""
        return self.due or self._unsaved

    def observe(self, position: int, reading: Telemetry) -> None:
        """Take a reading into account, once: what was seen, or is older than that, is passed over."""
        memory = self.memory
        if position <= self.position:
            return
        self.position = position
        self._unsaved_readings += 1
        if memory.observed_at is not None and reading.sampled_at <= memory.observed_at:
            return
        why, before = cause(memory, reading), memory.setting
        self._understand(why, reading)
        before_c = None if before is None else before.setpoint_c
        today = self._today(reading.sampled_at)
        hour = local_hour(reading.sampled_at, self.profile.installation.timezone)
        today.see(reading, hour, before_c, self._seat.habit_c, by_person=why == "person")
        memory.observed_at, memory.changed_by = reading.sampled_at, reading.changed_by
        memory.setting = Setting.of(reading)
        self._confirm(reading)
        self._seat.observe(reading)
        self._has_news = True

    def hear(self, entry: InboxEntry, at: datetime) -> None:
        """Take what a person said or asked into account, as said at `at`."""
        self._unsaved = True
        self._today(at).hear(entry.kind)
        if entry.kind == "command":
            self._obey(entry, at)
            return
        if entry.kind in ("accepted", "dismissed", "undone") and not self._is_about_advice(entry, at):
            log.info("feedback_outdated", device_id=self.profile.device_id, kind=entry.kind)
            return
        if self._seat.advisor is not None:
            self._seat.advisor.record(Feedback(at, entry.kind))
        if entry.kind == "accepted":
            self._accept(entry, at)
            return
        self.due = True
        if entry.kind in ("dismissed", "undone"):
            self._take_back(entry, at)

    def is_time(self, at: datetime) -> bool:
        """Whether a decision is to be made at `at`."""
        if self._seat.advisor is None or self.memory.observed_at is None:
            return False
        decided_at = self.memory.decided_at
        is_over = decided_at is None or at - decided_at >= self._interval
        is_asked = self._seat.advisor.needs_advice and not self.is_measured(at)
        return self.due or (self._has_news and (is_over or is_asked))

    def is_measured(self, at: datetime) -> bool:
        """Whether it is a measuring day at `at`: then it rests."""
        return is_measuring_day(self.assignment, self.profile, at)

    def rest(self, at: datetime) -> None:
        """Keep a measuring day: what its people chose stands, and a command of ours ends."""
        self.due = self._has_news = False
        self._count_decision(at, {})
        habit_c = self._seat.habit_c
        self._offer(resting_advice(self.profile, self.memory, habit_c, self._interval, at), at)
        desired = back_to_habit(self.profile, self.memory, habit_c, at)
        if desired is not None:
            self._command(desired, at)

    def decide(self, advice: Advice | None, at: datetime, others: Mapping[str, Advice] = _NOBODY) -> None:
        """Make `advice` the one that stands, and command the device as far as its people allow.

        Args:
            advice: What is advised.
            at: Now.
            others: What versions said that do not act here; remembered of the day's first decision.
        """
        self.due = self._has_news = False
        if advice is None:
            return
        self._count_decision(at, {self._seat.advisors.version: advice, **others})
        record = self._offer(advice, at)
        policy = self._policy(record, at)
        if policy.is_overstepped():
            habit_c, command_id = self._seat.habit_c, identity("b", self.profile.device_id, at)
            self._command(way_back(self.memory, habit_c, command_id, "advisor"), at)
        elif policy.is_command_needed():
            self._command(policy.command(policy.requester()), at)

    def expire(self, at: datetime) -> None:
        """End advice that nobody has renewed."""
        advice = self.advice
        if advice is None or advice.valid_until >= at:
            return
        if advice.status in ("offered", "accepted", "applied"):
            self._set_status("expired")

    def set_up(self, profile: Profile) -> None:
        """Follow a change of what the people have set up."""
        if profile == self.profile:
            return
        if profile.schedule != self.profile.schedule:
            self.memory.scheduled_at = None
        self._seat.set_up(profile)
        self.due = True

    def follow_schedule(self, at: datetime) -> None:
        """Set the device as its week says, once; a person's word comes first, and on vacation it rests."""
        memory, away_until = self.memory, self.profile.preferences.away_until
        if not self.profile.schedule:
            return
        if memory.scheduled_at is None:
            memory.scheduled_at = at
        if is_held(memory, at) or (away_until is not None and at < away_until):
            return
        due = due_entry(self.profile, memory.scheduled_at, at)
        if due is None:
            return
        memory.scheduled_at, memory.followed_until, memory.held_until = at, None, None
        memory.chosen = due.setting
        self._command(due.desired, at)

    def change_champion(self, advisors: Advisors) -> None:
        """Go on with another champion, keeping what was learnt of the home."""
        self._seat.change_champion(advisors)

    def leave(self, version: str) -> None:
        """Remember that its home was let out of a challenger's cohort."""
        self.memory.left, self._unsaved = version, True

    def replay_from(self) -> int | None:
        """After which position readings must be read again after a crash; None when all is stored."""
        return self.memory.position if self._unsaved_readings else None

    def take_commands(self) -> list[Desired]:
        """The commands decided since the last call."""
        commands, self._commands = self._commands, []
        return commands

    def take_tally(self) -> Tally:
        """What happened since the last call."""
        tally, self._tally = self._tally, Tally()
        return tally

    def take_writes(self) -> list[Write]:
        """What is to be stored now: everything that belongs together, or nothing."""
        if not self._unsaved and self._unsaved_readings < SAVE_EVERY:
            return []
        pk, memory = device_pk(self.profile.device_id), self.memory
        memory.position, memory.habit_setpoint_c = self.position, self._seat.habit_setpoint_c
        memory.advisor = self._seat.dump()
        writes: list[Write] = [Put(pk, MEMORY_SK, dump(memory))]
        if self._advice_changed and self.advice is not None:
            writes.append(Put(pk, ADVICE_SK, self.advice.model_dump(mode="json")))
        if self._plan is not None:
            writes.append(Put(pk, PLAN_SK, self._plan.model_dump(mode="json")))
        writes += [write for record in self._days_over for write in day_writes(record)]
        self._unsaved = self._advice_changed = False
        self._unsaved_readings, self._plan, self._days_over = 0, None, []
        return writes

    def is_first_of_day(self, at: datetime) -> bool:
        """Whether nothing was decided yet on the local day around `at`."""
        today = self.memory.today
        day = local_day(at, self.profile.installation.timezone)
        return today is None or today.day != day or not today.decisions

    @property
    def day_so_far(self) -> DayRecord | None:
        """The newest local day, as far as it has come."""
        today = self.memory.today
        return None if today is None else today.record(self.profile.device_id)

    def _today(self, at: datetime) -> DayCount:
        """The count of the local day around `at`; a day that is over is to be stored. It never goes back."""
        today, day = self.memory.today, local_day(at, self.profile.installation.timezone)
        if today is None or day > today.day:
            if today is not None:
                self._days_over.append(today.record(self.profile.device_id))
                self._unsaved = True
            self.memory.today = today = DayCount(day)
        return today

    def _count_decision(self, at: datetime, said: Mapping[str, Advice]) -> None:
        self.memory.decided_at = at
        self._tally.decisions += 1
        arm: Arm = "advised" if said else "habit"
        self._today(at).decide(arm, self._seat.advisors.version if said else "", said)

    def _understand(self, why: Cause, reading: Telemetry) -> None:
        memory = self.memory
        if why == "nothing" and memory.chosen is None and reading.changed_by != "advisor":
            memory.chosen = Setting.of(reading)
        if why in ("nothing", "ours"):
            return
        self._unsaved = True
        if why == "person":
            self._yield_to_person(reading.sampled_at)
        if why != "schedule" or (memory.in_force is not None and memory.in_force.confirmed):
            memory.in_force = None  # a command that was not confirmed yet may still be on its way
        if why != "went_back":
            memory.chosen = Setting.of(reading)

    def _yield_to_person(self, at: datetime) -> None:
        self.memory.held_until = self._hold_until(at)
        self.memory.scheduled_at, self.memory.followed_until = at, None
        self.due = True
        if self.advice is not None and self.advice.status in ("accepted", "applied"):
            self._set_status("undone")

    def _confirm(self, reading: Telemetry) -> None:
        in_force, advice = self.memory.in_force, self.advice
        if in_force is not None and not in_force.confirmed:
            follows = in_force.is_echoed(reading) or Setting.of(reading).obeys(in_force.desired)
            self.memory.in_force = replace(in_force, confirmed=follows)
        if advice is None or reading.advice_id != advice.advice_id:
            return
        if advice.status in ("offered", "accepted"):
            self._set_status("applied")
            self._tally.applied += 1

    def _is_about_advice(self, entry: InboxEntry, at: datetime) -> bool:
        """Whether the entry means the advice that stands; what has ended can no longer be accepted."""
        if self.advice is None or entry.advice_id not in (None, self.advice.advice_id):
            return False
        return entry.kind != "accepted" or at <= self.advice.valid_until

    def _accept(self, entry: InboxEntry, at: datetime) -> None:
        """No new decision at once: the person accepted just this advice."""
        if self.advice is None or self.profile.autonomy == "observe":
            return
        self.memory.held_until = None
        if self.profile.autonomy == "one_tap":
            self.memory.followed_until = self._hold_until(at)
        if self.advice.status != "applied":
            self._set_status("accepted")
        self._command(self._policy(self.advice, at).command(entry.requested_by), at)

    def _take_back(self, entry: InboxEntry, at: datetime) -> None:
        if self.advice is None:
            return
        is_obeyed = self._policy(self.advice, at).is_obeyed()
        self._set_status("dismissed" if entry.kind == "dismissed" else "undone")
        self.memory.held_until = self._hold_until(at)
        if is_obeyed or entry.kind == "undone":
            habit_c = self._seat.habit_c
            self._command(way_back(self.memory, habit_c, entry.entry_id, entry.requested_by), at)

    def _obey(self, entry: InboxEntry, at: datetime) -> None:
        """A person's command stands until they said, else until the next schedule point."""
        try:
            desired = persons_command(entry, self._hold_until(at))
        except ValueError:
            log.warning("command_refused", device_id=self.profile.device_id, entry_id=entry.entry_id)
            return
        self._yield_to_person(at)
        self.memory.held_until = desired.expires_at
        self._command(desired, at)

    def _offer(self, advice: Advice, at: datetime) -> AdviceRecord:
        """Make `advice` the one that stands; its id and its fate stay while it asks for the same."""
        before, device_id = self.advice, self.profile.device_id
        status: AdviceStatus = "offered"
        if before is not None and asks(before) == asks(advice):
            advice_id, status = before.advice_id, self._status_again(before.status, at)
        else:
            advice_id = identity("a", device_id, at, *asks(advice))
            self._tally.served += 1
        record = advice_record(advice, advice_id, device_id, at, status, self._seat.advisors.version)
        self.advice, self._plan = record, plan_record(advice, advice_id, at)
        self._advice_changed = self._unsaved = True
        return record

    def _status_again(self, status: AdviceStatus, at: datetime) -> AdviceStatus:
        """What had expired is offered again; what was refused, once the hold is over."""
        if status == "expired":
            return "offered"
        return "offered" if status in ("dismissed", "undone") and not is_held(self.memory, at) else status

    def _hold_until(self, at: datetime) -> datetime:
        """The next schedule point of this device."""
        return hold_until(at, self.profile.installation.timezone, tuple(self.profile.schedule))

    def _policy(self, advice: AdviceRecord, at: datetime) -> CommandPolicy:
        return CommandPolicy(self.memory, advice, self.profile.autonomy, self._interval, at)

    def _command(self, desired: Desired, at: datetime) -> None:
        self.memory.in_force = InForce(desired, at)
        self._commands.append(desired)
        self._unsaved = True

    def _set_status(self, status: AdviceStatus) -> None:
        if self.advice is not None and self.advice.status != status:
            self.advice = self.advice.model_copy(update={"status": status})
            self._advice_changed = self._unsaved = True
