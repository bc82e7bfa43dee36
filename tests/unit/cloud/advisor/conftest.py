"""A small advisor with a real rule, and the surroundings of a worker: what the advisor's tests share."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, cast

import pytest

from cloud.adapters.memory_shadows import MemoryShadows
from cloud.adapters.memory_state import MemoryStateStore
from cloud.advice import (
    Advice,
    Comparison,
    Feedback,
    Installation,
    PlanStep,
    Preferences,
)
from cloud.advisor_seat import HomeAdvisorLike
from cloud.advisor_worker import AdvisorWorker, Clocks, Ports, WorkerSettings
from cloud.errors import RejectedError
from cloud.ports.records import (
    DEVICES_PK,
    AdviceRecord,
    AdvisorProgress,
    Autonomy,
    DeviceRecord,
    FeedbackKind,
    HomeRecord,
    InboxEntry,
    PreferencesRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import Item, Put, StateStore
from cloud.ports.telemetry import IngestCommit, LoggedReading
from cloud.ports.weather import WeatherForecast, WeatherHour
from edge.contract import Desired, Telemetry

Json: TypeAlias = Any

T0 = datetime(2025, 7, 1, 10, tzinfo=UTC)
"""12:00 in Berlin: the next schedule point is 17:00 local, 15:00 UTC."""

STEP = timedelta(minutes=15)
VALID = timedelta(hours=2)


class WarmerByOne:
    """The habit + 1 °C; 0.5 °C less after a complaint, off after `not_home`, 0.5 °C more every 12 readings.

    It counts what it was told, so that a reading taken twice, or lost, changes its advice.
    """

    def __init__(self, champion: str, installation: Installation) -> None:
        self.champion = champion
        self.installation = installation
        self.preferences: Preferences | None = None
        self.outlook = ""
        self.learnt: dict[str, Any] = {"readings": 0, "warm": 0, "away": False, "heard": []}

    @property
    def needs_advice(self) -> bool:
        """Somebody has just come home."""
        return bool(self.learnt.get("came_home"))

    def observe(self, reading: Telemetry) -> None:
        self.learnt["came_home"] = bool(reading.motion)
        self.learnt["readings"] += 1
        self.learnt["newest"] = reading.sampled_at.isoformat()

    def forecast(self, hours: Sequence[WeatherHour]) -> None:
        self.outlook = f" at {hours[0].outdoor_dry_bulb_c} °C"

    def record(self, feedback: Feedback) -> None:
        self.learnt["heard"].append([feedback.at.isoformat(), feedback.kind])
        if feedback.kind in ("too_hot", "a_bit_warm", "dismissed", "undone"):
            self.learnt["warm"] += 1
        self.learnt["away"] = feedback.kind == "not_home"

    def configure(self, preferences: Preferences) -> None:
        self.preferences = preferences

    def advise(self, at: datetime) -> Advice | None:
        if self.preferences is None:
            return None
        self.learnt["came_home"] = False
        steps = self.learnt["readings"] // 12
        warmer = self.installation.habit_setpoint_c + 1 + steps / 2 - self.learnt["warm"] / 2
        setpoint_c = None if self.learnt["away"] else min(warmer, self.preferences.max_setpoint_c)
        return Advice(
            setpoint_c=setpoint_c,
            mode="cool",
            fan=None,
            valid_until=at + VALID,
            expected_saving_kwh=0.1 * self.learnt["readings"],
            saving_interval_kwh=(0.0, 0.2),
            expected_saving_money=0.03,
            saving_interval_money=(0.0, 0.06),
            currency=self.preferences.currency,
            notice_probability=0.1,
            reason=f"one degree warmer{self.outlook}",
            counterfactual=Comparison(self.installation.habit_setpoint_c, 1.0, 0.9, at + VALID),
            plan=(PlanStep(at, setpoint_c, "cool"), PlanStep(at + STEP, setpoint_c, "cool"),
                  PlanStep(at + 2 * STEP, 25.0, "cool")),
        )  # fmt: skip

    def state(self) -> bytes:
        return json.dumps(self.learnt).encode()


@dataclass(frozen=True)
class WarmerByOneChampion:
    version: str = "v1"

    def make(self, installation: Installation) -> WarmerByOne:
        return WarmerByOne(self.version, installation)

    def restore(self, installation: Installation, state: bytes) -> WarmerByOne:
        advisor = WarmerByOne(self.version, installation)
        if state.startswith(b"damaged"):
            raise RejectedError("damaged state")
        advisor.learnt = json.loads(state)
        return advisor

    def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> list[Advice | None]:
        return [cast("WarmerByOne", advisor).advise(at) for advisor, at in cases]


@dataclass
class ListLog:
    """A reading log in a list; `commit` is not needed here."""

    logged: list[LoggedReading] = field(default_factory=list[LoggedReading])

    def append(self, *readings: Telemetry) -> None:
        for reading in readings:
            self.logged.append(LoggedReading(len(self.logged) + 1, reading))

    def commit(self, commit: IngestCommit) -> int:
        self.append(*commit.readings)
        return self.head()

    def read_after(self, position: int, limit: int = 5000) -> list[LoggedReading]:
        return self.logged[position : position + limit]

    def head(self) -> int:
        return len(self.logged)


@dataclass
class World:
    """Devices, their people and the worker's surroundings; `worker()` is a new process on the same store."""

    clock: str = "telemetry"
    now: datetime = T0
    seconds: float = 0.0
    store: StateStore = field(init=False)
    log: ListLog = field(default_factory=ListLog)
    shadows: MemoryShadows = field(default_factory=MemoryShadows)
    champion: WarmerByOneChampion = field(default_factory=WarmerByOneChampion)
    weather: WeatherForecast | None = None
    entries: int = 0

    def __post_init__(self) -> None:
        self.store = MemoryStateStore(lambda: self.now)

    def add_home(
        self, device_id: str, autonomy: Autonomy = "auto", habit_c: float | None = 23.0, home_id: str = "h1"
    ) -> None:
        home = HomeRecord(
            home_id=home_id,
            owner_id="o1",
            name="Home",
            latitude_deg=52.5,
            longitude_deg=13.4,
            timezone="Europe/Berlin",
        )
        device = DeviceRecord(device_id=device_id, home_id=home_id, habit_setpoint_c=habit_c)
        self.store.transact(
            [
                Put(home_pk(home_id), "home", home.model_dump(mode="json")),
                Put(device_pk(device_id), "device", device.model_dump(mode="json")),
                Put(DEVICES_PK, device_id, {"home_id": home_id}),
            ]
        )
        self.prefer(device_id, autonomy=autonomy)

    def prefer(self, device_id: str, **wishes: Json) -> None:
        record = PreferencesRecord(**wishes)
        self.store.transact([Put(device_pk(device_id), "preferences", record.model_dump(mode="json"))])

    def worker(self, store: StateStore | None = None, interval: timedelta = STEP) -> AdvisorWorker:
        worker = AdvisorWorker(
            Ports(self.log, store or self.store, self.shadows, self.weather),
            self.champion,
            WorkerSettings("wall" if self.clock == "wall" else "telemetry", interval),
            Clocks(lambda: self.now, lambda: self.seconds),
        )
        worker.restore()
        return worker

    def say(self, device_id: str, kind: FeedbackKind, advice_id: str | None = None) -> str:
        return self._append(device_id, kind=kind, advice_id=advice_id)

    def ask(self, device_id: str, **command: Json) -> str:
        return self._append(device_id, kind="command", command=command)

    def _append(self, device_id: str, **what: Json) -> str:
        self.entries += 1
        entry = InboxEntry(entry_id=f"{self.entries:013d}-x", device_id=device_id, at=self.now, **what)
        self.store.transact([Put("inbox#0", entry.entry_id, entry.model_dump(mode="json"))])
        return entry.entry_id

    def advice(self, device_id: str) -> AdviceRecord:
        item = self.store.get(device_pk(device_id), "advice")
        assert item is not None
        return AdviceRecord.model_validate(item.body)

    def progress(self) -> AdvisorProgress:
        """What the store has of it."""
        item = self.store.get("advisor#0", "progress")
        assert item is not None
        return AdvisorProgress.model_validate(item.body)

    def requested(self, device_id: str) -> list[Desired]:
        return [desired for name, desired in self.shadows.requested if name == device_id]

    def items(self, pk: str) -> list[Item]:
        return self.store.query(pk)

    def read(self, *setpoints_c: float | None, device_id: str = "d1", **more: Json) -> None:
        """Log readings with these setpoints (None: off), one step after the other."""
        for setpoint_c in setpoints_c:
            self.log.append(reading(device_id, self.now, setpoint_c, **more))
            self.now += STEP

    def obey(self, device_id: str = "d1") -> Desired:
        """Log a reading of a device that follows the newest command."""
        desired = self.requested(device_id)[-1]
        self.read(
            desired.setpoint_c,
            device_id=device_id,
            advice_id=desired.advice_id,
            changed_by=desired.requested_by,
        )
        return desired


def reading(device_id: str, at: datetime, setpoint_c: float | None, **more: Json) -> Telemetry:
    fields: dict[str, Any] = {
        "device_id": device_id,
        "sampled_at": at,
        "mode": "off" if setpoint_c is None else "cool",
        "setpoint_c": setpoint_c,
        "indoor_dry_bulb_c": 24.5,
    }
    return Telemetry(**(fields | more))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> Callable[[], World]:
    return World
