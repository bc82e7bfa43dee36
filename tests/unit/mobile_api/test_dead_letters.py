"""Operators see what was refused and why; what a home's device has said, nobody but its people sees."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud.ports.telemetry import DeadLetter, IngestCommit, LetterQuery
from mobile_api.operations import Operations
from mobile_api.operators import grant_operator

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.unit.mobile_api.conftest import Person, World

SAID = b'{"device_id": "dev-1", "indoor_dry_bulb_c": 21.375, "owner": "Ann Example", "mode": "cold"}'
EMAIL, PASSWORD = "op@example.org", "a long enough one"


@pytest.fixture
def operator(world: "World") -> "Person":
    world.sign_up(EMAIL)
    with world.app.app_context():
        grant_operator(world.state, EMAIL, world.clock.at)
    person = world.nobody()
    person.token = world.exchange(world.code(EMAIL, scope="admin")).json["access_token"]
    return person


@pytest.fixture
def browser(world: "World", operator: "Person") -> "FlaskClient":
    client = world.app.test_client()
    assert client.post("/login", data={"email": EMAIL, "password": PASSWORD}).status_code == 303
    return client


def refuse(world: "World", number: int, **facts: Any) -> None:  # noqa: ANN401 (any field)
    letter = DeadLetter(
        letter_id=f"{number:032x}",
        received_at=world.clock.at + timedelta(minutes=facts.pop("minute", number)),
        topic=facts.pop("topic", "dt/ac/dev-1/telemetry"),
        principal=facts.pop("principal", "dev-1"),
        reason=facts.pop("reason", "mode: Input should be 'off', 'cool' or 'heat'"),
        index=facts.pop("index", 3),
        element=facts.pop("element", SAID),
    )
    world.readings.commit(IngestCommit(dead_letters=[letter]))


def test_letters_are_listed_part_by_part_the_newest_first_each_once(
    world: "World", operator: "Person"
) -> None:
    for number in range(5):
        refuse(world, number, minute=number // 2)  # some of one moment

    seen: list[int] = []
    matching, path = 0, "/v1/dead-letters?limit=2"
    while path:
        answer = operator.get(path)
        seen += [int(item["letter_id"], 16) for item in answer.json["items"]]
        matching = answer.json["matching"]
        link = answer.headers.get("Link", "")
        path = link[1 : link.index(">")] if link else ""

    assert seen == [4, 3, 2, 1, 0]
    assert matching == 5


def test_they_are_found_by_reason_publisher_and_state_and_counted(world: "World", operator: "Person") -> None:
    refuse(world, 1)
    refuse(world, 2, reason="unknown device", principal="dev-2")
    refuse(world, 3, reason="unknown device", principal="dev-3")
    (third,) = world.readings.select(LetterQuery(letter_id=f"{3:032x}"), 1)
    world.readings.settle(third, world.clock.at, IngestCommit())

    def found(query: str) -> list[str]:
        return [item["publisher"] for item in operator.get(f"/v1/dead-letters?{query}").json["items"]]

    assert found("reason=unknown") == ["dev-2"]
    assert found("publisher=dev-1") == ["dev-1"]
    assert found("state=replayed") == ["dev-3"]
    assert found("state=all&reason=unknown") == ["dev-3", "dev-2"]
    assert operator.get("/v1/dead-letters?state=all").json["by_reason"][0] == {
        "reason": "unknown device",
        "letters": 2,
    }


def test_one_letter_says_which_fields_it_has_and_not_what_they_say(
    world: "World", operator: "Person", browser: "FlaskClient"
) -> None:
    refuse(world, 7)

    letter = operator.get(f"/v1/dead-letters/{7:032x}")
    page = browser.get(f"/operator/letters/{7:032x}").text

    assert letter.json["known_fields"] == ["device_id", "indoor_dry_bulb_c", "mode"]
    assert (letter.json["unknown_fields"], letter.json["size_bytes"]) == (1, len(SAID))
    for told in (letter.text, page, browser.get("/operator/letters").text):
        assert "Input should be" in told
        for value in ("21.375", "Ann Example", "owner", '"cold"'):
            assert value not in told


@pytest.mark.parametrize("element", [b"\xff\xfe", b"[1, 2]", b"{"])
def test_what_is_no_object_is_said_to_be_none(world: "World", operator: "Person", element: bytes) -> None:
    refuse(world, 7, element=element, topic="dt/ac/gw-1/batch", index=None)

    letter = operator.get(f"/v1/dead-letters/{7:032x}").json

    assert (letter["known_fields"], letter["kind"], letter["index"]) == (None, "batch", None)


def test_a_part_of_an_id_names_no_letter(world: "World", operator: "Person", browser: "FlaskClient") -> None:
    refuse(world, 7)

    assert operator.get(f"/v1/dead-letters/{7:032x}"[:-1]).status_code == 404
    gone = browser.get("/operator/letters/none", headers={"Accept": "text/html"})
    assert (gone.status_code, "There is nothing here" in gone.text) == (404, True)


def test_the_page_goes_on_by_a_link_and_says_when_there_is_nothing(
    world: "World", browser: "FlaskClient"
) -> None:
    assert "Nothing like this was refused" in browser.get("/operator/letters").text
    refuse(world, 1, reason="first")
    refuse(world, 2, reason="second")

    page = browser.get("/operator/letters?limit=1").text
    following = page.split('href="/operator/letters?')[1].split('"')[0].replace("&amp;", "&")
    older = browser.get(f"/operator/letters?{following}")

    assert ("Older ones" in page, page.count("</a></td>")) == (True, 1)
    assert f'/operator/letters/{1:032x}"' in older.text
    assert "Older ones" not in older.text


@pytest.mark.parametrize("path", ["/v1/dead-letters", f"/v1/dead-letters/{7:032x}", "/operator/letters"])
def test_they_are_for_operators_only(world: "World", path: str) -> None:
    refuse(world, 7)

    assert world.sign_up().get(path).status_code == 403
    assert world.nobody().get(path).status_code == 401


def test_no_route_but_an_operators_may_name_a_letter() -> None:
    operations = Operations("x")

    def show(letter_id: str) -> None:
        """Nothing."""

    with pytest.raises(TypeError, match="nobody checks"):
        operations.get("/v1/letters/<letter_id>")(show)
