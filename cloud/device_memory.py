"""What the advisor worker remembers of a device between two readings, and what a reading says about people.

The rule behind it: a change that neither we nor the schedule asked for was made by a person, and a person
wins. `changed_by` may be absent, so a change is also judged by what was asked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from pydantic import TypeAdapter

from cloud.day_count import DayCount
from cloud.ports.state import Body
from edge.contract import ChangedBy, Desired, Mode, Telemetry
from edge.contract.quantities import MODES_WITH_SETPOINT

SAME_SETPOINT_C = 0.05
"""Setpoints closer than this are the same [°C]: half of the finest step of a device."""

ROUNDED_SETPOINT_C = 0.51
"""A device may round what it is asked to whole degrees; so far off it may still follow [°C]."""

Cause: TypeAlias = Literal["nothing", "ours", "went_back", "schedule", "person"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a device is set to; `setpoint_c` is None in modes without one."""

    mode: Mode
    setpoint_c: float | None = None

    @classmethod
    def of(cls, reading: Telemetry) -> "Setting":
        """The setting in force in a reading."""
        return cls(reading.mode, reading.setpoint_c if reading.mode in MODES_WITH_SETPOINT else None)

    def obeys(self, desired: Desired, tolerance_c: float = SAME_SETPOINT_C) -> bool:
        """Whether a device with this setting does what `desired` asks for."""
        if desired.mode is not None and desired.mode != self.mode:
            return False
        if desired.setpoint_c is None:
            return True
        return self.setpoint_c is not None and abs(desired.setpoint_c - self.setpoint_c) < tolerance_c


@dataclass(frozen=True, slots=True)
class InForce:
    """The command that the device was last asked to follow.

    Attributes:
        desired: What was asked for.
        issued_at: When, in the worker's clock.
        confirmed: Whether a reading has shown that the device follows it.
    """

    desired: Desired
    issued_at: datetime
    confirmed: bool = False

    def holds(self, at: datetime) -> bool:
        """Whether the command has not ended by `at`."""
        return self.desired.expires_at is None or at < self.desired.expires_at

    def is_echoed(self, reading: Telemetry) -> bool:
        """Whether a reading names the advice behind the command."""
        return self.desired.advice_id is not None and self.desired.advice_id == reading.advice_id


@dataclass(slots=True)
class Memory:
    """What is remembered of a device; stored whole, so that a restart forgets nothing.

    Attributes:
        home_id: The home that it belongs to; another home starts anew.
        position: Log position of the newest reading that is in `advisor`.
        habit_setpoint_c: What its people set it to [°C], told or first seen.
        observed_at: `sampled_at` of the newest reading.
        decided_at: When advice was last made, in the worker's clock.
        setting: What the newest reading showed.
        changed_by: Who had chosen that, if the device says so.
        chosen: What a person or the schedule chose last: where an undo goes back to.
        in_force: Our last command.
        held_until: Until then a person's change stands.
        advisor: State of its `HomeAdvisor`, base64.
        today: What the day that goes on was like so far.
        followed_until: Until then, by one tap, advice is carried out.
        scheduled_at: Entries of the schedule up to then are carried out, or were overruled by a person.
        left: The challenger that its home has left, if any: it does not come back to it.
    """

    home_id: str
    position: int = 0
    habit_setpoint_c: float | None = None
    observed_at: datetime | None = None
    decided_at: datetime | None = None
    setting: Setting | None = None
    changed_by: ChangedBy | None = None
    chosen: Setting | None = None
    in_force: InForce | None = None
    held_until: datetime | None = None
    advisor: str | None = None
    today: DayCount | None = None
    followed_until: datetime | None = None
    scheduled_at: datetime | None = None
    left: str | None = None


_memory = TypeAdapter(Memory)


def dump(memory: Memory) -> Body:
    """The memory as a JSON object."""
    body: Body = _memory.dump_python(memory, mode="json", exclude_none=True)
    return body


def load(body: Body) -> Memory:
    """The memory that `dump` wrote."""
    return _memory.validate_python(body)


def cause(memory: Memory, reading: Telemetry) -> Cause:
    """What is behind the setting in a reading, given what was known before it.

    Returns:
        `ours`: it follows our command. `went_back`: the command ended and the device returned to what was
        chosen before. `schedule`, `person`: somebody chose anew. `nothing`: as before.
    """
    setting = Setting.of(reading)
    changed = setting != memory.setting
    if reading.changed_by not in ("remote", "schedule") and _is_ours(memory.in_force, setting, reading):
        return "ours"
    if memory.setting is None or (not changed and reading.changed_by == memory.changed_by):
        return "nothing"
    if _went_back(memory, setting, reading):
        return "went_back"
    if reading.changed_by == "schedule":
        return "schedule"
    if reading.changed_by == "remote":
        return "person"
    return "person" if changed and reading.changed_by != "advisor" else "nothing"


def _is_ours(in_force: InForce | None, setting: Setting, reading: Telemetry) -> bool:
    if in_force is None or not in_force.holds(reading.sampled_at):
        return False
    return in_force.is_echoed(reading) or setting.obeys(in_force.desired, ROUNDED_SETPOINT_C)


def _went_back(memory: Memory, setting: Setting, reading: Telemetry) -> bool:
    """At the end of a command a device says again that a person (or the schedule) chose the old setting."""
    in_force = memory.in_force
    if in_force is None or setting != memory.chosen:
        return False
    return not in_force.holds(reading.sampled_at + timedelta(seconds=reading.interval_s))
