"""What the worker keeps of a home: with whom it goes on, and when it begins anew."""

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.ports.records import DEVICES_PK, device_pk
from cloud.ports.state import Delete, Put

if TYPE_CHECKING:
    from tests.unit.cloud.advisor.conftest import World


T0 = datetime(2025, 7, 1, 10, tzinfo=UTC)


STEP = timedelta(minutes=15)


def test_a_state_that_cannot_be_read_is_learnt_anew(world: "World") -> None:
    world.add_home("d1")
    world.read(23.0)
    world.worker().step()
    item = world.store.get(device_pk("d1"), "advisor_state")
    assert item is not None
    damaged = item.body | {"advisor": base64.b64encode(b"damaged").decode()}
    world.store.transact([Put(device_pk("d1"), "advisor_state", damaged)])

    world.read(23.0)
    world.worker().step()

    assert world.advice("d1").expected_saving_kwh == pytest.approx(0.1)


def test_what_was_learnt_leaves_with_the_home(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0)
    worker.step()

    world.store.transact([Delete(DEVICES_PK, "d1")])
    worker.refresh()
    worker.step()
    assert [item.sk for item in world.items(device_pk("d1"))] == ["device", "preferences"]

    world.add_home("d1", home_id="h2")
    worker.refresh()
    world.read(23.0)
    worker.step()
    assert world.advice("d1").expected_saving_kwh == pytest.approx(0.1)  # one reading: it began anew


def test_another_home_begins_anew_even_if_the_worker_never_saw_the_change(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0, 23.0)
    worker.step()

    world.add_home("d1", home_id="h2")
    worker.refresh()
    world.read(23.0)
    worker.step()

    assert world.advice("d1").expected_saving_kwh == pytest.approx(0.1)


def test_the_first_setpoint_seen_is_the_habit_when_nobody_told_it(world: "World") -> None:
    world.add_home("d1", habit_c=None)
    worker = world.worker()
    world.read(None, 21.5, 23.0)
    worker.step()

    assert world.advice("d1").setpoint_c == 22.5

    world.read(23.0)
    world.worker().step()
    assert world.advice("d1").setpoint_c == 22.5


def test_another_champion_goes_on_with_what_was_learnt(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0, 23.0)
    worker.step()

    worker.use(type(world.champion)("v2"))
    world.read(23.0)
    worker.step()

    assert worker.champion == "v2"
    assert world.advice("d1").champion == "v2"
    assert world.advice("d1").expected_saving_kwh == pytest.approx(0.3)


def test_a_repeated_or_late_reading_teaches_nothing(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0, 23.0)
    world.now = T0
    world.read(22.0)
    worker.step()

    assert world.advice("d1").expected_saving_kwh == pytest.approx(0.2)
    assert world.progress().position == 3
