from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.ports.records import AdviceRecord, AdviceStatus, PlanRecord, PlanStepRecord, device_pk
from cloud.ports.state import Put

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld, Person, World

BINDING_NAMES = {
    *("advice_id", "device_id", "setpoint_c", "mode", "fan", "valid_until", "expected_saving_kwh"),
    *("saving_interval_kwh", "expected_saving_money", "saving_interval_money", "currency"),
    *("notice_probability", "reason", "counterfactual", "status"),
}
"""DESIGN, section 3."""

PATH = "/v1/devices/dev-1/recommendation"
ADVICE = "/v1/recommendations/advice-dev-1"


@pytest.fixture
def person(world: "World") -> "Person":
    person = world.sign_up()
    world.device_of(person)
    return person


@pytest.fixture
def advice(world: "World", person: "Person") -> AdviceRecord:
    return world.advise("dev-1")


def test_a_recommendation_has_exactly_the_binding_names(person: "Person", advice: AdviceRecord) -> None:
    shown = person.get(PATH).json

    assert set(shown) == BINDING_NAMES
    assert set(shown["counterfactual"]) == {"habit_setpoint_c", "habit_kwh", "advised_kwh", "until"}
    assert shown["saving_interval_kwh"] == [0.7, 1.5]
    assert shown["valid_until"] == "2026-07-14T14:00:00Z"


def test_off_is_null(world: "World", person: "Person") -> None:
    world.advise("dev-1", setpoint_c=None, mode="off")

    assert person.get(PATH).json["setpoint_c"] is None


@pytest.mark.parametrize(
    ("verdict", "kind"), [("accept", "accepted"), ("dismiss", "dismissed"), ("undo", "undone")]
)
def test_an_answer_is_left_for_the_advisor_and_seen_at_once(
    world: "World", person: "Person", advice: AdviceRecord, verdict: str, kind: str
) -> None:
    answered = person.post(f"{ADVICE}/{verdict}")

    assert answered.status_code == 200
    assert answered.json["status"] == kind
    assert person.get(PATH).json["status"] == kind
    (entry,) = world.inbox()
    assert (entry.kind, entry.advice_id, entry.device_id) == (kind, advice.advice_id, "dev-1")


def test_the_advice_itself_is_not_written(world: "World", person: "Person", advice: AdviceRecord) -> None:
    before = world.state.get(device_pk("dev-1"), "advice")

    person.post(f"{ADVICE}/accept")

    assert world.state.get(device_pk("dev-1"), "advice") == before


def test_a_reason_is_left_right_behind_the_answer(
    world: "World", person: "Person", advice: AdviceRecord
) -> None:
    person.post(f"{ADVICE}/dismiss", json={"reason": "too_hot"})

    assert [(entry.kind, entry.advice_id) for entry in world.inbox()] == [
        ("dismissed", "advice-dev-1"),
        ("too_hot", "advice-dev-1"),
    ]


def test_the_same_answer_twice_is_left_once(world: "World", person: "Person", advice: AdviceRecord) -> None:
    assert [person.post(f"{ADVICE}/accept").status_code for _ in range(2)] == [200, 200]

    assert len(world.inbox()) == 1


def test_a_person_may_think_again(world: "World", person: "Person", advice: AdviceRecord) -> None:
    for verdict, status in (("dismiss", "dismissed"), ("accept", "accepted"), ("undo", "undone")):
        assert person.post(f"{ADVICE}/{verdict}").json["status"] == status

    assert [entry.kind for entry in world.inbox()] == ["dismissed", "accepted", "undone"]


def test_accepting_what_is_in_force_changes_nothing(world: "World", person: "Person") -> None:
    world.advise("dev-1", status="applied")

    assert person.post(f"{ADVICE}/accept").json["status"] == "applied"
    assert world.inbox() == []


def test_the_advisors_word_replaces_the_remembered_answer(
    world: "World", person: "Person", advice: AdviceRecord
) -> None:
    person.post(f"{ADVICE}/accept")

    world.advise("dev-1", status="applied")

    assert person.get(PATH).json["status"] == "applied"


def test_the_same_advice_offered_again_is_offered(
    world: "World", person: "Person", advice: AdviceRecord
) -> None:
    person.post(f"{ADVICE}/dismiss")

    world.advise("dev-1", status="offered")  # same setpoint, so the same advice_id

    assert person.get(PATH).json["status"] == "offered"


def test_advice_whose_time_is_over_has_expired_and_cannot_be_answered(
    world: "World", person: "Person", advice: AdviceRecord
) -> None:
    world.clock.at = advice.valid_until
    world.clock.forward(seconds=-1)
    world.renew(person)
    assert person.get(PATH).json["status"] == "offered"
    world.clock.forward(seconds=1)

    assert person.get(PATH).json["status"] == "expired"
    assert person.post(f"{ADVICE}/accept").status_code == 409
    assert world.inbox() == []


@pytest.mark.parametrize("status", ["accepted", "applied", "dismissed", "undone"])
def test_only_an_offer_expires(world: "World", person: "Person", status: AdviceStatus) -> None:
    world.advise("dev-1", status=status, valid_until=world.clock.at - timedelta(hours=1))

    assert person.get(PATH).json["status"] == status


