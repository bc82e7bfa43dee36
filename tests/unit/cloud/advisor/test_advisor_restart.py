"""A worker that dies at any moment is followed by one that goes on as if nothing had happened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from cloud import advisor_worker
from cloud.adapters.memory_state import MemoryStateStore
from cloud.ports.commands import Shadows
from cloud.ports.state import Item, StateStore, Write
from edge.contract import Desired, DeviceId

if TYPE_CHECKING:
    from cloud.advisor_worker import AdvisorWorker
    from cloud.ports.records import Autonomy
    from tests.unit.cloud.advisor.conftest import World

STEP = timedelta(minutes=15)
DEVICES = ("d1", "d2", "d3")

Happening: TypeAlias = "Callable[[World], None]"


class KilledError(BaseException):
    """kill -9: nothing that comes after is run."""


@dataclass
class Executioner:
    """Kills at the given call, counted over store and shadows; even numbers before, odd ones after it."""

    at: list[int]
    calls: int = 0

    def around(self, call: Callable[[], None]) -> None:
        self.calls += 1
        if self._strikes(2 * self.calls):
            raise KilledError
        call()
        if self._strikes(2 * self.calls + 1):
            raise KilledError

    def _strikes(self, moment: int) -> bool:
        if self.at and moment >= self.at[0]:
            self.at.pop(0)
            return True
        return False


@dataclass
class MortalStore(StateStore):
    inner: StateStore
    executioner: Executioner

    @override
    def get(self, pk: str, sk: str) -> Item | None:
        return self.inner.get(pk, sk)

    @override
    def query(self, pk: str, *, prefix: str = "", after: str = "", limit: int = 100) -> list[Item]:
        return self.inner.query(pk, prefix=prefix, after=after, limit=limit)

    @override
    def transact(self, writes: Sequence[Write]) -> None:
        self.executioner.around(lambda: self.inner.transact(writes))


@dataclass
class MortalShadows(Shadows):
    inner: Shadows
    executioner: Executioner

    @override
    def request(self, device_id: DeviceId, desired: Desired) -> None:
        self.request_all([(device_id, desired)])

    @override
    def request_all(self, requests: Sequence[tuple[DeviceId, Desired]]) -> None:
        self.executioner.around(lambda: self.inner.request_all(requests))


@dataclass
class Story:
    """A world in which things happen, and its workers die when their time has come."""

    world: "World"
    deaths: list[int]
    restarts: int = 0
    executioner: Executioner = field(init=False)

    def __post_init__(self) -> None:
        self.executioner = Executioner(sorted(self.deaths))
        for number, device_id in enumerate(DEVICES):
            autonomy: Autonomy = "suggest" if number == 2 else "auto"
            self.world.add_home(
                device_id, autonomy, habit_c=None if number == 1 else 23.0, home_id=f"h{number}"
            )

    def play(self, rounds: Sequence[Sequence[Happening]]) -> None:
        worker = self._worker()
        for round_ in rounds:
            for happening in round_:
                happening(self.world)
            worker = self._work(worker)

    def _worker(self) -> "AdvisorWorker":
        world, shadows = self.world, self.world.shadows
        world.shadows = MortalShadows(shadows, self.executioner)  # type: ignore[assignment]
        worker = world.worker(MortalStore(world.store, self.executioner), interval=3 * STEP)
        world.shadows = shadows
        return worker

    def _work(self, worker: "AdvisorWorker") -> "AdvisorWorker":
        while True:
            try:
                while worker.step():
                    pass
            except KilledError:
                self.restarts += 1
                worker = self._worker()
            else:
                return worker


def _read(device_id: str, setpoint_c: float | None, changed_by: str | None) -> Happening:
    def happen(world: "World") -> None:
        world.read(setpoint_c, device_id=device_id, changed_by=changed_by)

    return happen


def _obey(device_id: str) -> Happening:
    def happen(world: "World") -> None:
        if world.requested(device_id):
            world.obey(device_id)

    return happen


def _say(device_id: str, kind: str) -> Happening:
    def happen(world: "World") -> None:
        world.say(device_id, kind)  # type: ignore[arg-type]

    return happen


def _ask(device_id: str, setpoint_c: float) -> Happening:
    return lambda world: (world.ask(device_id, setpoint_c=setpoint_c), None)[1]


IDS = st.sampled_from(DEVICES)
SETPOINTS = st.sampled_from([None, 21.0, 23.0, 24.0])
HAPPENINGS = st.one_of(
    st.builds(_read, IDS, SETPOINTS, st.sampled_from([None, "remote", "schedule"])),
    st.builds(_read, IDS, st.just(23.0), st.none()),
    st.builds(_obey, IDS),
    st.builds(_say, IDS, st.sampled_from(["accepted", "dismissed", "undone", "too_hot", "not_home"])),
    st.builds(_ask, IDS, st.sampled_from([20.0, 26.0])),
)


def _outcome(world: "World") -> dict[str, object]:
    """All that anybody can see: what is stored, and each device's commands in their order."""
    store = world.store
    assert isinstance(store, MemoryStateStore)
    items: dict[str, object] = {}
    for (pk, sk), row in store._rows.items():
        internal = {"advisor_state": "position", "progress": "replay_from"}.get(sk)  # where to read again
        items[f"{pk}/{sk}"] = {name: value for name, value in row.item().body.items() if name != internal}
    for device_id in DEVICES:
        items[device_id] = list(
            dict.fromkeys(desired.model_dump_json() for desired in world.requested(device_id))
        )
    return items


@pytest.fixture(autouse=True)
def small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a round of three devices takes more than one, and a death can come in between."""
    monkeypatch.setattr(advisor_worker, "MAX_WRITES", 6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(st.lists(HAPPENINGS, min_size=1, max_size=5), min_size=1, max_size=10),
    deaths=st.lists(st.integers(2, 80), min_size=1, max_size=6),
)
def test_a_death_at_any_moment_changes_nothing(
    rounds: list[list[Happening]], deaths: list[int], make_world: "Callable[[], World]"
) -> None:
    spared, mortal = Story(make_world(), []), Story(make_world(), deaths)

    spared.play(rounds)
    mortal.play(rounds)

    assert _outcome(mortal.world) == _outcome(spared.world)


@pytest.mark.parametrize("death", range(2, 40))
def test_a_death_in_the_middle_of_an_ordinary_day_changes_nothing(
    death: int, make_world: "Callable[[], World]"
) -> None:
    day = [[_read(device_id, 23.0, None) for device_id in DEVICES] for _ in range(8)]
    day[3] += [_say("d3", "accepted"), _ask("d1", 26.0)]
    spared, mortal = Story(make_world(), []), Story(make_world(), [death])

    spared.play(day)
    mortal.play(day)

    assert mortal.restarts == 1
    assert _outcome(mortal.world) == _outcome(spared.world)


def test_unsaved_readings_are_read_again_and_saved_ones_are_not(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker(interval=3 * STEP)
    for _ in range(5):  # decided, and saved, upon the first and the fourth
        world.read(23.0)
        worker.step()
    assert (worker.progress.position, worker.progress.replay_from) == (5, 4)

    world.worker(interval=3 * STEP).step()
    world.read(23.0, 23.0)
    again = world.worker(interval=3 * STEP)
    again.step()

    assert again.progress.decisions == 3
    assert world.advice("d1").expected_saving_kwh == pytest.approx(0.7)  # seven readings, each once
