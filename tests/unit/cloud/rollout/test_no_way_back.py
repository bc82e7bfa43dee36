"""Whatever operators, restarts, harm and moves of homes do: no home comes back to a version that it has left.

Worker, trials, desk, ledger and registry are the real ones; the advisors are the tests' small rule.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.advisor_worker import AdvisorWorker
from cloud.champion import Champion, package_version
from cloud.day_count import day_writes
from cloud.errors import CloudError
from cloud.ports.models import Note, Stage, StoredVersion
from cloud.ports.records import DayRecord, device_pk, home_pk
from cloud.ports.state import Put
from cloud.rollout.desk import RolloutDesk, RolloutSettings
from cloud.rollout.sequential import HarmBudget
from cloud.serving import Serving
from cloud.wiring.trial import ChallengerWatch, Trials
from tests.unit.cloud.advisor.conftest import STEP, WarmerByOneChampion, World

NOTE = Note("ada", "a test")
T0 = datetime(2025, 7, 1, 10, tzinfo=UTC)
HOMES = 20
DEVICES = {f"d{number}": f"h{number % HOMES}" for number in range(HOMES + 4)}
"""Four homes have two devices."""
LATITUDES_DEG = (10.0, 48.0)
"""Homes with even numbers are in the tropics, until they move."""

some = st.sampled_from(("v1", "v2"))
deed = st.one_of(
    st.tuples(st.just("try"), some, st.sampled_from(("shadow", "canary", "waiting"))),
    st.tuples(st.just("promote"), st.sampled_from(("v0", "v1", "v2"))),
    st.tuples(st.just("try again"), some),
    st.tuples(st.just("roll back")),
    st.tuples(st.just("restart"), st.sampled_from((0.3, 0.6, 0.9))),
    st.tuples(st.just("move all"), st.sampled_from(LATITUDES_DEG)),
    st.tuples(st.just("machines"), st.booleans()),
    st.tuples(st.just("fault")),
    st.tuples(st.just("days"), st.sampled_from(("", "tropics", "temperate", "everywhere"))),
)  # fmt: skip


@dataclass
class Town:
    """Homes, their advisor, and a registry of three versions of which v0 serves."""

    world: World = field(default_factory=World)
    registry: StoredModelRegistry = field(init=False)
    worker: AdvisorWorker = field(init=False)
    trials: Trials = field(init=False)
    share: float = 0.5
    had: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    served: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.registry = StoredModelRegistry(MemoryFiles(), Seal(), lambda: T0)
        shipped, models = package_version(), Champion.from_package()
        for version in ("v0", "v1", "v2"):
            lineage = shipped.lineage.model_copy(update={"version": version, "parent": "v0"})
            self.registry.add(StoredVersion(lineage, shipped.files), NOTE)
        self.registry.promote("v0", NOTE, over=None)
        self._models = models
        for device_id, home_id in DEVICES.items():
            self.world.add_home(device_id, home_id=home_id)
        self._move_all(None)
        self.restart(self.share)

    def restart(self, share: float) -> None:
        self.share = share
        self.world.champion = WarmerByOneChampion(str(self.registry.resolve("champion")))
        self.worker = self.world.worker()
        watch = ChallengerWatch(self.registry, lambda stored, _: self._named(stored.lineage.version))
        budget = HarmBudget(alpha=0.9, looks=3, draws=100)
        desk = RolloutDesk(self.world.store, RolloutSettings(share, budget))
        self.trials = Trials(watch, desk, lambda models: WarmerByOneChampion(models.version))

    def _named(self, version: str) -> Champion:
        return Champion(version, self._models.energy, self._models.override, self._models.presence)

    def do(self, deed: tuple[Any, ...]) -> None:
        what, *rest = deed
        try:
            getattr(self, f"_{what.replace(' ', '_')}")(*rest)
        except CloudError:
            return  # refused: nothing was done

    def _try(self, version: str, stage: Stage) -> None:
        self.registry.put(version, stage, NOTE)

    def _try_again(self, version: str) -> None:
        """Somebody who does not know that it may not be."""
        again: tuple[Stage, ...] = ("rejected", "registered", "shadow", "canary")
        for stage in again:
            self.registry.put(version, stage, NOTE)
            self.live()

    def _promote(self, version: str) -> None:
        self.registry.promote(version, NOTE, over=self.registry.resolve("champion"))

    def _roll_back(self) -> None:
        self.registry.roll_back(NOTE, of=str(self.registry.resolve("champion")))

    def _restart(self, share: float) -> None:
        self.restart(share)

    def _move_all(self, latitude_deg: float | None) -> None:
        """Their people correct where they are; None: half here, half there."""
        for number in range(HOMES):
            where_deg = LATITUDES_DEG[number % 2] if latitude_deg is None else latitude_deg
            self._change(home_pk(f"h{number}"), "home", latitude_deg=where_deg)

    def _machines(self, inverter: bool) -> None:  # noqa: FBT001 (a drawn value)
        """The first device of each home turns out to be of one kind, the second of the other."""
        for number, device_id in enumerate(DEVICES):
            self._change(device_pk(device_id), "device", inverter=inverter == (number < HOMES))

    def _fault(self) -> None:
        if self.worker.trial is not None:
            self.worker.trial.fault = "a fault"

    def _change(self, pk: str, sk: str, **fields: object) -> None:
        item = self.world.store.get(pk, sk)
        assert item is not None
        self.world.store.transact([Put(pk, sk, {**item.body, **fields})])

    def _days(self, where: str) -> None:
        """Those who try have overrides in some places, and the others in the other places."""
        for profile in Serving(self.world.store, 900).profiles().values():
            place = "tropics" if profile.installation.latitude_deg == LATITUDES_DEG[0] else "temperate"
            advice = Serving(self.world.store, 900).advice(profile.device_id)
            trial = self.worker.trial
            has_it = trial is not None and advice is not None and advice.champion == trial.record.version
            for days in (1, 2):
                day = (self.world.now + timedelta(days=days)).date()
                harm = 3 * (where != "" and has_it == (where in (place, "everywhere")))
                self.world.store.transact(day_writes(_day(profile.device_id, day, harm)))
        self.world.now += timedelta(days=3)

    def live(self) -> None:
        """As the advisor process does: it looks at the registry, then it decides."""
        self.worker.refresh()
        for _ in range(2):
            champion = str(self.registry.resolve("champion"))
            if champion != self.worker.champion:
                self.worker.use(WarmerByOneChampion(champion))
            self.trials.follow(self.worker, self._named(champion))
        now = self.world.now
        for device_id in DEVICES:
            self.world.now = now
            self.world.read(23.0, device_id=device_id)
        self.worker.step()
        self.world.now = now + STEP
        self.served.append(str(self.registry.resolve("champion")))
        for device_id in DEVICES:
            self.had.setdefault(device_id, []).append(self.world.advice(device_id).champion)


def _day(device_id: str, day: Any, overrides: int) -> DayRecord:  # noqa: ANN401 (a date)
    return DayRecord(
        device_id=device_id,
        day=day,
        arm="advised",
        version="",
        measured_h=24.0,
        electric_energy_kwh=8.0,
        overrides=overrides,
        warm_words=0,
        warm_minutes=0.0,
        decisions=96,
        said={},
    )


@settings(max_examples=10, deadline=None)
@example([("days", "tropics"), ("restart", 0.3), ("move all", 48.0), ("restart", 0.3)])  # withdrawn, moved
@example([("fault",), ("try again", "v1"), ("promote", "v1")])
@example([("promote", "v2"), ("roll back",), ("restart", 0.3)])
@given(st.lists(deed, min_size=4, max_size=10))
def test_no_home_comes_back_to_a_version_that_it_has_left(deeds: list[tuple[Any, ...]]) -> None:
    town = Town()
    for each in (("try", "v1", "canary"), *deeds):
        town.do(each)
        town.live()

    assert isinstance(town.world.store, MemoryStateStore)
    for device_id, versions in town.had.items():
        left = set[str]()
        for before, now, champion in zip(versions, versions[1:], town.served[1:], strict=False):
            left |= {before} - {now}
            assert now not in left or now == champion, (device_id, versions, deeds)
    for second in range(HOMES, HOMES + 4):  # people of one home live with one version
        assert town.had[f"d{second}"] == town.had[f"d{second - HOMES}"]
