"""Serving state by its records: what the advisor worker reads from it, typed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, TypeAlias

from cloud.advice import Installation, Preferences, QuietHours
from cloud.assignment import Assignment, Design
from cloud.device_memory import Memory, load
from cloud.ports.records import (
    ADVISOR_PK,
    ASSIGNMENT_SK,
    DAY_PREFIX,
    DEVICES_PK,
    INBOX_PK,
    OUTBOX_PK,
    PROGRESS_SK,
    TRIAL_PREFIX,
    TRIAL_SK,
    AdviceRecord,
    AdvisorProgress,
    AssignmentRecord,
    Autonomy,
    DayRecord,
    DeviceRecord,
    HomeRecord,
    InboxEntry,
    LocalTime,
    PreferencesRecord,
    Priority,
    QuietHoursRecord,
    ScheduleEntry,
    ScheduleRecord,
    TrialRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import Delete, Item, StateStore, every
from edge.contract import Desired, DeviceId

DEVICE_SK, PREFERENCES_SK, SCHEDULE_SK, ADVICE_SK, PLAN_SK, MEMORY_SK = (
    "device",
    "preferences",
    "schedule",
    "advice",
    "plan",
    "advisor_state",
)
HOME_SK = "home"

_PAGE = 500
"""Items per query of a partition that is read whole."""

Machine: TypeAlias = Literal["inverter", "single-speed", "mixed", "unknown"]
"""The machines of a home; unknown if of one of them nobody has told."""

DEFAULT_HABIT_C = 24.0
"""Stands in `Installation` until the habit is known [°C]; never used for advice."""


COMFORT_LAMBDA: Mapping[Priority, float] = {"comfort": 20.0, "balanced": 10.0, "savings": 5.0}
"""What people weigh more, as the weight of discomfort against energy (ADVICE.md)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A device as its people have set it up.

    Attributes:
        device_id: The device.
        home_id: Its home.
        installation: Where and what it is; its habit counts only if `habit_told`.
        habit_told: Whether the people told us their habit.
        preferences: What they want.
        autonomy: How far the advisor may go.
        measures_savings: Consent to measuring days.
        schedule: The weekly schedule, by local minutes from Monday 00:00.
        home_machine: What kind all machines of its home are.
    """

    device_id: DeviceId
    home_id: str
    installation: Installation
    habit_told: bool
    preferences: Preferences
    autonomy: Autonomy
    measures_savings: bool = False
    schedule: Mapping[int, ScheduleEntry] = field(default_factory=dict[int, ScheduleEntry])
    home_machine: Machine = "unknown"


@dataclass(frozen=True, slots=True)
class Command:
    """A command in the outbox."""

    sk: str
    device_id: DeviceId
    desired: Desired


class Serving:
    """Typed reads of the serving state."""

    def __init__(self, store: StateStore, decision_interval_s: int) -> None:
        self._store = store
        self._step_s = decision_interval_s

    def profiles(self) -> dict[DeviceId, Profile]:
        """Every device that has a home."""
        homes: dict[str, HomeRecord | None] = {}
        found: dict[DeviceId, Profile] = {}
        for pointer in self._whole(DEVICES_PK):
            home_id = str(pointer.body["home_id"])
            if home_id not in homes:
                homes[home_id] = self._home(home_id)
            home, device = homes[home_id], self._device(pointer.sk)
            if home is not None and device is not None:
                found[pointer.sk] = self._profile(home, device)
        return _with_machines(found)

    def memory(self, device_id: DeviceId) -> Memory | None:
        """What was remembered of a device."""
        item = self._store.get(device_pk(device_id), MEMORY_SK)
        return None if item is None else load(item.body)

    def advice(self, device_id: DeviceId) -> AdviceRecord | None:
        """The advice that stands."""
        item = self._store.get(device_pk(device_id), ADVICE_SK)
        return None if item is None else AdviceRecord.model_validate(item.body)

    def progress(self) -> tuple[AdvisorProgress, int]:
        """How far the worker had come, and the version of that item."""
        item = self._store.get(ADVISOR_PK, PROGRESS_SK)
        return (AdvisorProgress(), 0) if item is None else (AdvisorProgress(**item.body), item.version)

    def assignment(self) -> Assignment:
        """How measuring days are drawn; none are before somebody has said so."""
        item = self._store.get(ADVISOR_PK, ASSIGNMENT_SK)
        if item is None:
            return Assignment()
        designs = AssignmentRecord.model_validate(item.body).designs
        return Assignment(tuple(Design(each.seed, each.pairs, each.since) for each in designs))

    def trial(self, version: str | None = None) -> TrialRecord | None:
        """The trial of a version, or the one that began last."""
        sk = TRIAL_SK if version is None else f"{TRIAL_PREFIX}{version}"
        item = self._store.get(ADVISOR_PK, sk)
        return None if item is None else TrialRecord.model_validate(item.body)

    def days(self, device_id: DeviceId, since: date) -> list[DayRecord]:
        """The days of a device that are over, from `since` on."""
        after = f"{DAY_PREFIX}{(since - timedelta(days=1)).isoformat()}"
        items = self._store.query(device_pk(device_id), prefix=DAY_PREFIX, after=after, limit=_PAGE)
        return [DayRecord.model_validate(item.body) for item in items]

    def inbox(self, limit: int) -> list[InboxEntry]:
        """What people said and asked, oldest first."""
        return [InboxEntry.model_validate(item.body) for item in self._store.query(INBOX_PK, limit=limit)]

    def outbox(self) -> list[Command]:
        """Commands that may not have reached the shadows, oldest first."""
        return [
            Command(item.sk, item.body["device_id"], Desired.model_validate_json(item.body["desired"]))
            for item in self._whole(OUTBOX_PK)
        ]

    def leavings(self, device_id: DeviceId, at_once: int) -> list[list[Delete]]:
        """What removes all that was learnt of a device in a home that it left, in parts."""
        pk = device_pk(device_id)
        days = [item.sk for item in self._whole(pk) if item.sk.startswith(DAY_PREFIX)]
        writes = [Delete(pk, sk) for sk in (MEMORY_SK, ADVICE_SK, PLAN_SK, *days)]
        return [writes[first : first + at_once] for first in range(0, len(writes), at_once)]

    def traces(self, device_id: DeviceId, at_once: int) -> list[list[Delete]]:
        """What removes all that is kept of a device and its people, but for its registration, in parts."""
        own = [item for item in self._whole(device_pk(device_id)) if item.sk != DEVICE_SK]
        queues = [*self._whole(INBOX_PK), *self._whole(OUTBOX_PK)]
        of_it = own + [item for item in queues if item.body["device_id"] == device_id]
        writes = [Delete(item.pk, item.sk) for item in of_it]
        return [writes[first : first + at_once] for first in range(0, len(writes), at_once)]

    def _whole(self, pk: str) -> Iterator[Item]:
        return every(self._store, pk, page_items=_PAGE)

    def _home(self, home_id: str) -> HomeRecord | None:
        item = self._store.get(home_pk(home_id), HOME_SK)
        return None if item is None else HomeRecord.model_validate(item.body)

    def _device(self, device_id: DeviceId) -> DeviceRecord | None:
        item = self._store.get(device_pk(device_id), DEVICE_SK)
        return None if item is None else DeviceRecord.model_validate(item.body)

    def _profile(self, home: HomeRecord, device: DeviceRecord) -> Profile:
        pk = device_pk(device.device_id)
        item = self._store.get(pk, PREFERENCES_SK)
        wishes = PreferencesRecord() if item is None else PreferencesRecord.model_validate(item.body)
        item = self._store.get(pk, SCHEDULE_SK)
        schedule = {} if item is None else ScheduleRecord.model_validate(item.body).at_minutes()
        habit_c = device.habit_setpoint_c
        installation = Installation(
            habit_setpoint_c=DEFAULT_HABIT_C if habit_c is None else habit_c,
            latitude_deg=home.latitude_deg,
            longitude_deg=home.longitude_deg,
            timezone=home.timezone,
            step_s=self._step_s,
            nameplate_w=device.nameplate_w,
            inverter=device.inverter,
        )
        preferences = Preferences(
            min_setpoint_c=wishes.min_setpoint_c,
            max_setpoint_c=wishes.max_setpoint_c,
            comfort_lambda=COMFORT_LAMBDA[wishes.comfort_or_savings],
            quiet_hours=_quiet_hours(wishes.quiet_hours),
            tariff_per_kwh=home.tariff_by_hour or (home.tariff_per_kwh,),
            currency=home.currency,
            share_presence=home.share_presence or home.share_phone_presence,
            away_until=home.away_until,
            schedule_min=tuple(schedule),
        )
        return Profile(
            device.device_id,
            home.home_id,
            installation,
            habit_c is not None,
            preferences,
            wishes.autonomy,
            home.measure_savings,
            schedule,
        )


def _quiet_hours(told: QuietHoursRecord | None) -> QuietHours | None:
    return None if told is None else QuietHours(_hours(told.start), _hours(told.end))


def _hours(at: LocalTime) -> float:
    """Local hours since midnight."""
    return int(at[:2]) + int(at[3:]) / 60


def _with_machines(profiles: Mapping[DeviceId, Profile]) -> dict[DeviceId, Profile]:
    """Each with the kind of all machines of its home: homes are tried and judged whole."""
    kinds = defaultdict[str, set[bool | None]](set)
    for profile in profiles.values():
        kinds[profile.home_id].add(profile.installation.inverter)
    return {
        device_id: replace(profile, home_machine=_machine(kinds[profile.home_id]))
        for device_id, profile in profiles.items()
    }


def _machine(inverters: set[bool | None]) -> Machine:
    if None in inverters:
        return "unknown"
    if len(inverters) > 1:
        return "mixed"
    return "inverter" if True in inverters else "single-speed"
