"""People's words and hands: what they do wins, what they accept is done, what they refuse is taken back."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.device_memory import Memory, load
from cloud.ports.records import Autonomy, FeedbackKind, device_pk
from edge.contract import ChangedBy, Desired

if TYPE_CHECKING:
    from cloud.advisor_worker import AdvisorWorker
    from tests.unit.cloud.advisor.conftest import World

T0 = datetime(2025, 7, 1, 10, tzinfo=UTC)
STEP = timedelta(minutes=15)
SCHEDULE_POINT = datetime(2025, 7, 1, 15, tzinfo=UTC)
"""17:00 in Berlin, the next schedule point after noon there."""


def _start(world: "World", autonomy: Autonomy = "auto") -> "AdvisorWorker":
    """A device at 23 °C whose first advice, 24 °C, has been made."""
    world.add_home("d1", autonomy)
    worker = world.worker()
    world.read(23.0)
    worker.step()
    return worker


def _obeying(world: "World") -> "AdvisorWorker":
    worker = _start(world)
    world.obey()
    worker.step()
    return worker


def _memory(world: "World") -> Memory:
    item = world.store.get(device_pk("d1"), "advisor_state")
    assert item is not None
    return load(item.body)


def test_an_accepted_advice_becomes_a_command_of_the_person(world: "World") -> None:
    worker = _start(world, "suggest")
    advice = world.advice("d1")
    assert world.requested("d1") == []
    world.say("d1", "accepted", advice.advice_id)

    worker.step()

    assert world.requested("d1") == [
        Desired(
            setpoint_c=24.0,
            mode="cool",
            advice_id=advice.advice_id,
            command_id=world.requested("d1")[0].command_id,
            requested_by="app",
            expires_at=advice.valid_until,
        )
    ]
    assert world.advice("d1").status == "accepted"
    assert world.advice("d1").made_at == advice.made_at  # not questioned by a new decision
    assert world.items("inbox#0") == []


def test_what_was_accepted_goes_on_in_the_persons_name_while_the_advice_stands(world: "World") -> None:
    worker = _start(world, "suggest")
    world.say("d1", "accepted", world.advice("d1").advice_id)
    for _ in range(8):
        worker.step()
        world.obey()

    assert [desired.requested_by for desired in world.requested("d1")] == ["app", "app"]
    assert len({desired.advice_id for desired in world.requested("d1")}) == 1
    assert world.advice("d1").status == "applied"


def test_a_new_advice_is_not_applied_by_an_old_yes(world: "World") -> None:
    worker = _start(world, "suggest")
    world.say("d1", "accepted", world.advice("d1").advice_id)
    worker.step()
    world.obey()
    worker.step()
    world.say("d1", "a_bit_warm")
    worker.step()

    assert world.advice("d1").setpoint_c == 23.5
    assert world.advice("d1").status == "offered"
    assert len(world.requested("d1")) == 1


@pytest.mark.parametrize("kind", ["accepted", "dismissed", "undone"])
def test_an_answer_to_an_advice_that_was_replaced_is_ignored(world: "World", kind: FeedbackKind) -> None:
    worker = _start(world, "suggest")
    before = world.advice("d1")
    world.say("d1", kind, "another-advice")

    worker.step()

    assert world.advice("d1") == before
    assert world.requested("d1") == []
    assert world.items("inbox#0") == []


def test_an_advice_that_has_ended_cannot_be_accepted(world: "World") -> None:
    world.clock = "wall"
    worker = _start(world, "suggest")
    world.now += timedelta(hours=3)
    world.say("d1", "accepted", world.advice("d1").advice_id)

    worker.step()

    assert world.requested("d1") == []


def test_feedback_is_heard_in_order_and_answered_at_once(world: "World") -> None:
    worker = _start(world, "auto")
    for kind in ("too_hot", "a_bit_warm", "not_home", "too_cold"):
        world.say("d1", kind)

    worker.step()

    assert worker.progress.decisions == 2
    # +1 °C, less 0.5 °C for each of two complaints; "too_cold" came last, so somebody is home
    assert world.advice("d1").setpoint_c == 23.0
    assert world.requested("d1")[-1].setpoint_c == 23.0


def test_undone_goes_back_to_what_was_before_and_stays_there(world: "World") -> None:
    worker = _obeying(world)
    entry = world.say("d1", "undone", world.advice("d1").advice_id)
    worker.step()

    back = world.requested("d1")[-1]
    assert back == Desired(setpoint_c=23.0, mode="cool", command_id=entry, requested_by="app")
    for _ in range(10):
        world.read(23.0, changed_by="app")
        worker.step()
    assert world.requested("d1")[-1] == back


def test_undone_goes_back_to_the_habit_when_nobody_ever_chose(world: "World") -> None:
    world.add_home("d1", "suggest", habit_c=22.0)
    worker = world.worker()
    world.read(25.0, changed_by="advisor")
    worker.step()
    world.say("d1", "undone", world.advice("d1").advice_id)

    worker.step()

    assert (world.requested("d1")[0].mode, world.requested("d1")[0].setpoint_c) == ("cool", 22.0)


def test_a_dismissed_offer_is_not_offered_again_before_the_schedule_point(world: "World") -> None:
    worker = _start(world, "suggest")
    world.say("d1", "dismissed", world.advice("d1").advice_id)
    worker.step()
    assert world.advice("d1").setpoint_c == 23.5  # the advisor has learnt, and offers another
    world.say("d1", "dismissed", world.advice("d1").advice_id)
    worker.step()
    assert world.requested("d1") == []


def test_a_dismissed_advice_that_was_obeyed_is_taken_back(world: "World") -> None:
    worker = _obeying(world)
    world.say("d1", "dismissed", world.advice("d1").advice_id)

    worker.step()

    assert world.requested("d1")[-1].setpoint_c == 23.0
    assert world.requested("d1")[-1].requested_by == "app"


def test_a_change_at_the_unit_wins_until_the_next_schedule_point(world: "World") -> None:
    worker = _obeying(world)
    commands = len(world.requested("d1"))

    world.read(21.0, changed_by="remote")  # at 10:30 UTC
    worker.step()
    assert worker.progress.decisions == 3
    assert world.advice("d1").status == "undone"

    while world.now < SCHEDULE_POINT:
        world.read(21.0, changed_by="remote")
        worker.step()
    assert len(world.requested("d1")) == commands

    world.read(21.0, changed_by="remote")
    worker.step()
    assert len(world.requested("d1")) == commands + 1


def test_a_yes_after_a_change_at_the_unit_counts(world: "World") -> None:
    worker = _obeying(world)
    world.read(21.0, changed_by="remote")
    worker.step()
    world.say("d1", "accepted", world.advice("d1").advice_id)
    worker.step()
    commands = len(world.requested("d1"))
    assert world.requested("d1")[-1].requested_by == "app"

    for _ in range(8):
        world.obey()
        worker.step()

    assert len(world.requested("d1")) > commands  # and is renewed, long before the schedule point


def test_a_change_shortly_before_a_schedule_point_stands_for_two_hours(world: "World") -> None:
    worker = _obeying(world)
    world.now = SCHEDULE_POINT - STEP
    world.read(21.0, changed_by="remote")
    worker.step()

    assert _memory(world).held_until == SCHEDULE_POINT - STEP + timedelta(hours=2)


@pytest.mark.parametrize("changed_by", [None, "unknown", "remote", "voice"])
def test_a_setpoint_that_nobody_asked_for_is_a_persons_change(
    world: "World", changed_by: ChangedBy | None
) -> None:
    worker = _obeying(world)

    world.read(21.0, changed_by=changed_by)
    worker.step()
    world.read(21.0, changed_by=changed_by)
    worker.step()

    assert len(world.requested("d1")) == 1
    assert world.advice("d1").status == "undone"


def test_a_remote_that_chooses_the_advised_setpoint_is_a_persons_change_too(world: "World") -> None:
    worker = _obeying(world)

    world.read(24.0, changed_by="remote")
    worker.step()

    assert _memory(world).in_force is None
    assert _memory(world).held_until == SCHEDULE_POINT


def test_our_own_setpoint_is_no_persons_change_even_if_rounded_and_unsigned(world: "World") -> None:
    worker = _start(world)

    world.read(24.5)  # asked for 24.0; this device takes whole degrees and half ones as it likes
    worker.step()

    assert _memory(world).held_until is None


def test_going_back_at_the_end_of_a_command_is_no_persons_change(world: "World") -> None:
    worker = _obeying(world)
    world.now = T0 + timedelta(hours=2)  # nothing was heard until the command ended

    world.read(23.0, changed_by="remote")
    worker.step()

    assert _memory(world).held_until is None
    assert len(world.requested("d1")) == 2  # advised anew


def test_the_schedule_of_the_home_is_followed_and_does_not_hold(world: "World") -> None:
    worker = _start(world, "suggest")
    world.read(22.0, changed_by="schedule")
    worker.step()
    world.say("d1", "undone", world.advice("d1").advice_id)
    worker.step()

    assert world.requested("d1")[0].setpoint_c == 22.0


def test_a_command_from_the_app_goes_out_as_asked_and_stands(world: "World") -> None:
    worker = _obeying(world)
    until = T0 + timedelta(hours=1)
    asked = {"setpoint_c": 20.0, "mode": "cool", "command_id": "c-7", "requested_by": "voice"}
    world.ask("d1", **asked, expires_at=until.isoformat())
    worker.step()

    assert world.requested("d1")[-1] == Desired(
        setpoint_c=20.0, mode="cool", command_id="c-7", requested_by="voice", expires_at=until
    )
    assert world.advice("d1").status == "undone"
    sent = len(world.requested("d1"))
    world.read(20.0, changed_by="voice")  # at 10:30
    worker.step()
    world.read(20.0, changed_by="voice")  # at 10:45
    worker.step()
    assert len(world.requested("d1")) == sent
    world.read(23.0, changed_by="schedule")  # at 11:00 it goes back
    worker.step()
    assert len(world.requested("d1")) == sent + 1


def test_a_command_without_an_end_stands_until_the_schedule_point(world: "World") -> None:
    worker = _start(world, "suggest")
    entry = world.ask("d1", setpoint_c=20)

    worker.step()

    assert world.requested("d1") == [
        Desired(setpoint_c=20.0, command_id=entry, requested_by="app", expires_at=SCHEDULE_POINT)
    ]


@pytest.mark.parametrize("command", [{"setpoint_c": 99}, {"mode": "heat pump"}, {"expires_at": 5}])
def test_a_command_that_no_device_can_do_is_dropped(world: "World", command: dict[str, object]) -> None:
    worker = _start(world, "suggest")
    world.ask("d1", **command)

    worker.step()

    assert world.requested("d1") == []
    assert world.items("inbox#0") == []


def test_words_before_the_first_reading_harm_nobody(world: "World") -> None:
    world.add_home("d1", habit_c=None)
    worker = world.worker()
    world.say("d1", "accepted")
    world.say("d1", "too_hot")
    world.ask("d1", setpoint_c=22.0)

    worker.step()

    assert [desired.setpoint_c for desired in world.requested("d1")] == [22.0]
    assert world.items("inbox#0") == []
