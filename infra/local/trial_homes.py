"""Simulated homes under one real advisor worker, with the registry's trials: a closed loop without sockets.

Readings go into a log, the worker decides, its commands reach the machines at the next step; what people say
is put into the worker's inbox. Only the broker, the edge and the disk are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.memory_shadows import MemoryShadows
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.advisor_seat import Advisors
from cloud.advisor_worker import AdvisorWorker, Clocks, Ports, WorkerSettings
from cloud.champion import Champion
from cloud.ports.records import (
    DEVICES_PK,
    INBOX_PK,
    DeviceRecord,
    FeedbackKind,
    HomeRecord,
    InboxEntry,
    PreferencesRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit
from cloud.rollout.desk import RolloutDesk, RolloutSettings
from cloud.serving import DEVICE_SK, HOME_SK, PREFERENCES_SK, Serving
from cloud.wiring.advisor import ChampionAdvisors
from cloud.wiring.registry import serving_champion
from cloud.wiring.trial import Admit, ChallengerWatch, Trials, examined
from device_sim.fleet import Site
from infra.local.judging.plant import Plant
from infra.local.plain_log import PlainLog

DECISION_S: Final = 1800
LOOK_EVERY: Final = 4
"""Steps between two looks at the registry."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How trials are held.

    Attributes:
        share_ratio: Of the homes that try a challenger.
        admit: Who may be tried.
        make: Advisors of a version.
    """

    share_ratio: float = 0.3
    admit: Admit = examined
    make: Callable[[Champion], Advisors] = ChampionAdvisors


class TrialHomes:
    """Homes, their advisor and its registry.

    Args:
        plant: The homes.
        rules: How trials are held.
        clock: A clock that never jumps [s].

    Attributes:
        registry: The versions; the shipped one serves.
        worker: The advisor worker.
        store: The serving state.
    """

    def __init__(self, plant: Plant, rules: Rules, clock: Callable[[], float]) -> None:
        self.plant = plant
        self.store = MemoryStateStore(lambda: plant.now)
        self.registry = StoredModelRegistry(MemoryFiles(), Seal(), lambda: plant.now)
        self.serving = Serving(self.store, DECISION_S)
        self._champion = serving_champion(self.registry)
        self._log, self._shadows, self._sent, self._said = PlainLog(), MemoryShadows(), 0, 0
        for site in plant.sites:
            self._register(site)
        ports = Ports(self._log, self.store, self._shadows)
        settings = WorkerSettings("telemetry", timedelta(seconds=DECISION_S))
        clocks = Clocks(lambda: datetime.now(UTC), clock)
        self.worker = AdvisorWorker(ports, rules.make(self._champion), settings, clocks)
        self.worker.restore()
        desk = RolloutDesk(self.store, RolloutSettings(rules.share_ratio))
        self._rules = rules
        self._trials = Trials(ChallengerWatch(self.registry, rules.admit), desk, rules.make)

    def follow(self) -> None:
        """Look at the registry, and let the worker do as it says."""
        if self.registry.resolve("champion") != self.worker.champion:
            self._champion = serving_champion(self.registry)
            self.worker.use(self._rules.make(self._champion))
        self._trials.follow(self.worker, self._champion)

    def live(self, steps: int) -> None:
        """Let steps pass."""
        for step in range(steps):
            if step % LOOK_EVERY == 0:
                self.follow()
            readings = self.plant.step()
            told = [readings.telemetry(place) for place in range(len(readings))]
            self._log.commit(IngestCommit(readings=told))
            self._hear(self.plant.take_taps(), "a_bit_warm")
            self._hear(self.plant.take_undos(), "undone")
            while self.worker.step():
                pass
            for device_id, desired in self._shadows.requested[self._sent :]:
                self.plant.command(device_id, desired)
            self._sent = len(self._shadows.requested)

    def advised_by(self, version: str) -> list[tuple[str, datetime]]:
        """Devices that have advice of a version, and since when."""
        found = [self.serving.advice(site.device_id) for site in self.plant.sites]
        return [(each.device_id, each.made_at) for each in found if each and each.champion == version]

    def _hear(self, device_ids: Sequence[str], kind: FeedbackKind) -> None:
        for device_id in device_ids:
            self._said += 1
            at = self.plant.now
            entry = InboxEntry(entry_id=f"{self._said:013d}-x", device_id=device_id, at=at, kind=kind)
            self.store.transact([Put(INBOX_PK, entry.entry_id, entry.model_dump(mode="json"))])

    def _register(self, site: Site) -> None:
        home_id = f"home-{site.device_id}"
        home = HomeRecord(
            home_id=home_id,
            owner_id="somebody",
            name="Home",
            latitude_deg=site.latitude_deg,
            longitude_deg=site.longitude_deg,
            timezone=site.timezone,
            share_presence=True,
        )
        device = DeviceRecord(
            device_id=site.device_id,
            home_id=home_id,
            habit_setpoint_c=site.habit_setpoint_c,
            nameplate_w=site.nameplate_w,
            inverter=site.inverter,
        )
        own = device_pk(site.device_id)
        wishes = PreferencesRecord(autonomy="auto")
        self.store.transact(
            [
                Put(home_pk(home_id), HOME_SK, home.model_dump(mode="json")),
                Put(own, DEVICE_SK, device.model_dump(mode="json")),
                Put(own, PREFERENCES_SK, wishes.model_dump(mode="json")),
                Put(DEVICES_PK, site.device_id, {"home_id": home_id}),
            ]
        )
