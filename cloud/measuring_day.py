"""Measuring day: a day at the habit, drawn by lot, on which nothing is advised: so savings are measured."""

from datetime import date, datetime, timedelta
from secrets import token_hex

from cloud.advice import Advice, Comparison
from cloud.advice_records import identity
from cloud.assignment import Assignment
from cloud.command_policy import way_back
from cloud.day_count import local_day
from cloud.device_memory import Memory, Setting
from cloud.ports.records import ADVISOR_PK, ASSIGNMENT_SK, AssignmentRecord, DesignRecord
from cloud.ports.state import Put, StateStore
from cloud.serving import Profile
from edge.contract import Desired

REASON = "Measuring day: nothing is advised today, so that we can tell what advice saves on the other days."


def is_measuring_day(assignment: Assignment, profile: Profile, at: datetime) -> bool:
    """Whether nothing may be advised at `at`; only in homes that consent."""
    if not profile.measures_savings:
        return False
    return assignment.of(profile.home_id, local_day(at, profile.installation.timezone)).arm == "habit"


def resting_advice(
    profile: Profile, memory: Memory, habit_c: float, interval: timedelta, at: datetime
) -> Advice:
    """Advice to leave things as people chose them."""
    chosen = _chosen(memory, habit_c)
    until = at + 8 * interval
    return Advice(
        setpoint_c=chosen.setpoint_c,
        mode=chosen.mode,
        fan=None,
        valid_until=until,
        expected_saving_kwh=0.0,
        saving_interval_kwh=(0.0, 0.0),
        expected_saving_money=0.0,
        saving_interval_money=(0.0, 0.0),
        currency=profile.preferences.currency,
        notice_probability=0.0,
        reason=REASON,
        counterfactual=Comparison(chosen.setpoint_c, 0.0, 0.0, until),
    )


def back_to_habit(profile: Profile, memory: Memory, habit_c: float, at: datetime) -> Desired | None:
    """What ends a command that came from advice; None when none is in force."""
    in_force = memory.in_force
    if in_force is None or in_force.desired.advice_id is None or not in_force.holds(at):
        return None
    return way_back(memory, habit_c, identity("m", profile.device_id, at), "advisor")


def keep_assignment(store: StateStore, pairs: int, now: datetime) -> None:
    """Let `pairs` of 14 days be measured, from a day on that has begun nowhere; nothing changes if they are.

    The first design of an installation holds from the beginning: no day has been drawn before it.

    Raises:
        ConflictError: Somebody else has done so at the same moment.
    """
    item = store.get(ADVISOR_PK, ASSIGNMENT_SK)
    known = () if item is None else AssignmentRecord.model_validate(item.body).designs
    if (known[-1].pairs if known else 0) == pairs:
        return
    since = now.date() + timedelta(days=2) if known else date.min
    design = DesignRecord(seed=token_hex(8), pairs=pairs, since=since)
    body = AssignmentRecord(designs=(*known, design)).model_dump(mode="json")
    store.transact([Put(ADVISOR_PK, ASSIGNMENT_SK, body, if_version=0 if item is None else item.version)])


def _chosen(memory: Memory, habit_c: float) -> Setting:
    return memory.chosen or Setting("cool", habit_c)
