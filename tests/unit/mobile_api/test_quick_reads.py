"""What is answered in front of Flask is what Flask would answer, and is refused at once when it has to be."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from flask import g

from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Item, Key, Put
from mobile_api.records import DecisionRecord
from mobile_api.services import services_of

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld, Person, World

PATH = "/v1/devices/dev-1/recommendation"
SLOWLY = f"{PATH}?slowly"
"""The same question; whatever has a query goes through Flask."""


@dataclass
class Scene:
    """A person with advice, whose token was seen a moment ago, and how often Flask was asked."""

    world: "World"
    person: "Person"
    through_flask: int = 0

    def count(self) -> None:
        self.through_flask += 1

    def quickly(self, person: "Person | None" = None, **options: Any) -> Any:  # noqa: ANN401 (werkzeug's)
        """The answer, which was not Flask's."""
        before = self.through_flask
        answer = (person or self.person).get(PATH, **options)
        assert self.through_flask == before, "it went through Flask"
        return answer

    def refused(self, person: "Person | None" = None, **options: Any) -> tuple[int, int]:  # noqa: ANN401
        """The status of an answer that was Flask's, and of the same asked for slowly."""
        before, person = self.through_flask, person or self.person
        statuses = tuple(person.get(path, **options).status_code for path in (PATH, SLOWLY))
        assert self.through_flask == before + 2
        return statuses


def _scene(world: "World") -> Scene:
    scene = Scene(world, world.nobody())
    world.app.before_request(scene.count)
    scene.person = world.sign_up()
    world.device_of(scene.person)
    world.advise("dev-1")
    assert scene.person.get(SLOWLY).status_code == 200
    return scene


@pytest.fixture
def scene(world: "World") -> Scene:
    return _scene(world)


