"""A simulated fleet in a closed loop with the advisor worker, in memory: what monitoring is judged on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cloud.adapters.duckdb_hours import hours_frame
from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.memory_shadows import MemoryShadows
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.advisor_worker import AdvisorWorker, Clocks, Ports, WorkerSettings
from cloud.champion import Champion
from cloud.drift.cohorts import cohorts_of, region_of
from cloud.drift.signals import LOOK_DAYS, Fleet, look
from cloud.monitoring.gather import Sources
from cloud.ports.records import PreferencesRecord, device_pk
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit
from cloud.serving import PREFERENCES_SK
from cloud.training_rounds import Made, take_turn
from cloud.training_schedule import Job, Learnt, TrainingSchedule
from cloud.triggers import Memory, Signal
from cloud.wiring.advisor import ChampionAdvisors
from cloud.wiring.registry import serving_champion
from device_sim.fleet import FleetSpec
from device_sim.moving import MovingFleet
from device_sim.policy import HabitSetpoints
from device_sim.season import play_steps, to_table
from device_sim.wire.readings import StepReadings
from edge.contract import DeviceId
from infra.local.plain_log import PlainLog
from infra.local.sim_homes import home_puts

START: Final = datetime(2025, 6, 1, 7, tzinfo=UTC)
STEP_S: Final = 900
DAY_STEPS: Final = 86_400 // STEP_S


@dataclass(slots=True)
class MonitoredFleet:
    """Homes that live at their habit for as long as a look looks back, and then with advice.

    Args:
        spec: Which homes.
        advised_days: How long they shall be advised.

    Attributes:
        now: Simulated time, which is everybody's.
        newest: When each device's newest reading was taken.
    """

    spec: FleetSpec
    advised_days: int
    now: datetime = START
    newest: dict[DeviceId, datetime] = field(default_factory=dict[DeviceId, datetime])
    _log: PlainLog = field(default_factory=PlainLog)
    _shadows: MemoryShadows = field(default_factory=MemoryShadows)
    _steps: list[StepReadings] = field(default_factory=list[StepReadings])
    _fleet: MovingFleet = field(init=False)
    _state: MemoryStateStore = field(init=False)
    _champion: Champion = field(init=False)
    _worker: AdvisorWorker = field(init=False)
    sources: Sources = field(init=False)

    def __post_init__(self) -> None:
        self._fleet = MovingFleet(self.spec, LOOK_DAYS + self.advised_days + 1)
        self._state = MemoryStateStore(self._now)
        for site in self._fleet.sites:
            wishes = PreferencesRecord(autonomy="auto").model_dump(mode="json")
            self._state.transact([*home_puts(site), Put(device_pk(site.device_id), PREFERENCES_SK, wishes)])
        self._steps += play_steps(self._fleet, LOOK_DAYS * DAY_STEPS, HabitSetpoints())
        self.now = self._fleet.now
        registry = StoredModelRegistry(MemoryFiles(), Seal(b""), self._now)
        self._champion = serving_champion(registry)
        self.sources = Sources(self._state, registry, self._newest, self._now)
        interval = timedelta(seconds=2 * STEP_S)
        self._worker = AdvisorWorker(
            Ports(self._log, self._state, self._shadows),
            ChampionAdvisors(self._champion),
            WorkerSettings("wall", interval),
            Clocks(self._now, self._now_s),
        )
        self._worker.restore()

    def step(self) -> None:
        """Let devices obey, live and report, and the advisor decide; look at the triggers when it is due."""
        for device_id, desired in self._shadows.requested:
            self._fleet.command(device_id, desired)
        self._shadows.requested.clear()
        readings = self._fleet.step()
        self._steps.append(readings)
        self.now = readings.sampled_at
        heard = [readings.telemetry(i) for i in range(len(readings)) if not readings.power_on_fault[i]]
        self.newest |= {reading.device_id: reading.sampled_at for reading in heard}
        self._log.commit(IngestCommit(readings=heard))
        self._worker.refresh()
        while self._worker.step():
            pass
        take_turn(TrainingSchedule(self._state, self._now), self)

    def look(self, memory: Memory, learnt: Learnt | None) -> tuple[list[Signal], int]:
        """All signals of the newest weeks; no training follows, so that the models stay who they are."""
        del learnt
        installations = {site.device_id: site for site in self._fleet.sites}
        longitudes_deg = {name: site.longitude_deg for name, site in installations.items()}
        hours = hours_frame(to_table(self._steps[-LOOK_DAYS * DAY_STEPS :]), longitudes_deg)
        regions = {name: region_of(site) for name, site in installations.items()}
        seen = Fleet(hours, cohorts_of(installations), regions, self._champion, memory.drift_job)
        return list(look(seen)), 0

    def train(self, job: Job) -> Made:
        """Nothing: the same models go on."""
        version, learnt = self._champion.version, Learnt(data_end=self.now, hours=1)
        return Made(version, f"not trained: {job.decision.reason}", learnt)

    def _now(self) -> datetime:
        return self.now

    def _now_s(self) -> float:
        return self.now.timestamp()

    def _newest(self) -> Mapping[DeviceId, datetime]:
        return self.newest
