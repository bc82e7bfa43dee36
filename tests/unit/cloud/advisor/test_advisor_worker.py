"""The worker decides in time, takes people at their word, and hands commands on."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.errors import ConflictError
from cloud.ports.records import Autonomy, PlanRecord, device_pk
from edge.contract import Desired

if TYPE_CHECKING:
    from tests.unit.cloud.advisor.conftest import World

T0 = datetime(2025, 7, 1, 10, tzinfo=UTC)
STEP = timedelta(minutes=15)


def test_the_first_reading_is_answered_by_advice_a_plan_and_a_command(world: "World") -> None:
    world.add_home("d1", "auto")
    worker = world.worker()
    world.read(23.0)

    assert worker.step()

    advice = world.advice("d1")
    assert (advice.setpoint_c, advice.status, advice.made_at, advice.champion) == (24.0, "offered", T0, "v1")
    assert world.requested("d1") == [
        Desired(
            setpoint_c=24.0,
            mode="cool",
            advice_id=advice.advice_id,
            command_id=world.requested("d1")[0].command_id,
            requested_by="advisor",
            expires_at=T0 + timedelta(hours=2),
        )
    ]
    plan = world.store.get(device_pk("d1"), "plan")
    assert plan is not None
    steps = PlanRecord.model_validate(plan.body).steps
    assert [(step.at, step.setpoint_c) for step in steps] == [(T0, 24.0), (T0 + 2 * STEP, 25.0)]


def test_there_is_nothing_to_do_without_news(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0)
    worker.step()

    assert not worker.step()


def test_decides_once_per_interval_of_the_readings_time(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker(interval=3 * STEP)

    decisions = []
    for _ in range(7):
        world.read(23.0)
        worker.step()
        decisions.append(worker.progress.decisions)

    assert decisions == [1, 1, 1, 2, 2, 2, 3]


def test_decides_at_once_when_the_advisor_asks_for_it(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker(interval=8 * STEP)
    for motion in (None, False, True, None):
        world.read(23.0, motion=motion)
        worker.step()

    assert worker.progress.decisions == 2
    assert world.advice("d1").made_at == T0 + 2 * STEP


def test_by_the_wall_clock_the_time_of_day_counts(world: "World") -> None:
    world.clock = "wall"
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0)
    worker.step()
    assert world.advice("d1").made_at == T0 + STEP  # `read` moves the clock on

    world.now += timedelta(minutes=14)
    worker.step()
    assert worker.progress.decisions == 1

    world.now += timedelta(minutes=1)
    world.read(23.0)
    worker.step()
    assert worker.progress.decisions == 2


def test_a_reading_from_the_far_future_does_not_hide_those_that_come_after(world: "World") -> None:
    world.clock = "wall"
    world.add_home("d1")
    worker = world.worker()
    now = world.now
    world.now += timedelta(days=365)
    world.read(23.0)
    world.now = now
    worker.step()
    assert worker.progress.decisions == 0

    world.read(23.0)
    worker.step()

    assert worker.progress.decisions == 1


def test_a_backlog_is_decided_upon_once(world: "World") -> None:
    world.add_home("d1")
    world.add_home("d2", home_id="h2")
    for _ in range(50):
        world.read(23.0, device_id="d1")
        world.read(23.0, device_id="d2")

    world.worker().step()

    assert world.progress().decisions == 2
    assert world.advice("d1").expected_saving_kwh == pytest.approx(5.0)  # 50 readings observed


@pytest.mark.parametrize(
    ("autonomy", "commands"), [("observe", 0), ("suggest", 0), ("one_tap", 0), ("auto", 1)]
)
def test_only_auto_acts_without_being_asked(world: "World", autonomy: Autonomy, commands: int) -> None:
    world.add_home("d1", autonomy)
    worker = world.worker()
    world.read(23.0)

    worker.step()

    assert len(world.requested("d1")) == commands
    assert world.advice("d1").status == "offered"


def test_a_device_that_does_already_what_is_advised_is_left_alone(world: "World") -> None:
    world.add_home("d1", "auto", habit_c=23.0)
    worker = world.worker()
    world.read(24.0)

    worker.step()

    assert world.requested("d1") == []


def test_off_is_advised_as_off(world: "World") -> None:
    world.add_home("d1", "auto")
    worker = world.worker()
    world.read(23.0)
    worker.step()
    world.say("d1", "not_home")

    worker.step()

    assert world.advice("d1").mode == "off"
    assert (world.requested("d1")[-1].mode, world.requested("d1")[-1].setpoint_c) == ("off", None)


def test_the_advice_keeps_its_id_until_it_asks_for_something_else(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker()
    ids = []
    for _ in range(13):  # the advisor asks for 0.5 °C more after every twelfth reading
        world.read(23.0)
        worker.step()
        ids.append(world.advice("d1").advice_id)

    assert len(set(ids[:11])) == 1
    assert len(set(ids[11:])) == 1
    assert ids[0] != ids[12]
    assert worker.progress.advice_served == 2


def test_a_command_is_renewed_before_it_ends_and_not_all_the_time(world: "World") -> None:
    world.add_home("d1", "auto")
    worker = world.worker()
    world.read(23.0)
    worker.step()
    for _ in range(6):
        world.obey()
        worker.step()

    # One that ends within 1.5 intervals is renewed: the first at 12:00 is, by the decision at 11:45.
    assert [desired.expires_at for desired in world.requested("d1")] == [T0 + timedelta(hours=2)]
    world.obey()
    worker.step()

    first, second = world.requested("d1")
    assert second.expires_at == T0 + timedelta(hours=3, minutes=45)
    assert (first.advice_id, first.setpoint_c) == (second.advice_id, second.setpoint_c)


def test_a_command_that_nobody_confirms_is_repeated(world: "World") -> None:
    world.add_home("d1", "auto")
    worker = world.worker()
    world.read(23.0)
    worker.step()

    world.read(23.0)
    worker.step()

    first, second = world.requested("d1")
    assert first.advice_id == second.advice_id
    assert first.command_id != second.command_id


def test_advice_is_applied_when_the_device_says_so(world: "World") -> None:
    world.add_home("d1", "auto")
    worker = world.worker()
    world.read(23.0)
    worker.step()

    world.obey()
    worker.step()

    assert world.advice("d1").status == "applied"
    world.say("d1", "a_bit_warm")
    worker.step()
    world.obey()
    world.obey()
    worker.step()
    assert worker.progress.advice_applied == 2


def test_progress_says_when_all_is_done(world: "World") -> None:
    world.add_home("d1", "auto")
    worker = world.worker()
    world.shadows.available = False
    world.read(23.0, 23.0)
    worker.step()
    stored = world.progress()
    assert (stored.position, stored.watermark, stored.commands_pending) == (2, T0 + STEP, 1)
    assert len(world.items("outbox#0")) == 1

    world.shadows.available = True
    assert not worker.step()  # not yet: a broker that is away is not stormed
    world.seconds += 1
    worker.step()

    stored = world.progress()
    assert (stored.commands_pending, stored.commands_sent, stored.commands_made) == (0, 1, 1)
    assert world.items("outbox#0") == []
    assert len(world.requested("d1")) == 1


def test_a_device_claimed_a_moment_ago_is_looked_after_from_its_first_reading(world: "World") -> None:
    worker = world.worker()
    world.add_home("d1")
    world.read(23.0)

    worker.step()

    assert world.advice("d1").setpoint_c == 24.0


def test_a_device_without_a_home_gets_no_advice(world: "World") -> None:
    worker = world.worker()
    world.read(23.0, 23.0)

    worker.step()

    assert world.progress().position == 2
    assert world.progress().decisions == 0


def test_a_change_of_preferences_is_decided_upon_at_once(world: "World") -> None:
    world.add_home("d1", "suggest")
    worker = world.worker()
    world.read(23.0)
    worker.step()

    world.prefer("d1", autonomy="auto", max_setpoint_c=23.5)
    worker.refresh()
    worker.step()

    assert world.advice("d1").setpoint_c == 23.5
    assert [desired.setpoint_c for desired in world.requested("d1")] == [23.5]


def test_advice_ends_when_nothing_is_heard_of_the_device(world: "World") -> None:
    world.clock = "wall"
    world.add_home("d1", "suggest")
    worker = world.worker()
    world.read(23.0)
    worker.step()

    world.now += timedelta(hours=3)
    worker.refresh()
    worker.step()
    assert world.advice("d1").status == "expired"

    world.read(23.0)
    worker.step()
    assert world.advice("d1").status == "offered"


def test_a_word_for_a_device_that_is_gone_is_dropped(world: "World") -> None:
    worker = world.worker()
    world.say("d9", "too_hot")

    worker.step()

    assert world.items("inbox#0") == []


def test_a_store_with_more_than_one_transactions_worth_of_homes_is_written_whole(world: "World") -> None:
    for number in range(60):
        world.add_home(f"d{number}", home_id=f"h{number}")
    worker = world.worker()
    for number in range(60):
        now = world.now
        world.read(23.0, device_id=f"d{number}")
        world.now = now

    worker.step()

    assert len(world.shadows.requested) == 60
    assert {world.advice(f"d{number}").setpoint_c for number in range(60)} == {24.0}
    stored = world.progress()
    assert (stored.decisions, stored.commands_sent, stored.commands_pending, stored.position) == (
        60,
        60,
        0,
        60,
    )


def test_two_workers_cannot_both_go_on(world: "World") -> None:
    world.add_home("d1")
    first, second = world.worker(), world.worker()
    world.read(23.0)
    first.step()

    with pytest.raises(ConflictError):
        second.step()


def test_the_store_holds_the_progress_the_worker_tells(world: "World") -> None:
    world.add_home("d1")
    worker = world.worker()
    world.read(23.0)
    worker.step()

    assert world.progress() == worker.progress
    assert worker.progress.replay_from == 1
    assert world.store.get(device_pk("d1"), "advisor_state") is not None