def _facts(answer: Any) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401 (werkzeug's)
    changing = {"X-Request-Id", "RateLimit", "Date"}
    headers = {name: value for name, value in answer.headers if name not in changing}
    assert len(headers) + len(changing & set(answer.headers.keys())) == len(answer.headers)
    return answer.status_code, headers, answer.data


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "text/html"},
        {"Accept-Encoding": "gzip"},
        {"If-None-Match": '"something else"'},
        {"If-None-Match": "*"},
        {"If-None-Match": "no tag at all"},
        {"If-None-Match": '"<tag>"'},
        {"If-None-Match": 'W/"<tag>"'},
        {"If-None-Match": '"other", "<tag>-gzip"'},
        {"X-Request-Id": "mine-1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_the_answer_is_that_of_flask(scene: Scene, headers: dict[str, str]) -> None:
    tag = scene.person.get(SLOWLY).get_etag()[0]
    headers = {name: value.replace("<tag>", str(tag)) for name, value in headers.items()}

    quick, slow = scene.quickly(headers=headers), scene.person.get(SLOWLY, headers=headers)

    assert _facts(quick) == _facts(slow)
    assert (quick.headers["X-Request-Id"] == "mine-1") == ("X-Request-Id" in headers)


@pytest.mark.parametrize(
    "odd",
    [
        {"headers": {"If-Match": '"x"'}},
        {"headers": {"Range": "bytes=0-1"}},
        {"headers": {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}},
        {"headers": {"Origin": "https://elsewhere.example"}},
        {"headers": {"Authorization": "Basic abc"}},
        {"headers": {"Authorization": "Bearer junk"}},
        {"data": b"{}"},
        {"method": "HEAD"},
        {"method": "POST"},
    ],
    ids=str,
)
def test_what_is_not_plain_is_flasks(scene: Scene, odd: dict[str, Any]) -> None:
    before = scene.through_flask

    scene.person.call(**{"method": "GET", "path": PATH, **odd})

    assert scene.through_flask == before + 1


def test_each_is_counted_once_by_limit_and_metrics(scene: Scene) -> None:
    def remaining(answer: Any) -> int:  # noqa: ANN401 (werkzeug's)
        return int(answer.headers["RateLimit"].split("r=")[1].split(";")[0])

    left = [remaining(scene.quickly()), remaining(scene.person.get(SLOWLY)), remaining(scene.quickly())]
    told = services_of(scene.world.app).metrics.exposition()

    assert [left[0] - each for each in left] == [0, 1, 2]
    route = 'route="/v1/devices/<device_id>/recommendation"'
    assert f'api_requests_total{{method="GET",{route},status="200"}} 4.0' in told


def test_a_quota_that_is_used_up_is_refused_and_counted_once(make_world: "MakeWorld") -> None:
    scene = _scene(make_world(rate_per_minute=6))
    answers = [scene.person.get(PATH) for _ in range(5)]

    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json["status"] == 429
    assert answers[-1].headers["Retry-After"] == "10"


def test_who_has_left_a_home_sees_nothing_with_the_next_request(scene: Scene) -> None:
    (home,) = scene.person.get("/v1/homes").json["items"]
    guest = scene.world.join(scene.person, home["home_id"], "guest")
    account_id = guest.get("/v1/accounts/me").json["account_id"]
    assert scene.quickly(guest).status_code == 200

    scene.person.delete(f"/v1/homes/{home['home_id']}/members/{account_id}")

    assert scene.refused(guest) == (404, 404)
    assert scene.quickly().status_code == 200


def test_a_sign_in_that_has_ended_is_refused_with_the_next_request(scene: Scene) -> None:
    assert scene.quickly().status_code == 200

    scene.world.nobody().post(
        "/oauth/revoke", data={"token": scene.person.refresh_token, "client_id": "ac-advisor-app"}
    )

    assert scene.refused() == (401, 401)


def test_a_token_for_something_else_does_not_read(scene: Scene) -> None:
    tokens = scene.world.exchange(scene.world.code("person1@example.org", scope="advise")).json
    button = replace(scene.person, token=tokens["access_token"])
    assert button.post("/v1/recommendations/advice-dev-1/accept").status_code == 200

    assert scene.refused(button) == (403, 403)


def test_what_is_anothers_is_not_there(scene: Scene) -> None:
    stranger = scene.world.sign_up()
    assert stranger.get("/v1/homes").status_code == 200
    assert scene.quickly().status_code == 200

    assert scene.refused(stranger) == (404, 404)


def test_a_device_that_has_moved_is_its_new_persons_at_once(scene: Scene) -> None:
    other = scene.world.sign_up()
    assert scene.quickly().status_code == 200

    moved = DeviceRecord(device_id="dev-1", home_id=scene.world.home_of(other))
    scene.world.state.transact([Put(device_pk("dev-1"), "device", moved.model_dump(mode="json"))])
    scene.world.advise("dev-1", setpoint_c=27.0)

    assert scene.refused() == (404, 404)
    assert scene.quickly(other).json["setpoint_c"] == 27.0


def test_new_advice_and_new_answers_are_shown_at_once(scene: Scene) -> None:
    shown = [scene.quickly().json]
    scene.world.advise("dev-1", setpoint_c=26.0)
    shown.append(scene.quickly().json)
    decision = DecisionRecord(advice_id="advice-dev-1", advice_version=2, status="accepted")
    scene.world.state.transact([Put(device_pk("dev-1"), "decision", decision.model_dump(mode="json"))])
    shown.append(scene.quickly().json)

    assert [(each["setpoint_c"], each["status"]) for each in shown] == [
        (25.5, "offered"),
        (26.0, "offered"),
        (26.0, "accepted"),
    ]


def test_advice_expires_by_the_clock_and_a_token_is_checked_again_after_a_minute(scene: Scene) -> None:
    scene.world.advise("dev-1", valid_until=scene.world.clock.at)

    assert scene.quickly().json["status"] == "expired"
    scene.world.clock.forward(seconds=61)
    before = scene.through_flask
    assert scene.person.get(PATH).status_code == 200
    assert scene.through_flask == before + 1


def test_without_advice_or_with_a_record_that_no_schema_knows_the_error_is_flasks(scene: Scene) -> None:
    assert scene.quickly().status_code == 200
    scene.world.state.transact([Put(device_pk("dev-1"), "advice", {"advice_id": 1})])

    assert scene.refused() == (500, 500)


def test_other_sites_scripts_are_thought_of(make_world: "MakeWorld") -> None:
    scene = _scene(make_world(cors_origins=["https://app.example"]))

    assert scene.quickly().headers["Vary"] == scene.person.get(SLOWLY).headers["Vary"]


def test_a_quick_read_costs_the_store_one_question(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.quickly()
    asked: list[Collection[Key]] = []
    each = scene.world.state.get_each

    def counted(keys: Collection[Key]) -> dict[Key, Item]:
        asked.append(keys)
        return each(keys)

    for name in ("get", "query"):
        monkeypatch.setattr(scene.world.state, name, lambda *_: pytest.fail("another question"))
    monkeypatch.setattr(scene.world.state, "get_each", counted)

    assert scene.quickly().status_code == 200

    assert len(asked) == 1


def test_requests_leave_nothing_behind_in_their_thread(scene: Scene) -> None:
    scene.quickly()

    with scene.world.app.app_context():
        assert "rate_limit" not in g
