"""Scheduled: which entry of a device's week is due, as a command in the schedule's name."""

from dataclasses import dataclass
from datetime import datetime

from cloud.advice_records import identity
from cloud.device_memory import Setting
from cloud.schedule_points import newest_point
from cloud.serving import Profile
from edge.contract import Desired


@dataclass(frozen=True, slots=True)
class Due:
    """An entry that is to be carried out: what the device is told, and what an undo goes back to then."""

    desired: Desired
    setting: Setting


def due_entry(profile: Profile, since: datetime, at: datetime) -> Due | None:
    """The newest entry after `since` and not after `at`; those before it are over."""
    newest = newest_point(at, profile.installation.timezone, tuple(profile.schedule))
    if newest is None or newest[0] <= since:
        return None
    point, minute = newest
    entry = profile.schedule[minute]
    desired = Desired(
        mode=entry.mode,
        setpoint_c=entry.setpoint_c,
        command_id=identity("s", profile.device_id, point),
        requested_by="schedule",
    )
    return Due(desired, Setting(entry.mode, entry.setpoint_c))
