"""Etiquette: which commands may reach a device, and when; pure, and the only place that decides it.

Each rule answers a complaint: "it changed while I had just set it", "it beeps all day", "it never went back".
People's commands always pass; the advisor's must behave.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from edge.compressor import Compressor, Rest, work_of
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

Reason: TypeAlias = Literal[
    "invalid",
    "expired",
    "person_hold",
    "heat_safety",
    "group_mode",
    "compressor_rest",
    "quiet_hours",
    "beep_budget",
    "not_confirmed",
    "superseded",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for every device of a site.

    Attributes:
        max_beeps_per_hour: Changes of a device's settings that the advisor has per hour.
        rest: Of compressors; 5 min each, as thermostats have it (ESPHome, "Thermostat Climate Controller").
        heat_ceiling_c: Indoors the advisor never leaves it hotter than this for its savings [°C]; 32 by day
            is the limit of WHO Europe, "Public health advice on preventing health effects of heat" (2011).
    """

    max_beeps_per_hour: int = 4
    rest: Rest = field(default_factory=lambda: Rest(timedelta(minutes=5), timedelta(minutes=5)))
    heat_ceiling_c: float = 32.0


@dataclass(frozen=True, slots=True)
class Situation:
    """What a command meets.

    Attributes:
        shadow: What is known of the device.
        registration: Its limits, its quiet hours.
        now: The device's time (UTC).
        indoor_c: The newest indoor temperature [°C]; None while unknown.
        compressor: The compressor that it shares or has alone.
    """

    shadow: DeviceShadow
    registration: Registration
    now: datetime
    indoor_c: float | None = None
    compressor: Compressor = field(default_factory=Compressor)


@dataclass(frozen=True, slots=True)
class Granted:
    """The device is to be told `desired`; `beeps` says whether it counts against the advisor's budget."""

    desired: Desired
    beeps: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The device is not told."""

    reason: Reason


def judge(desired: Desired, situation: Situation, limits: Limits) -> Granted | Refused:
    """Whether a device may be told `desired`, and in which form.

    Args:
        desired: The whole command.
        situation: What it meets.
        limits: What holds for every device.
    """
    if desired.expires_at is not None and desired.expires_at <= situation.now:
        return Refused("expired")
    clamped = clamp(desired, situation.registration)
    if desired.requested_by not in (None, "advisor"):
        return Granted(clamped, beeps=False)
    beeps = not Settings.of(situation.shadow.reported).covers(Settings.of(clamped))
    reason = _objection(clamped, situation, limits, beeps=beeps)
    return Granted(clamped, beeps=beeps) if reason is None else Refused(reason)


def _objection(asked: Desired, situation: Situation, limits: Limits, *, beeps: bool) -> Reason | None:
    """Why the advisor may not have `asked`; the gravest reason first."""
    shadow, now = situation.shadow, situation.now
    rests_until = situation.compressor.rests_until(asked.mode, limits.rest)
    begins_and_ends = [at for at in (now, asked.expires_at) if at is not None]
    rules: dict[Reason, bool] = {
        "person_hold": shadow.hold_until is not None and now < shadow.hold_until,
        "heat_safety": beeps and is_too_hot(situation, limits) and not _cools_as_before(asked, shadow),
        "group_mode": beeps and situation.compressor.conflicts(asked.mode),
        "compressor_rest": beeps and rests_until is not None and now < rests_until,
        "quiet_hours": beeps and any(is_quiet(at, situation.registration) for at in begins_and_ends),
        "beep_budget": beeps and len(recent_beeps(shadow.beeps, now)) >= limits.max_beeps_per_hour,
    }
    return next((reason for reason, is_broken in rules.items() if is_broken), None)


def is_too_hot(situation: Situation, limits: Limits) -> bool:
    """Whether a room is hotter than any saving is worth."""
    return situation.indoor_c is not None and situation.indoor_c >= limits.heat_ceiling_c


def _cools_as_before(asked: Desired, shadow: DeviceShadow) -> bool:
    """Whether `asked` cools, and no less than what is in force."""
    reported = shadow.reported
    if work_of(asked.mode or reported.mode) not in ("cool", "auto"):
        return False
    if work_of(reported.mode) is None or asked.setpoint_c is None or reported.setpoint_c is None:
        return True
    return asked.setpoint_c <= reported.setpoint_c


def is_quiet(at: datetime, registration: Registration) -> bool:
    """Whether it is quiet then: from the first local minute on, before the last, also over midnight."""
    if registration.quiet_hours is None:
        return False
    start, end = registration.quiet_hours
    local = at.astimezone(ZoneInfo(registration.timezone))
    minute = local.hour * 60 + local.minute
    return start <= minute < end if start <= end else minute >= start or minute < end


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


def expire(situation: Situation, limits: Limits) -> Expired | Literal["waiting"] | None:
    """What the end of a granted command asks for.

    Returns:
        None while it holds (or has no end); `waiting` while the device may still go back by itself, or its
        compressor rests; else what to do.
    """
    shadow, now = situation.shadow, situation.now
    granted = shadow.granted
    if granted is None or granted.expires_at is None or now < granted.expires_at:
        return None
    if not _still_obeys(shadow, granted):
        return Expired(None)
    if shadow.expiry_seen_at is None or now < shadow.expiry_seen_at + REVERT_GRACE:
        return "waiting"
    mode = None if shadow.chosen is None else shadow.chosen.mode
    rests_until = situation.compressor.rests_until(mode, limits.rest)
    if rests_until is not None and now < rests_until:
        return "waiting"
    return Expired(_way_back(shadow, granted, "expired"))


def end_for_heat(situation: Situation, limits: Limits) -> Expired | None:
    """The end of advice that leaves a room too hot, when what a person or the schedule chose cools more."""
    shadow = situation.shadow
    granted, chosen = shadow.granted, shadow.chosen
    if granted is None or granted.requested_by != "advisor" or not is_too_hot(situation, limits):
        return None
    before = Desired(setpoint_c=shadow.reported.setpoint_c, mode=shadow.reported.mode)
    if chosen is None or work_of(chosen.mode) not in ("cool", "auto"):
        return None
    if _cools_as_before(before, shadow.model_copy(update={"reported": Reported(**chosen.model_dump())})):
        return None
    return Expired(_way_back(shadow, granted, "heat"))


def _still_obeys(shadow: DeviceShadow, granted: Desired) -> bool:
    in_force = Settings.of(shadow.reported)
    has_gone_back = shadow.chosen is not None and in_force.covers(shadow.chosen)
    return in_force.covers(Settings.of(granted)) and not has_gone_back


def _way_back(shadow: DeviceShadow, granted: Desired, why: str) -> Desired | None:
    chosen = shadow.chosen
    if chosen is None:
        return None
    return Desired(
        setpoint_c=chosen.setpoint_c,
        mode=chosen.mode,
        fan=chosen.fan,
        requested_by="schedule",
        command_id=f"{granted.command_id or 'command'}:{why}",
    )
