"""Command policy: when advice may become a command, in whose name, and how long it holds."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.advice_records import asks, identity, mode_of
from cloud.device_memory import InForce, Memory, Setting
from cloud.ports.records import AdviceRecord, Autonomy, InboxEntry
from edge.contract import Desired, RequestedBy

RENEW_INTERVALS = 1.5
"""A command that ends within so many decision intervals is renewed: the next decision may be too late."""

COMMAND_INTERVALS = 4
"""A command holds at least so many decision intervals; without a word from us the device then goes back."""


@dataclass(frozen=True, slots=True)
class CommandPolicy:
    """What is known when a decision has been made.

    Attributes:
        memory: Of the device.
        advice: That stands.
        autonomy: How far the advisor may go.
        interval: Time between two decisions.
        at: Now, in the worker's clock.
    """

    memory: Memory
    advice: AdviceRecord
    autonomy: Autonomy
    interval: timedelta
    at: datetime

    def is_obeyed(self) -> bool:
        """Whether the command in force comes from this advice."""
        in_force = self.memory.in_force
        return in_force is not None and self._holds() and in_force.desired.advice_id == self.advice.advice_id

    def may_act(self) -> bool:
        """Whether advice is carried out without being asked: `auto`, or after one tap until it is over."""
        if self.autonomy == "one_tap":
            followed_until = self.memory.followed_until
            return followed_until is not None and self.at < followed_until
        return self.autonomy == "auto"

    def is_command_needed(self) -> bool:
        """Whether the device must be told, by leave of its people: to act, or to do what they accepted."""
        if is_held(self.memory, self.at):
            return False
        in_force = self.memory.in_force
        if in_force is not None and self.is_obeyed():
            return self._may_go_on(in_force) and self._is_renewal_needed(in_force)
        return self.may_act() and not self._is_as_advised()

    def is_overstepped(self) -> bool:
        """Whether advice is in force that its people do not want carried out any more: they only observe."""
        in_force = self.memory.in_force
        of_ours = in_force is not None and in_force.desired.advice_id is not None and self._holds()
        return self.autonomy == "observe" and of_ours

    def requester(self) -> RequestedBy:
        """A renewal of what a person accepted goes on in that person's name."""
        in_force = self.memory.in_force
        if in_force is None or self.may_act() or not self.is_obeyed():
            return "advisor"
        return in_force.desired.requested_by or "advisor"

    def command(self, requested_by: RequestedBy) -> Desired:
        """The advice as a command."""
        setpoint_c, mode, fan = asks(self.advice)
        return Desired(
            setpoint_c=setpoint_c,
            mode=mode,
            fan=fan,
            advice_id=self.advice.advice_id,
            command_id=identity("c", self.advice.advice_id, self.at, requested_by),
            requested_by=requested_by,
            expires_at=max(self.advice.valid_until, self.at + COMMAND_INTERVALS * self.interval),
        )

    def _may_go_on(self, in_force: InForce) -> bool:
        """What we did unasked goes on while we may; what a person accepted, unless they only observe."""
        if in_force.desired.requested_by == "advisor":
            return self.may_act()
        return self.autonomy != "observe"

    def _holds(self) -> bool:
        in_force = self.memory.in_force
        return in_force is not None and in_force.holds(self.at)

    def _is_as_advised(self) -> bool:
        """Whether the device does already what is advised, of its own, with no command that would end."""
        setting = self.memory.setting
        if self._holds() or setting is None:
            return False
        return setting.obeys(Desired(setpoint_c=self.advice.setpoint_c, mode=mode_of(self.advice)))

    def _is_renewal_needed(self, in_force: InForce) -> bool:
        """What goes on is renewed before it ends, and repeated when no reading confirms it."""
        if not in_force.confirmed and self.at - in_force.issued_at >= self.interval:
            return True
        ends_at = in_force.desired.expires_at
        return ends_at is not None and ends_at - self.at <= RENEW_INTERVALS * self.interval


def is_held(memory: Memory, at: datetime) -> bool:
    """Whether a person's change still stands."""
    return memory.held_until is not None and at < memory.held_until


def persons_command(entry: InboxEntry, ends_at: datetime) -> Desired:
    """A person's own command, under the id that the app knows it by.

    Args:
        entry: With a `command` that has the fields of the shadow's `desired`.
        ends_at: When it ends if the person did not say (UTC).

    Raises:
        ValueError: It asks for something that no device can do.
    """
    asked = {name: value for name, value in (entry.command or {}).items() if value is not None}
    fields = {"command_id": entry.entry_id, "requested_by": entry.requested_by} | asked
    desired = Desired.model_validate_json(json.dumps(fields))
    return desired.model_copy(update={"expires_at": desired.expires_at or ends_at, "advice_id": None})


def way_back(memory: Memory, habit_c: float, command_id: str, requested_by: RequestedBy) -> Desired:
    """Back to what a person or the schedule chose last, else to the habit."""
    chosen = memory.chosen or Setting("cool", habit_c)
    return Desired(
        mode=chosen.mode, setpoint_c=chosen.setpoint_c, command_id=command_id, requested_by=requested_by
    )
