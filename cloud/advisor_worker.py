"""The advisor worker: owns the advisors of all homes, and is the only one that decides.

It takes readings and people's words in order, and writes state, advice, commands and its own position
together; so after a crash at any moment it goes on as if nothing had happened, and no advisor sees a reading
twice. Any error means: forget everything, `restore` a new worker from the store.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

import structlog

from cloud.advised_device import AdvisedDevice
from cloud.advisor_panel import AdvisorPanel, Trial
from cloud.advisor_seat import Advisors
from cloud.assignment import Assignment
from cloud.deletion import open_requests, settle
from cloud.device_memory import Memory
from cloud.errors import UnavailableError
from cloud.forecast_desk import ForecastDesk
from cloud.ports.commands import Shadows
from cloud.ports.records import (
    ADVISOR_PK,
    INBOX_PK,
    OUTBOX_PK,
    PROGRESS_SK,
    AdvisorProgress,
    DayRecord,
    InboxEntry,
)
from cloud.ports.state import MAX_WRITES, Delete, Put, StateStore, Write
from cloud.ports.telemetry import LoggedReading, ReadingFeed
from cloud.ports.weather import WeatherForecast
from cloud.round_shares import Share, grouped, outbox_put
from cloud.serving import Command, Profile, Serving
from edge.contract import DeviceId

PAGE_READINGS = 5000
"""Readings taken in one round."""

MAX_PAGES_WITHOUT_DECISION = 20
"""In a backlog only the newest readings are decided upon, but never so many full pages are passed over."""

MAX_INBOX = 25
"""Inbox entries taken in one round; each costs two writes, and a device's writes go in one transaction."""

RESEND_S = 0.5
"""Wait before commands are handed to the shadows again [s]."""

FUTURE_TOLERANCE = timedelta(minutes=10)
"""By the wall clock, a reading from further ahead is a wrong clock; it would hide all that come after."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How the worker decides.

    Attributes:
        clock: What `now` is: the wall clock, or the time of the device's newest reading.
        interval: Time between two decisions for a device.
    """

    clock: Literal["wall", "telemetry"]
    interval: timedelta


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time of day (UTC), and a clock that never jumps [s]."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Ports:
    """What the worker reads from and writes to; without `weather`, advisors go by the outdoor sensor."""

    log: ReadingFeed
    store: StateStore
    shadows: Shadows
    weather: WeatherForecast | None = None


