"""A fleet as its records tell it: two regions, two kinds of machines, sound until a test plants a fault."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.champion import package_version
from cloud.monitoring.gather import Sources
from cloud.monitoring.round import take_round
from cloud.ports.models import Note, StoredVersion
from cloud.ports.monitoring import MonitoringReport
from cloud.ports.records import (
    ADVISOR_PK,
    DEVICES_PK,
    PROGRESS_SK,
    AdviceRecord,
    AdvisorProgress,
    Autonomy,
    Counterfactual,
    DayRecord,
    DeviceRecord,
    HomeRecord,
    PreferencesRecord,
    Said,
    device_pk,
    home_pk,
)
from cloud.ports.state import Body, Put
from cloud.serving import Serving
from cloud.training_schedule import Entry, Looked, Schedule, TrainingSchedule

Json: TypeAlias = Any

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
HOMES = 40
DAYS = 16
NORTH, SOUTH = "region +50+5", "region +35-5"


@dataclass
class World:
    """Homes 0, 2, 4 … are in the north, 0 to 19 have an inverter."""

    now: datetime = NOW
    newest: dict[str, datetime] = field(default_factory=dict[str, datetime])
    store: MemoryStateStore = field(init=False)
    registry: StoredModelRegistry = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStateStore(lambda: self.now)
        self.registry = StoredModelRegistry(MemoryFiles(), Seal(b""), lambda: self.now)

    @property
    def sources(self) -> Sources:
        return Sources(self.store, self.registry, lambda: self.newest, lambda: self.now)

    def monitor(self) -> MonitoringReport:
        return take_round(self.sources)

    def watch(self, **span: float) -> MonitoringReport:
        """Two rounds, with so much between, in which readings and the advisor go on."""
        self.monitor()
        step = timedelta(**span)
        self.now += step
        self.newest = {name: at + step for name, at in self.newest.items()}
        before, _ = Serving(self.store, 0).progress()
        assert before.watermark is not None
        self._keep(before.model_copy(update={"watermark": before.watermark + step}))
        return self.monitor()

    def put(self, pk: str, sk: str, body: Body) -> None:
        self.store.transact([Put(pk, sk, body)])

    def add_home(self, number: int, autonomy: Autonomy = "auto") -> str:
        name = f"dev-{number:03d}"
        latitude_deg, longitude_deg = (52.5, 5.5) if number % 2 == 0 else (37.0, -4.0)
        home = HomeRecord(
            home_id=f"home-{number}",
            owner_id="ada",
            name="Ada's flat",
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            timezone="UTC",
        )
        device = DeviceRecord(device_id=name, home_id=home.home_id, inverter=number < HOMES // 2)
        self.put(home_pk(home.home_id), "home", home.model_dump(mode="json"))
        self.put(device_pk(name), "device", device.model_dump(mode="json"))
        self.put(DEVICES_PK, name, {"home_id": home.home_id})
        self.put(device_pk(name), "preferences", PreferencesRecord(autonomy=autonomy).model_dump(mode="json"))
        self.newest[name] = self.now - timedelta(minutes=5)
        self.advise(name)
        for age_days in range(1, DAYS + 1):
            self.day(name, age_days, overrides=int((number + age_days) % 10 == 0))
        return name

    def advise(self, name: str, **changed: Json) -> None:
        until = self.now + timedelta(days=60)
        fields: dict[str, Json] = {
            "advice_id": f"a-{name}", "device_id": name, "setpoint_c": 25.0, "mode": "cool", "fan": None,
            "made_at": self.now, "valid_until": until, "expected_saving_kwh": 1.0,
            "saving_interval_kwh": (0.0, 2.0), "expected_saving_money": 0.3,
            "saving_interval_money": (0.0, 0.6), "currency": "EUR", "notice_probability": 0.1,
            "reason": "it is warm", "status": "applied", "champion": "v1",
            "counterfactual": Counterfactual(
                habit_setpoint_c=24.0, habit_kwh=9.0, advised_kwh=8.0, until=until
            ),
        }  # fmt: skip
        self.put(device_pk(name), "advice", AdviceRecord(**(fields | changed)).model_dump(mode="json"))

    def day(self, name: str, age_days: int, **changed: Json) -> None:
        day = self.now.date() - timedelta(days=age_days)
        fields: dict[str, Json] = {
            "device_id": name, "day": day, "arm": "advised", "version": "v1", "measured_h": 24.0,
            "electric_energy_kwh": 8.4, "overrides": 0, "warm_words": 0, "warm_minutes": 0.0, "decisions": 48,
            "accepted": int(age_days == 3), "said": {"v1": Said(advised_kwh=8.0, expected_saving_kwh=1.0)},
        }  # fmt: skip
        record = DayRecord(**(fields | changed))
        self.put(device_pk(name), f"day#{day.isoformat()}", record.model_dump(mode="json"))

    def add_version(self, version: str, data_age_days: float) -> None:
        shipped = package_version()
        data_end = self.now - timedelta(days=data_age_days)
        changed = {"version": version, "kind": "fine_tune", "data_end": data_end}
        lineage = shipped.lineage.model_copy(update=changed)
        self.registry.add(StoredVersion(lineage, shipped.files), Note("a test", "made"))

    def look(
        self,
        values: dict[str, float],
        outcome: str = "nothing to do",
        age_h: float = 5.0,
        key: str = "population/{}/setpoint_c",
    ) -> None:
        """A look at the triggers; `values` by cohort, of the signal with that key."""
        schedule = TrainingSchedule(self.store, lambda: self.now)
        at = self.now - timedelta(hours=age_h)
        seen = {key.format(cohort): value for cohort, value in values.items()}
        _, over = schedule.read()
        schedule.write(
            Schedule(looked=Looked(at=at, values=seen)), over, Entry(at=at, reason="", outcome=outcome)
        )

    def progress(self, behind_s: float = 30.0) -> None:
        self._keep(AdvisorProgress(watermark=self.now - timedelta(minutes=5, seconds=behind_s)))

    def _keep(self, progress: AdvisorProgress) -> None:
        self.put(ADVISOR_PK, PROGRESS_SK, progress.model_dump(mode="json"))


def sound() -> World:
    world = World()
    for number in range(HOMES):
        world.add_home(number)
    world.add_version("v1", 3.0)
    world.registry.promote("v1", Note("a test", "good"), over=None)
    world.look({"fleet": 0.04})
    world.progress()
    return world


@pytest.fixture
def world() -> World:
    return sound()


@pytest.fixture
def make_world() -> Callable[[], World]:
    return World
