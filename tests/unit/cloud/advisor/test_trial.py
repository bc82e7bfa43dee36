"""A challenger beside the champion: who decides where, what ends it, and that no home waits for it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.advice import Advice
from cloud.advisor_panel import Trial
from cloud.advisor_seat import HomeAdvisorLike
from cloud.day_count import DayCount
from cloud.ports.records import DayRecord, TrialRecord
from cloud.rollout.cohort import was_drawn
from cloud.serving import Serving
from tests.unit.cloud.advisor.conftest import WarmerByOneChampion

if TYPE_CHECKING:
    from edge.contract import Desired
    from tests.unit.cloud.advisor.conftest import World

T0 = datetime(2025, 7, 1, 10, tzinfo=UTC)
STEP = timedelta(minutes=15)
HOMES = 24


@dataclass(frozen=True)
class Candidate(WarmerByOneChampion):
    """The same advice under another name, with something planted in it."""

    version: str = "v2"
    change: Callable[[Advice], Advice] = lambda advice: advice

    def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> list[Advice | None]:
        said = WarmerByOneChampion.advise_all(self, cases)
        return [None if each is None else self.change(each) for each in said]


def trial(stage: str = "canary", share: float = 0.3, **changes: object) -> TrialRecord:
    fields = {
        "version": "v2",
        "champion": "v1",
        "stage": stage,
        "seed": "v2",
        "share_ratio": share,
        "since": T0,
    }
    return TrialRecord.model_validate(fields | changes)


def fleet(world: "World") -> list[str]:
    names = [f"d{number}" for number in range(HOMES)]
    for name in names:
        world.add_home(name, home_id=f"h-{name}")
    return names


def all_read(world: "World", setpoint_c: float = 23.0) -> None:
    now = world.now
    for number in range(HOMES):
        world.now = now
        world.read(setpoint_c, device_id=f"d{number}")


def by_version(world: "World") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for number in range(HOMES):
        found.setdefault(world.advice(f"d{number}").champion, set()).add(f"d{number}")
    return found


def drawn(share: float = 0.3) -> set[str]:
    return {f"d{number}" for number in range(HOMES) if was_drawn(trial(share=share), f"h-d{number}")}


def test_homes_of_the_cohort_have_the_challenger_and_the_others_the_champion(world: "World") -> None:
    fleet(world)
    worker = world.worker()
    worker.try_out(Trial(trial(), Candidate()))
    all_read(world)
    worker.step()

    assert 0 < len(drawn()) < HOMES
    assert by_version(world)["v2"] == drawn()
    assert worker.trial is not None
    assert worker.trial.fault is None


def test_a_home_never_goes_back_and_forth(world: "World") -> None:
    fleet(world)
    seen: dict[str, list[str]] = {f"d{number}": [] for number in range(HOMES)}
    for share, restart in ((0.1, False), (0.1, True), (0.3, False), (0.3, True), (0.7, True)):
        worker = world.worker()
        worker.try_out(Trial(trial(share=share), Candidate()))
        for _ in range(2 - restart):
            all_read(world)
            worker.step()
        for device_id, versions in seen.items():
            versions.append(world.advice(device_id).champion)
    ended = world.worker()
    ended.try_out(Trial(trial(share=0.7, ended="too warm"), Candidate()))
    all_read(world)
    ended.step()

    assert all(versions == sorted(versions) for versions in seen.values())  # v1 …, then v2 …
    assert any(versions[0] == "v1" and versions[-1] == "v2" for versions in seen.values())
    assert set(by_version(world)) == {"v1"}


def no_number(advice: Advice) -> Advice:
    return replace(advice, expected_saving_kwh=math.nan)


def cheap_cold(advice: Advice) -> Advice:
    plan = tuple(replace(step, setpoint_c=20.0) for step in advice.plan)
    return replace(advice, setpoint_c=20.0, plan=plan, expected_saving_kwh=2.0)


def broken(_: Advice) -> Advice:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (no_number, "no number"),
        (cheap_cold, "saving for staying cooler"),
        (broken, "it failed: ZeroDivisionError()"),
        (lambda advice: replace(advice, setpoint_c=80.0), "it advises 80.0 °C"),
    ],
)
def test_a_bad_challenger_ends_its_trial_before_it_has_acted_once(
    world: "World", change: Callable[[Advice], Advice], why: str
) -> None:
    fleet(world)
    worker = world.worker()
    worker.try_out(Trial(trial(), Candidate(change=change)))
    all_read(world)

    worker.step()

    assert set(by_version(world)) == {"v1"}  # every home has its advice, in the same round
    assert {each.desired.setpoint_c for each in _commands(world)} == {24.0}
    assert worker.trial is not None
    assert why in str(worker.trial.fault)
    all_read(world)
    worker.step()
    assert set(by_version(world)) == {"v1"}


@dataclass(frozen=True)
class _Asked:
    device_id: str
    desired: "Desired"


def _commands(world: "World") -> list[_Asked]:
    return [_Asked(name, desired) for name, desired in world.shadows.requested]


@pytest.mark.parametrize("share", [0.3, 0.5])  # seven homes and twelve, of 24
def test_who_is_many_times_as_slow_is_back_with_the_champion_within_the_day(
    world: "World", share: float
) -> None:
    fleet(world)
    worker = world.worker()

    def slow(advice: Advice) -> Advice:
        world.seconds += 20.0
        return advice

    @dataclass(frozen=True)
    class Quick(WarmerByOneChampion):
        def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> list[Advice | None]:
            world.seconds += 1.0 * len(cases)
            return WarmerByOneChampion.advise_all(self, cases)

    worker.use(Quick())
    worker.try_out(Trial(trial(share=share), Candidate(change=slow)))
    rounds = 0
    while worker.trial is not None and worker.trial.fault is None and rounds < 96:
        all_read(world)
        worker.step()
        rounds += 1

    assert rounds == 5
    assert worker.trial is not None
    assert worker.trial.fault == "it is many times as slow as the champion"
    assert set(by_version(world)) == {"v1"}


def test_in_the_shadow_both_speak_and_one_acts(world: "World") -> None:
    fleet(world)
    worker = world.worker()

    def warmer(advice: Advice) -> Advice:
        told = replace(advice.counterfactual, advised_kwh=0.7)
        return replace(advice, setpoint_c=25.3, counterfactual=told)

    worker.try_out(Trial(trial("shadow"), Candidate(change=warmer)))
    for _ in range(60):  # 15 h: past midnight in Berlin
        all_read(world)
        worker.step()

    assert set(by_version(world)) == {"v1"}
    assert 25.3 not in {each.desired.setpoint_c for each in _commands(world)}
    (day,) = _days(world, "d1")
    assert {version: said.advised_kwh for version, said in day.said.items()} == {"v1": 0.9, "v2": 0.7}
    assert (day.version, day.arm) == ("v1", "advised")


def test_a_challenger_that_fails_in_the_shadow_ends_its_trial_and_nobody_waits(world: "World") -> None:
    fleet(world)
    worker = world.worker()
    worker.try_out(Trial(trial("shadow"), Candidate(change=broken)))
    all_read(world)
    worker.step()

    assert set(by_version(world)) == {"v1"}
    assert worker.trial is not None
    assert worker.trial.fault == "it failed: ZeroDivisionError()"


def much_warmer(advice: Advice) -> Advice:
    return replace(advice, setpoint_c=(advice.setpoint_c or 0.0) + 4.0)


@pytest.mark.parametrize("stage", ["shadow", "canary"])
def test_who_wants_another_climate_than_the_champion_is_out_before_it_has_acted(
    world: "World", stage: str
) -> None:
    fleet(world)
    worker = world.worker()
    worker.try_out(Trial(trial(stage), Candidate(change=much_warmer)))
    all_read(world)
    worker.step()

    assert set(by_version(world)) == {"v1"}  # every home has its advice, in the same round
    assert {each.desired.setpoint_c for each in _commands(world)} == {24.0}
    assert worker.trial is not None
    assert "+4.0 K warmer than the champion" in str(worker.trial.fault)


def test_it_is_compared_again_on_each_day(world: "World") -> None:
    fleet(world)
    worker, midnight = world.worker(), datetime(2025, 7, 1, 22, tzinfo=UTC)  # in Berlin

    def warmer_later(advice: Advice) -> Advice:
        return much_warmer(advice) if world.now >= midnight else advice

    worker.try_out(Trial(trial(), Candidate(change=warmer_later)))
    for _ in range(60):  # 15 h: past midnight in Berlin
        all_read(world)
        worker.step()

    assert worker.trial is not None
    assert "warmer than the champion" in str(worker.trial.fault)
    assert set(by_version(world)) == {"v1"}


def test_a_home_is_asked_twice_once_a_day(world: "World") -> None:
    """The champion's advice beside the challenger's costs no decision more than one a home and day."""
    fleet(world)
    worker, asked = world.worker(), list[int]()

    @dataclass(frozen=True)
    class Counting(WarmerByOneChampion):
        def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> list[Advice | None]:
            asked.append(len(cases))
            return WarmerByOneChampion.advise_all(self, cases)

    worker.use(Counting())
    worker.try_out(Trial(trial(), Candidate()))
    for _ in range(4):
        all_read(world)
        worker.step()

    others = HOMES - len(drawn())
    assert sum(asked) == 4 * others + len(drawn())


def test_a_new_champion_ends_the_trial(world: "World") -> None:
    fleet(world)
    worker = world.worker()
    worker.try_out(Trial(trial(), Candidate()))
    worker.use(WarmerByOneChampion("v3"))
    all_read(world)
    worker.step()

    assert set(by_version(world)) == {"v3"}
    assert worker.trial is None


def test_answers_of_a_day_are_counted() -> None:
    day = DayCount(T0.date())
    for kind in ("accepted", "accepted", "accepted", "dismissed", "undone", "too_hot", "not_home"):
        day.hear(kind)

    record = day.record("d1")

    assert (record.accepted, record.refused, record.warm_words) == (3, 2, 2)  # an undo is both


def _days(world: "World", device_id: str) -> list[DayRecord]:
    return Serving(world.store, 900).days(device_id, T0.date())


def test_a_day_that_is_over_is_counted(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker()
    world.read(24.0, electric_power_w=800.0, indoor_dry_bulb_c=24.9)
    worker.step()
    world.read(24.0, electric_power_w=800.0, indoor_dry_bulb_c=25.1)
    world.read(22.0, changed_by="remote", electric_power_w=800.0)
    world.read(23.0, changed_by="remote")  # warmer: nobody was too warm
    world.say("d1", "a_bit_warm")
    world.say("d1", "not_home")
    for _ in range(50):
        world.read(23.0)
        worker.step()

    (day,) = _days(world, "d1")
    assert (day.day.isoformat(), day.overrides, day.warm_words) == ("2025-07-01", 1, 1)
    assert day.measured_h == pytest.approx(0.25, abs=1e-3)  # three readings of 300 s
    assert day.electric_energy_kwh == pytest.approx(0.2, abs=1e-3)
    assert day.warm_minutes == pytest.approx(5.0)  # one of them is 2 K above the habit of 23 °C
    assert day.decisions > 10

    world.add_home("d1", home_id="h2")  # the next people are told nothing of these
    worker.refresh()
    world.read(23.0)
    worker.step()
    assert _days(world, "d1") == []
