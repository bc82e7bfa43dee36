"""What people wish for: how far the advisor goes, the week, vacations, quiet hours and presence."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.advice import Preferences, QuietHours
from cloud.ports.records import (
    Autonomy,
    HomeRecord,
    PreferencesRecord,
    ScheduleRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import Put
from edge.contract import Desired
from tests.unit.cloud.advisor.conftest import T0

if TYPE_CHECKING:
    from cloud.advisor_worker import AdvisorWorker
    from tests.unit.cloud.advisor.conftest import World

WEEK: list[dict[str, object]] = [
    {"days": ["tue"], "at": "14:00", "setpoint_c": 25.0},  # 1 July 2025 is a Tuesday; 12:00 UTC
    {"days": ["tue", "wed"], "at": "18:30", "mode": "off"},
]


def _start(world: "World", autonomy: Autonomy) -> "AdvisorWorker":
    """A device at 23 °C whose first advice, 24 °C, has been made."""
    world.add_home("d1", autonomy)
    worker = world.worker()
    world.read(23.0)
    worker.step()
    return worker


def _plan(world: "World", week: list[dict[str, object]]) -> None:
    record = ScheduleRecord.model_validate({"entries": week})
    world.store.transact([Put(device_pk("d1"), "schedule", record.model_dump(mode="json"))])


def _home(world: "World", **changes: object) -> None:
    item = world.store.get(home_pk("h1"), "home")
    assert item is not None
    record = HomeRecord.model_validate({**item.body, **changes})
    world.store.transact([Put(item.pk, item.sk, record.model_dump(mode="json"))])


def _accept(world: "World", worker: "AdvisorWorker") -> None:
    world.say("d1", "accepted", world.advice("d1").advice_id)
    worker.step()
    world.obey()
    worker.step()


def _until_other_advice(world: "World", worker: "AdvisorWorker") -> None:
    """Twelve readings more, and the advice is half a degree warmer."""
    first = world.advice("d1").setpoint_c
    while world.advice("d1").setpoint_c == first:
        world.read(world.requested("d1")[-1].setpoint_c, advice_id=world.requested("d1")[-1].advice_id)
        worker.step()


def test_who_observes_can_accept_nothing(world: "World") -> None:
    worker = _start(world, "observe")

    world.say("d1", "accepted", world.advice("d1").advice_id)
    worker.step()

    assert world.requested("d1") == []


@pytest.mark.parametrize(("autonomy", "followed"), [("suggest", False), ("one_tap", True), ("auto", True)])
def test_after_one_tap_the_advisor_goes_on_with_other_advice(
    world: "World",
    autonomy: Autonomy,
    followed: bool,  # noqa: FBT001 (pytest passes it by name)
) -> None:
    worker = _start(world, autonomy)
    if autonomy != "auto":
        _accept(world, worker)
    accepted = world.requested("d1")[-1].advice_id

    _until_other_advice(world, worker)

    assert (world.requested("d1")[-1].advice_id != accepted) is followed


def test_one_tap_ends_at_the_next_schedule_point(world: "World") -> None:
    worker = _start(world, "one_tap")
    _accept(world, worker)
    world.now = T0 + timedelta(hours=5, minutes=15)  # 17:15 in Berlin
    before = len(world.requested("d1"))

    world.read(23.0, 23.0)
    worker.step()

    assert [each for each in world.requested("d1")[before:] if each.requested_by == "advisor"] == []


def test_one_tap_ends_with_an_undo(world: "World") -> None:
    worker = _start(world, "one_tap")
    _accept(world, worker)

    world.say("d1", "undone", world.advice("d1").advice_id)
    worker.step()
    world.read(23.0, 23.0)
    worker.step()

    assert world.requested("d1")[-1].setpoint_c == 23.0
    assert world.requested("d1")[-1].advice_id is None


def test_who_takes_the_leave_back_is_left_alone_at_once(world: "World") -> None:
    worker = _start(world, "auto")
    world.obey()
    worker.step()

    world.prefer("d1", autonomy="observe")
    worker.refresh()
    worker.step()

    back = world.requested("d1")[-1]
    assert (back.setpoint_c, back.advice_id, back.requested_by) == (23.0, None, "advisor")
    count = len(world.requested("d1"))
    world.read(23.0, 23.0)
    worker.step()
    assert len(world.requested("d1")) == count


def test_who_wants_to_be_asked_again_is_not_acted_for_any_longer(world: "World") -> None:
    worker = _start(world, "auto")
    world.obey()
    worker.step()
    count = len(world.requested("d1"))

    world.prefer("d1", autonomy="suggest")
    worker.refresh()
    for _ in range(10):
        world.read(24.0, advice_id=world.requested("d1")[-1].advice_id, changed_by="advisor")
        worker.step()

    assert len(world.requested("d1")) == count


def test_the_week_is_carried_out_once_in_its_own_name(world: "World") -> None:
    _start(world, "observe")
    _plan(world, WEEK)
    worker = world.worker()
    for _ in range(7):  # 10:15 to 11:45 UTC
        world.read(23.0)
        worker.step()
        worker.refresh()
    assert world.requested("d1") == []

    for _ in range(3):
        world.read(23.0)
        worker.step()
        worker.refresh()

    (desired,) = world.requested("d1")
    assert desired == Desired(
        mode="cool", setpoint_c=25.0, command_id=desired.command_id, requested_by="schedule"
    )
    world.now = datetime(2025, 7, 1, 16, 30, tzinfo=UTC)
    world.read(25.0, changed_by="schedule")
    world.worker().step()
    assert (world.requested("d1")[-1].mode, world.requested("d1")[-1].setpoint_c) == ("off", None)
    assert len(world.requested("d1")) == 2


def test_a_persons_change_waits_for_the_weeks_next_entry_and_two_hours_at_least(world: "World") -> None:
    worker = _start(world, "auto")
    _plan(world, WEEK)
    worker.refresh()
    world.now = datetime(2025, 7, 1, 11, tzinfo=UTC)  # an hour before the entry
    world.read(21.0, changed_by="remote")
    worker.step()
    count = len(world.requested("d1"))

    while world.now < datetime(2025, 7, 1, 13, tzinfo=UTC):
        world.read(21.0, changed_by="remote")
        worker.step()
    assert world.requested("d1")[count:] == []
    world.read(21.0, changed_by="remote")  # at 13:00, two hours after
    worker.step()

    assert world.requested("d1")[count].requested_by == "schedule"


def test_on_vacation_the_week_rests(world: "World") -> None:
    worker = _start(world, "observe")
    _plan(world, WEEK)
    _home(world, away_until=datetime(2025, 7, 3, tzinfo=UTC))
    worker.refresh()
    world.now = datetime(2025, 7, 1, 12, 30, tzinfo=UTC)

    world.read(23.0, 23.0)
    worker.step()

    assert world.requested("d1") == []


def test_all_wishes_reach_the_advisor(world: "World") -> None:
    _start(world, "suggest")
    _plan(world, WEEK)
    prices = tuple(0.1 if hour < 8 else 0.4 for hour in range(24))
    vacation = datetime(2025, 7, 3, tzinfo=UTC)
    _home(world, tariff_by_hour=prices, away_until=vacation, share_phone_presence=True)
    quiet = {"start": "22:30", "end": "07:00"}
    world.prefer("d1", comfort_or_savings="savings", max_setpoint_c=27.0, quiet_hours=quiet)
    worker = world.worker()

    (profile,) = worker.profiles

    assert profile.preferences == Preferences(
        max_setpoint_c=27.0,
        comfort_lambda=5.0,
        quiet_hours=QuietHours(22.5, 7.0),
        tariff_per_kwh=prices,
        share_presence=True,
        away_until=vacation,
        schedule_min=(1440 + 14 * 60, 1440 + 18 * 60 + 30, 2 * 1440 + 18 * 60 + 30),
    )


@pytest.mark.parametrize(("weight", "word"), [(20.0, "comfort"), (10.0, "balanced"), (5.0, "savings")])
def test_preferences_of_before_the_words_are_read(weight: float, word: str) -> None:
    assert PreferencesRecord.model_validate({"comfort_lambda": weight}).comfort_or_savings == word