class AdvisorWorker:
    """One advisor worker; call `restore` first, then `step` for ever and `refresh` about once a second.

    Args:
        ports: What it reads from and writes to.
        advisors: The champion.
        settings: How it decides.
        clocks: The time.
    """

    def __init__(self, ports: Ports, advisors: Advisors, settings: WorkerSettings, clocks: Clocks) -> None:
        self._ports = ports
        self._panel = AdvisorPanel(advisors, ForecastDesk(ports.weather), clocks.monotonic)
        self._settings = settings
        self._clocks = clocks
        self._serving = Serving(ports.store, int(settings.interval.total_seconds()))
        self._assignment = Assignment()
        self._devices: dict[DeviceId, AdvisedDevice] = {}
        self._strangers: set[DeviceId] = set()
        self._touched: dict[DeviceId, AdvisedDevice] = {}
        self._gone: set[DeviceId] = set()
        self._progress = AdvisorProgress()
        self._version = 0
        self._read_up_to = 0
        self._watermark: datetime | None = None
        self._pages_passed_over = 0
        self._outbox: deque[Command] = deque()
        self._resend_at_s = 0.0

    @property
    def progress(self) -> AdvisorProgress:
        """How far the worker has come, as stored."""
        return self._progress

    @property
    def champion(self) -> str:
        """The version that decides."""
        return self._panel.champion.version

    def restore(self) -> None:
        """Take up where the last worker stopped."""
        self._progress, self._version = self._serving.progress()
        self._read_up_to, self._watermark = self._progress.replay_from, self._progress.watermark
        self._outbox.extend(self._serving.outbox())
        self.refresh()
        log.info(
            "advisor_restored",
            devices=len(self._devices),
            position=self._progress.position,
            replay_from=self._progress.replay_from,
            commands_pending=len(self._outbox),
        )

    def refresh(self) -> None:
        """Look for devices that came, went or were set up otherwise, and for advice that has ended."""
        profiles, self._assignment = self._serving.profiles(), self._serving.assignment()
        self._strangers.clear()
        for device_id, known in list(self._devices.items()):
            profile = profiles.get(device_id)
            if profile is None or profile.home_id != known.profile.home_id:
                del self._devices[device_id]
                self._touched.pop(device_id, None)
                self._gone.add(device_id)
        for device_id, profile in profiles.items():
            device = self._devices.get(device_id) or self._welcome(profile)
            device.set_up(profile)
            device.assignment = self._assignment
            device.expire(self._at(device))
            device.follow_schedule(self._at(device))
            if device.is_restless:
                self._touched[device_id] = device

    def forget_deleted(self) -> None:
        """Leave nothing of devices that their people have deleted; errors mean the same as in `step`."""
        for item, request in open_requests(self._ports.store, "advisor"):
            device_id = request.device_id
            if device_id in self._devices:
                continue  # deleted since the last look at the devices
            self._gone.discard(device_id)
            self._outbox = deque(command for command in self._outbox if command.device_id != device_id)
            for traces in self._serving.traces(device_id, MAX_WRITES - 1):
                pending = {"commands_pending": len(self._outbox)}
                self._commit(traces, self._progress.model_copy(update=pending))
            settle(self._ports.store, item)

    def use(self, advisors: Advisors) -> None:
        """Go on with another champion, keeping what was learnt of each home; the trial is over."""
        self._panel.champion, self._panel.trial = advisors, None
        moved = self._panel.seat([*self._devices.values()])
        log.info("champion_changed", version=advisors.version, devices=moved)

    def try_out(self, trial: Trial | None) -> None:
        """Try a challenger beside the champion, or none any more."""
        moved = self._panel.try_out(trial, [*self._devices.values()])
        if moved:
            log.info("homes_moved", version=None if trial is None else trial.record.version, devices=moved)

    @property
    def trial(self) -> Trial | None:
        """What is tried."""
        return self._panel.trial

    @property
    def profiles(self) -> list[Profile]:
        """The devices that are looked after."""
        return [device.profile for device in self._devices.values()]

    @property
    def days_so_far(self) -> list[DayRecord]:
        """The day that goes on, of each device that has one."""
        return [day for device in self._devices.values() if (day := device.day_so_far) is not None]

    @property
    def now(self) -> datetime:
        """By the clock that advice goes by."""
        is_wall = self._settings.clock == "wall" or self._watermark is None
        return self._clocks.now() if is_wall or self._watermark is None else self._watermark

    def step(self) -> bool:
        """Take what is new, decide where it is time, store it, and hand the commands on.

        Returns:
            Whether there was anything to do.

        Raises:
            ConflictError: Another worker is at work; this one must not go on.
            UnavailableError: What is stored is not certain; restore a new worker.
        """
        page = self._ports.log.read_after(self._read_up_to, PAGE_READINGS)
        entries = self._serving.inbox(MAX_INBOX)
        self._meet({logged.reading.device_id for logged in page} | {entry.device_id for entry in entries})
        self._observe(page)
        self._hear(entries)
        if not (page or entries or self._touched or self._gone):
            return self._hand_on()
        is_caught_up = self._is_caught_up(page)
        self._decide(only_if_asked=not is_caught_up)
        self._store(entries)
        if is_caught_up:
            self._touched.clear()
        self._hand_on()
        return True

    def _at(self, device: AdvisedDevice) -> datetime:
        """Now, for a device."""
        observed_at = device.memory.observed_at
        if self._settings.clock == "telemetry" and observed_at is not None:
            return observed_at
        return self._clocks.now()

    def _welcome(self, profile: Profile) -> AdvisedDevice:
        """A device that is known from before in this home, or a new one, which begins here in the log."""
        memory = self._serving.memory(profile.device_id)
        advice = self._serving.advice(profile.device_id)
        if memory is None or memory.home_id != profile.home_id:
            memory, advice = Memory(profile.home_id, position=self._read_up_to), None
        advisors = self._panel.of(profile)
        device = AdvisedDevice(profile, advisors, self._settings.interval, memory, advice)
        self._devices[profile.device_id] = device
        return device

    def _meet(self, device_ids: set[DeviceId]) -> None:
        """Look at once who an unknown device is: it may have been claimed a moment ago."""
        strangers = device_ids - self._devices.keys() - self._strangers
        if strangers:
            known_strangers = self._strangers | strangers
            self.refresh()
            self._strangers = known_strangers - self._devices.keys()

    def _observe(self, page: Sequence[LoggedReading]) -> None:
        latest_possible = self._latest_possible()
        for logged in page:
            reading = logged.reading
            device = self._devices.get(reading.device_id)
            if device is None or reading.sampled_at > latest_possible:
                continue
            device.observe(logged.position, reading)
            self._touched[reading.device_id] = device
            if self._watermark is None or reading.sampled_at > self._watermark:
                self._watermark = reading.sampled_at
        if page:
            self._read_up_to = page[-1].position

    def _latest_possible(self) -> datetime:
        if self._settings.clock == "telemetry":
            return datetime.max.replace(tzinfo=UTC)
        return self._clocks.now() + FUTURE_TOLERANCE

    def _hear(self, entries: Sequence[InboxEntry]) -> None:
        for entry in entries:
            device = self._devices.get(entry.device_id)
            if device is None:
                log.info("inbox_entry_dropped", device_id=entry.device_id, kind=entry.kind)
                continue
            device.hear(entry, entry.at if self._settings.clock == "wall" else self._at(device))
            self._touched[entry.device_id] = device

    def _is_caught_up(self, page: Sequence[LoggedReading]) -> bool:
        """Whether to decide: in a backlog only upon its newest readings, but never long without."""
        is_full = len(page) >= PAGE_READINGS
        self._pages_passed_over = self._pages_passed_over + 1 if is_full else 0
        if self._pages_passed_over < MAX_PAGES_WITHOUT_DECISION:
            return not is_full
        self._pages_passed_over = 0
        return True

    def _decide(self, *, only_if_asked: bool) -> None:
        for device in () if only_if_asked else self._touched.values():
            device.follow_schedule(self._at(device))
        cases = [
            (device, at)
            for device, at in ((device, self._at(device)) for device in self._touched.values())
            if device.is_time(at) and (device.due or not only_if_asked)
        ]
        for device, at in cases:
            if device.is_measured(at):
                device.rest(at)
        self._panel.decide([(device, at) for device, at in cases if not device.is_measured(at)])

    def _store(self, entries: Sequence[InboxEntry]) -> None:
        """Write the round: each device's part whole, the position with the last of them."""
        self._store_gone()
        groups = [*grouped(self._shares(entries))] or [[]]
        for group in groups:
            progress = self._counted(group)
            if group is groups[-1]:
                progress = progress.model_copy(update=self._ends())
            self._commit([write for share in group for write in share.writes], progress)
            self._outbox.extend(command for share in group for command in share.commands)

    def _store_gone(self) -> None:
        """Forget what was learnt of devices that left their home."""
        for device_id in self._gone:
            for writes in self._serving.leavings(device_id, MAX_WRITES):
                self._ports.store.transact(writes)
        self._gone.clear()

    def _shares(self, entries: Sequence[InboxEntry]) -> list[Share]:
        by_device: dict[DeviceId, list[Write]] = {}
        for entry in entries:
            by_device.setdefault(entry.device_id, []).append(Delete(INBOX_PK, entry.entry_id))
        shares = [Share(by_device.pop(name)) for name in [*by_device] if name not in self._touched]
        number = self._progress.commands_made
        for device_id, device in self._touched.items():
            commands = [
                Command(f"{number + count:015d}", device_id, desired)
                for count, desired in enumerate(device.take_commands())
            ]
            number += len(commands)
            writes = [*device.take_writes(), *by_device.get(device_id, []), *map(outbox_put, commands)]
            if writes:
                shares.append(Share(writes, commands, device.take_tally()))
        return shares

    def _counted(self, group: Sequence[Share]) -> AdvisorProgress:
        before, commands = self._progress, sum(len(share.commands) for share in group)
        return before.model_copy(
            update={
                "decisions": before.decisions + sum(share.tally.decisions for share in group),
                "advice_served": before.advice_served + sum(share.tally.served for share in group),
                "advice_applied": before.advice_applied + sum(share.tally.applied for share in group),
                "commands_made": before.commands_made + commands,
                "commands_pending": before.commands_pending + commands,
            }
        )

    def _ends(self) -> dict[str, object]:
        """How far the worker is once the whole round is stored."""
        unsaved = (device.replay_from() for device in self._devices.values())
        replay_from = min(
            (position for position in unsaved if position is not None), default=self._read_up_to
        )
        # In a replay the worker is behind what was stored before the crash, never the stored position.
        position = max(self._progress.position, self._read_up_to)
        return {"position": position, "watermark": self._watermark, "replay_from": replay_from}

    def _commit(self, writes: Sequence[Write], progress: AdvisorProgress) -> None:
        """Store `writes` with `progress`, unless another worker has stored its own meanwhile."""
        if not writes and progress == self._progress:
            return
        put = Put(ADVISOR_PK, PROGRESS_SK, progress.model_dump(mode="json"), if_version=self._version)
        self._ports.store.transact([*writes, put])
        self._version += 1
        self._progress = progress

    def _hand_on(self) -> bool:
        """Hand the commands to the shadows, in order; what fails is tried again a little later."""
        if not self._outbox or self._clocks.monotonic() < self._resend_at_s:
            return False
        while self._outbox:
            batch = list(islice(self._outbox, MAX_WRITES - 1))
            try:
                self._ports.shadows.request_all([(command.device_id, command.desired) for command in batch])
            except UnavailableError:
                log.warning("commands_not_sent", pending=len(self._outbox))
                self._resend_at_s = self._clocks.monotonic() + RESEND_S
                return False
            self._commit([Delete(OUTBOX_PK, command.sk) for command in batch], self._sent(len(batch)))
            for _ in batch:
                self._outbox.popleft()
        return True

    def _sent(self, count: int) -> AdvisorProgress:
        before = self._progress
        update = {
            "commands_sent": before.commands_sent + count,
            "commands_pending": before.commands_pending - count,
        }
        return before.model_copy(update=update)
