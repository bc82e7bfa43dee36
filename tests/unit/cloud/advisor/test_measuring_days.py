"""Measuring days: nothing is advised, what was advised ends, and only homes that consent take part."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from cloud.assignment import Assignment, Design
from cloud.measuring_day import REASON, keep_assignment
from cloud.ports.records import ADVISOR_PK, ASSIGNMENT_SK, DayRecord, HomeRecord, home_pk
from cloud.ports.state import Put
from cloud.serving import Serving

if TYPE_CHECKING:
    from edge.contract import Desired
    from tests.unit.cloud.advisor.conftest import World

T0 = datetime(2025, 7, 1, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def consent(world: "World", home_id: str = "h1", *, measure_savings: bool = True) -> None:
    item = world.store.get(home_pk(home_id), "home")
    assert item is not None
    home = HomeRecord.model_validate(item.body | {"measure_savings": measure_savings})
    world.store.transact([Put(home_pk(home_id), "home", home.model_dump(mode="json"))])


def switchback(world: "World") -> Assignment:
    keep_assignment(world.store, 7, world.now)
    return Serving(world.store, 900).assignment()


def live(world: "World", days: int) -> None:
    """Let a device that does as it is told, and is at 23 °C by itself, live so many days."""
    worker = world.worker()
    asked: Desired | None = None
    for _ in range(days * 96):
        if asked is None or asked.advice_id is None:
            world.read(23.0 if asked is None else asked.setpoint_c)
        else:
            world.read(asked.setpoint_c, advice_id=asked.advice_id, changed_by="advisor")
        worker.refresh()
        worker.step()
        asked = world.requested("d1")[-1] if world.requested("d1") else None


def days(world: "World") -> list[DayRecord]:
    return Serving(world.store, 900).days("d1", T0.date())


def test_on_measuring_days_a_home_lives_at_its_habit(world: "World") -> None:
    world.add_home("d1")
    consent(world)
    assignment = switchback(world)
    live(world, 15)

    found = {day.day: day for day in days(world)}
    drawn = {day: assignment.of("h1", day).arm for day in found}
    assert {day: each.arm for day, each in found.items()} == drawn
    assert set(drawn.values()) == {"habit", "advised"}
    for logged in world.log.logged:
        local = logged.reading.sampled_at.astimezone(BERLIN)
        if drawn.get(local.date()) == "habit" and (local.hour, local.minute) > (0, 30):
            assert (logged.reading.setpoint_c, logged.reading.advice_id) == (23.0, None)
    assert any(logged.reading.advice_id for logged in world.log.logged)


def test_the_people_see_that_it_is_a_measuring_day(world: "World") -> None:
    world.add_home("d1")
    consent(world)
    assignment = switchback(world)
    while assignment.of("h1", world.now.astimezone(BERLIN).date()).arm != "habit":
        world.now += timedelta(days=1)
    worker = world.worker()
    world.read(23.0)
    worker.step()

    advice = world.advice("d1")
    assert (advice.reason, advice.setpoint_c, advice.expected_saving_kwh) == (REASON, 23.0, 0.0)
    assert world.requested("d1") == []


@pytest.mark.parametrize("consents", [False, True])
def test_without_consent_or_without_a_design_every_day_is_advised(world: "World", *, consents: bool) -> None:
    world.add_home("d1")
    if consents:
        consent(world)
    else:
        switchback(world)
    live(world, 6)

    assert {day.arm for day in days(world)} == {"advised"}


def test_a_share_that_is_changed_holds_from_days_that_have_begun_nowhere(world: "World") -> None:
    keep_assignment(world.store, 0, T0)
    assert world.store.get(ADVISOR_PK, ASSIGNMENT_SK) is None

    keep_assignment(world.store, 1, T0)
    keep_assignment(world.store, 1, T0 + timedelta(days=5))
    keep_assignment(world.store, 7, T0 + timedelta(days=9))

    designs = Serving(world.store, 900).assignment().designs
    assert [each.pairs for each in designs] == [1, 7]
    assert designs[1].since == T0.date() + timedelta(days=11)
    assert designs[0].seed != designs[1].seed
    assert isinstance(designs[0], Design)