def test_with_the_devices_clock_an_old_season_has_not_expired(make_world: "MakeWorld") -> None:
    world = make_world(clock="telemetry")
    person = world.sign_up()
    world.device_of(person)
    summer = world.clock.at - timedelta(days=300)
    world.report("dev-1", summer)
    world.advise("dev-1", valid_until=summer + timedelta(hours=1))

    assert person.post(f"{ADVICE}/accept").json["status"] == "accepted"
    assert world.inbox()[0].at == summer


def test_advice_that_was_replaced_is_not_found(
    world: "World", person: "Person", advice: AdviceRecord
) -> None:
    world.advise("dev-1", advice_id="newer")

    assert person.post(f"{ADVICE}/accept").status_code == 404


def test_an_unknown_verdict_or_reason_is_refused(person: "Person", advice: AdviceRecord) -> None:
    assert person.post(f"{ADVICE}/ignore").status_code == 404
    assert person.post(f"{ADVICE}/dismiss", json={"reason": "ugly"}).status_code == 422
    assert person.post(f"{ADVICE}/dismiss", data="x", content_type="text/plain").status_code == 415


def test_entries_of_one_device_sort_in_the_order_of_time(
    world: "World", person: "Person", advice: AdviceRecord
) -> None:
    for verdict in ("accept", "undo", "accept", "dismiss"):
        person.post(f"{ADVICE}/{verdict}")
        world.clock.forward(seconds=0.001)

    assert [entry.kind for entry in world.inbox()] == ["accepted", "undone", "accepted", "dismissed"]


@pytest.mark.parametrize("kind", ["too_hot", "a_bit_warm", "too_cold", "not_home"])
def test_how_it_feels_can_be_said_at_any_time(world: "World", person: "Person", kind: str) -> None:
    answer = person.post("/v1/devices/dev-1/feedback", json={"kind": kind})

    assert answer.status_code == 202
    assert answer.json == {"device_id": "dev-1", "kind": kind, "at": "2026-07-14T12:00:00Z"}
    (entry,) = world.inbox()
    assert (entry.kind, entry.advice_id) == (kind, None)


def test_feedback_cannot_stand_in_for_an_answer(world: "World", person: "Person") -> None:
    assert person.post("/v1/devices/dev-1/feedback", json={"kind": "accepted"}).status_code == 422


def test_a_token_may_be_allowed_to_advise_but_not_to_move_devices(world: "World") -> None:
    person = world.sign_up("carol@example.org")
    world.device_of(person)
    world.advise("dev-1")
    limited = world.exchange(world.code("carol@example.org", scope="read advise")).json["access_token"]
    person.token = limited

    assert person.post(f"{ADVICE}/accept").status_code == 200
    assert person.post("/v1/devices/dev-1/commands", json={"mode": "off"}).status_code == 403


def test_the_plan_is_shown_once_there_is_one(world: "World", person: "Person") -> None:
    assert person.get("/v1/devices/dev-1/plan").status_code == 503
    step = PlanStepRecord(at=world.clock.at, setpoint_c=None, mode="off")
    plan = PlanRecord(advice_id="a", made_at=world.clock.at, steps=(step,))
    world.state.transact([Put(device_pk("dev-1"), "plan", plan.model_dump(mode="json"))])

    assert person.get("/v1/devices/dev-1/plan").json == {
        "device_id": "dev-1",
        "advice_id": "a",
        "made_at": "2026-07-14T12:00:00Z",
        "steps": [{"at": "2026-07-14T12:00:00Z", "setpoint_c": None, "mode": "off"}],
    }


def test_who_only_observes_can_accept_nothing(world: "World") -> None:
    person = world.sign_up()
    advice = world.advise(world.device_of(person))
    person.put(f"/v1/devices/{advice.device_id}/preferences", json={"autonomy": "observe"})

    refused = person.post(f"/v1/recommendations/{advice.advice_id}/accept")

    assert (refused.status_code, world.inbox()) == (409, [])
    assert person.post(f"/v1/recommendations/{advice.advice_id}/dismiss").status_code == 200


def test_a_bit_cool_is_heard(world: "World") -> None:
    person = world.sign_up()
    device_id = world.device_of(person)

    person.post(f"/v1/devices/{device_id}/feedback", json={"kind": "a_bit_cool"})

    assert [entry.kind for entry in world.inbox()] == ["a_bit_cool"]


@pytest.mark.parametrize(("path", "questions"), [(PATH, 2), (f"{PATH}?through-flask", 3)])
def test_who_asks_for_advice_costs_the_store_few_questions(
    world: "World", monkeypatch: pytest.MonkeyPatch, path: str, questions: int
) -> None:
    """The session, the device with its advice, the home with who is in it; quickly the first two are one."""
    person = world.sign_up()
    world.device_of(person)
    world.advise("dev-1")
    asked: list[str] = []
    for name in ("get", "get_each", "query"):
        monkeypatch.setattr(world.state, name, _counted(asked, getattr(world.state, name)))

    assert person.get(path).status_code == 200

    assert len(asked) == questions


def _counted(asked: list[str], question: Callable[..., object]) -> Callable[..., object]:
    def ask(*key: object) -> object:
        asked.append(str(key))
        return question(*key)

    return ask
