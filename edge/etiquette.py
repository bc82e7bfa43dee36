"""Etiquette: which commands may reach a device, and when; pure, and the only place that decides it.

Each rule answers a complaint: "it changed while I had just set it", "it beeps all day", "it never went back".
People's commands always pass; the advisor's must behave.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from edge.contract import Desired, Reported
from edge.registry import Registration
from edge.shadow_sync import DeviceShadow, Settings

SCHEDULE_POINTS = (time(6), time(9), time(17), time(22))
"""Local times at which a person's change gives way when the home has no schedule of its own."""

DAY_MIN = 1440
"""Minutes of a day."""

MIN_HOLD = timedelta(hours=2)
"""A person's change stands at least this long, however near the next schedule point is."""

BEEP_WINDOW = timedelta(hours=1)
"""Over which beeps are counted."""

REVERT_GRACE = timedelta(seconds=60)
"""How long a device may take to go back by itself, once the gateway has noticed that a command expired."""

Reason: TypeAlias = Literal["invalid", "expired", "person_hold", "beep_budget"]


@dataclass(frozen=True, slots=True)
class Granted:
    """The device is to be told `desired`; `beeps` says whether it counts against the advisor's budget."""

    desired: Desired
    beeps: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The device is not told."""

    reason: Reason


def judge(
    desired: Desired,
    shadow: DeviceShadow,
    registration: Registration,
    now: datetime,
    max_beeps_per_hour: int,
) -> Granted | Refused:
    """Whether a device may be told `desired`, and in which form.

    Args:
        desired: The whole command.
        shadow: What is known of the device.
        registration: Its limits.
        now: The device's time (UTC).
        max_beeps_per_hour: Changes of the settings that the advisor has per hour.
    """
    if desired.expires_at is not None and desired.expires_at <= now:
        return Refused("expired")
    clamped = clamp(desired, registration)
    if desired.requested_by not in (None, "advisor"):
        return Granted(clamped, beeps=False)
    if shadow.hold_until is not None and now < shadow.hold_until:
        return Refused("person_hold")
    beeps = not Settings.of(shadow.reported).covers(Settings.of(clamped))
    if beeps and len(recent_beeps(shadow.beeps, now)) >= max_beeps_per_hour:
        return Refused("beep_budget")
    return Granted(clamped, beeps=beeps)


def clamp(desired: Desired, registration: Registration) -> Desired:
    """`desired` within what the device can hold: some turn a setpoint out of range silently into another."""
    if desired.setpoint_c is None:
        return desired
    inside = min(max(desired.setpoint_c, registration.min_setpoint_c), registration.max_setpoint_c)
    return desired.model_copy(update={"setpoint_c": inside})


def recent_beeps(beeps: Iterable[datetime], now: datetime) -> tuple[datetime, ...]:
    """The beeps of the last hour."""
    return tuple(at for at in beeps if at > now - BEEP_WINDOW)


def hold_until(changed_at: datetime, timezone: str, schedule_min: Sequence[int] = ()) -> datetime:
    """Until when a person's change at the unit stands: the next schedule point, and never less than 2 h.

    Args:
        changed_at: When the person changed it (UTC).
        timezone: IANA name of the home's time zone.
        schedule_min: Entries of the weekly schedule, local minutes from Monday 00:00; empty: there is none.
    """
    zone = ZoneInfo(timezone)
    today = changed_at.astimezone(zone).date()
    points = (
        datetime.combine(day, point, zone).astimezone(UTC)
        for day in (today + timedelta(days=ahead) for ahead in range(9))  # a week and the day around it
        for point in _points_of(day, schedule_min)
    )
    return max(next(point for point in points if point > changed_at), changed_at + MIN_HOLD)


def _points_of(day: date, schedule_min: Sequence[int]) -> Iterator[time]:
    """The local times of a day's schedule points, ascending."""
    if not schedule_min:
        yield from SCHEDULE_POINTS
    for minute in sorted(schedule_min):
        if minute // DAY_MIN == day.weekday():
            yield time(minute % DAY_MIN // 60, minute % 60)


def is_persons_change(shadow: DeviceShadow, reported: Reported, now: datetime, lag: timedelta) -> bool:
    """Whether a report says that somebody has just changed the device at the unit.

    Args:
        shadow: What was known before the report.
        reported: What the device reports now.
        now: The device's time (UTC).
        lag: How far `now` may be behind.
    """
    if reported.changed_by != "remote" or not _says_something_new(shadow.reported, reported):
        return False
    return not _goes_back_by_itself(shadow, reported, now + lag)


def _says_something_new(before: Reported, after: Reported) -> bool:
    return Settings.of(before) != Settings.of(after) or before.changed_by != after.changed_by


def _goes_back_by_itself(shadow: DeviceShadow, reported: Reported, latest_now: datetime) -> bool:
    """At a command's end a device returns to what a person once chose, and says that a person chose it."""
    granted = shadow.granted
    if granted is None or granted.expires_at is None or latest_now < granted.expires_at:
        return False
    return shadow.chosen is not None and Settings.of(reported).covers(shadow.chosen)


@dataclass(frozen=True, slots=True)
class Expired:
    """A granted command is over.

    Attributes:
        back_to: What the device is to be told; None when nothing is left to do for it.
    """

    back_to: Desired | None


def expire(shadow: DeviceShadow, now: datetime) -> Expired | Literal["waiting"] | None:
    """What the end of a granted command asks for.

    Returns:
        None while it holds (or has no end); `waiting` while the device may still go back by itself; else
        what to do.
    """
    granted = shadow.granted
    if granted is None or granted.expires_at is None or now < granted.expires_at:
        return None
    if not _still_obeys(shadow, granted):
        return Expired(None)
    if shadow.expiry_seen_at is None or now < shadow.expiry_seen_at + REVERT_GRACE:
        return "waiting"
    return Expired(_way_back(shadow, granted))


def _still_obeys(shadow: DeviceShadow, granted: Desired) -> bool:
    in_force = Settings.of(shadow.reported)
    has_gone_back = shadow.chosen is not None and in_force.covers(shadow.chosen)
    return in_force.covers(Settings.of(granted)) and not has_gone_back


def _way_back(shadow: DeviceShadow, granted: Desired) -> Desired | None:
    chosen = shadow.chosen
    if chosen is None:
        return None
    return Desired(
        setpoint_c=chosen.setpoint_c,
        mode=chosen.mode,
        fan=chosen.fan,
        requested_by="schedule",
        command_id=f"{granted.command_id or 'command'}:expired",
    )
