"""Trials by the registry: who may be tried, what becomes of it, and that it is written down why."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.advice import Installation, Preferences
from cloud.advisor_panel import Trial
from cloud.champion import ENERGY_FILE, Champion, package_version
from cloud.day_count import day_writes
from cloud.ports.models import Note, Stage, StoredVersion
from cloud.ports.records import DayRecord, Said, TrialRecord
from cloud.rollout.cohort import was_drawn
from cloud.rollout.desk import RolloutDesk, RolloutSettings
from cloud.rollout.sequential import HarmBudget
from cloud.serving import Profile
from cloud.wiring.advisor import ChampionAdvisors
from cloud.wiring.registry import serving_champion
from cloud.wiring.trial import ChallengerWatch, Trials
from infra.local import planted_models

if TYPE_CHECKING:
    from cloud.advisor_worker import AdvisorWorker

NOTE = Note("ada", "forced in")
BEGAN = datetime(2025, 7, 1, 9, tzinfo=UTC)
SHIPPED = package_version().lineage.version


@dataclass
class Worker:
    """As much of the worker as trials see; remembers who was tried."""

    now: datetime = BEGAN
    trial: Trial | None = None
    profiles: list[Profile] = field(default_factory=list[Profile])
    tried: list[str | None] = field(default_factory=list[str | None])
    days_so_far: list[DayRecord] = field(default_factory=list[DayRecord])

    def try_out(self, trial: Trial | None) -> None:
        self.trial = trial
        self.tried.append(None if trial is None else trial.record.version)


@dataclass
class World:
    registry: StoredModelRegistry
    store: MemoryStateStore
    worker: Worker
    trials: Trials

    def force(self, version: str, stage: Stage, energy: bytes | None = None) -> None:
        shipped = package_version()
        lineage = shipped.lineage.model_copy(update={"version": version, "parent": SHIPPED})
        changed = {} if energy is None else {ENERGY_FILE: energy}
        self.registry.add(StoredVersion(lineage, {**shipped.files, **changed}), NOTE)
        self.registry.put(version, stage, NOTE)

    def follow(self, times: int = 3) -> None:
        """As the advisor does each second; every look is over, however busy the machine is."""
        serving = serving_champion(self.registry)
        for _ in range(times):
            self._look(serving)
            self.trials.follow(cast("AdvisorWorker", self.worker), serving)
            self._look(serving)

    def _look(self, serving: Champion) -> None:
        self.trials.watch.challenger(serving)
        assert self.trials.watch._look is not None
        self.trials.watch._look.join()

    def live(self, harm: int = 0, days: int = 2) -> None:
        for number in range(40):
            self.worker.profiles.append(_profile(number))
        for profile in self.worker.profiles:
            for day in range(-5, days + 1):
                drawn = was_drawn(_trial(self), profile.home_id) and day > 0
                self.store.transact(day_writes(_day(profile.device_id, day, harm * drawn)))


def _trial(world: World) -> TrialRecord:
    assert world.worker.trial is not None
    return world.worker.trial.record


def _profile(number: int) -> Profile:
    return Profile(
        f"d{number}",
        f"h{number}",
        Installation(24.0, 45.0, 9.0, "UTC"),
        habit_told=True,
        preferences=Preferences(),
        autonomy="auto",
    )


def _day(device_id: str, number: int, overrides: int) -> DayRecord:
    said = Said(advised_kwh=8.0, expected_saving_kwh=1.0)
    return DayRecord(
        device_id=device_id,
        day=BEGAN.date() + timedelta(days=number),
        arm="advised",
        version=SHIPPED,
        measured_h=24.0,
        electric_energy_kwh=8.0,
        overrides=overrides,
        warm_words=0,
        warm_minutes=0.0,
        decisions=96,
        said={SHIPPED: said, "v2": said},
    )


@pytest.fixture
def world() -> World:
    registry = StoredModelRegistry(MemoryFiles(), Seal(), lambda: BEGAN)
    serving_champion(registry)
    store = MemoryStateStore(lambda: BEGAN)
    desk = RolloutDesk(store, RolloutSettings(0.3, HarmBudget(looks=1)))
    return World(registry, store, Worker(), Trials(ChallengerWatch(registry), desk, ChampionAdvisors))


@pytest.mark.parametrize("stage", ["shadow", "canary"])
@pytest.mark.parametrize(
    ("energy", "why"),
    [
        (planted_models.other_features(), "other features"),
        (planted_models.cheap_cold(), "slopes against physics"),
        (planted_models.energy_leaves(lambda kwh: 1e6 * kwh), "no number, or none that can be"),
        (planted_models.no_numbers(), "no number, or none that can be"),
        (planted_models.slow(), "trees, at most 150 may serve"),
        (planted_models.mixed_up(), "slopes against physics"),
    ],
)
def test_who_is_not_fit_is_rejected_before_any_home_has_it(
    world: World, stage: Stage, energy: bytes, why: str
) -> None:
    world.force("bad", stage, energy)

    world.follow()

    assert world.registry.stages()["bad"] == "rejected"
    assert world.registry.resolve("champion") == SHIPPED
    assert world.worker.tried == []
    move = world.registry.history()[-1]
    assert (move.by, move.action) == ("advisor", "stage")
    assert move.reason.startswith("not fit to be tried: ")
    assert why in move.reason


def test_a_fault_rolls_it_back_with_the_reason(world: World) -> None:
    world.force("v2", "canary")
    world.follow(1)
    assert world.worker.trial is not None
    world.worker.trial.fault = "it says what is no number"

    world.follow()

    assert world.worker.trial is None
    assert world.registry.stages()["v2"] == "rejected"
    assert world.registry.history()[-1].reason == "rolled back: it says what is no number"


def test_harm_in_the_cohort_rolls_it_back_and_a_restart_does_not_bring_it_back(world: World) -> None:
    world.force("v2", "canary")
    world.follow(1)
    world.live(harm=2)
    world.worker.now += timedelta(days=2, hours=4)

    world.follow()

    move = world.registry.history()[-1]
    assert world.registry.stages()["v2"] == "rejected"
    assert move.reason.startswith("rolled back: +2.00 overrides a home and day")
    assert "overrides" in move.document
    assert world.worker.tried == ["v2", None]


def test_gross_harm_rolls_it_back_on_the_same_day(world: World) -> None:
    world.force("v2", "canary")
    world.follow()
    world.live(days=0)
    world.worker.now = BEGAN + timedelta(hours=3)
    world.worker.days_so_far = [
        _day(each.device_id, 0, 2 * was_drawn(_trial(world), each.home_id)) for each in world.worker.profiles
    ]

    world.follow()

    assert world.registry.stages()["v2"] == "rejected"
    assert world.worker.trial is None
    assert world.registry.history()[-1].reason.startswith("rolled back: +2.00 overrides a home in one day")


def test_without_harm_it_goes_from_the_shadow_to_the_canary_and_then_to_all(world: World) -> None:
    world.force("v2", "shadow")
    world.follow(1)
    world.live(days=3)
    world.worker.now += timedelta(days=4)
    world.follow()
    assert world.registry.stages()["v2"] == "canary"
    assert _trial(world).stage == "canary"

    world.worker.now = BEGAN + timedelta(days=8)
    for profile in world.worker.profiles:
        for number in range(3, 9):
            world.store.transact(day_writes(_day(profile.device_id, number, 0)))
    world.follow()

    assert world.registry.resolve("champion") == "v2"
    assert [move.action for move in world.registry.history()[-2:]] == ["stage", "promote"]
    assert world.registry.history()[-1].reason.startswith("no harm seen in 1 days")
    assert None not in world.worker.tried  # nobody went back to the old champion on the way


def test_a_version_withdrawn_by_hand_is_not_tried_any_more(world: World) -> None:
    world.force("v2", "canary")
    world.follow(1)
    world.registry.put("v2", "rejected", NOTE)

    world.follow()

    assert world.worker.tried == ["v2", None]


def test_who_waited_is_tried_when_the_trial_before_has_ended(world: World) -> None:
    world.force("v2", "canary")
    world.force("v3", "waiting")
    world.follow()
    assert world.registry.stages()["v3"] == "waiting"
    world.registry.put("v2", "rejected", NOTE)

    world.follow()

    assert world.registry.stages()["v3"] == "shadow"
    assert _trial(world).version == "v3"
    assert world.registry.history()[-1].reason == "nobody else is on trial any more"


def test_who_was_judged_against_a_champion_of_yesterday_is_not_tried(world: World) -> None:
    world.force("v2", "canary")
    world.force("v3", "waiting")
    world.registry.promote("v2", NOTE, over=SHIPPED)

    world.follow()

    assert world.registry.stages()["v3"] == "retired"
    assert world.registry.history()[-1].reason == f"it was judged against {SHIPPED}, and v2 serves now"
    assert world.worker.trial is None
