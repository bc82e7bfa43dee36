"""Lists come in parts, and a cursor is good for nothing but the next part of its own list."""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, Reply, World


def _next(answer: "Reply") -> str | None:
    link = answer.headers.get("Link")
    if link is None:
        return None
    target, _, relation = link.partition("; ")
    assert relation == 'rel="next"'
    return str(target.strip("<>"))


def _walk(person: "Person", path: str, members: str = "items") -> list[list[dict[str, object]]]:
    """All parts of a list."""
    parts: list[list[dict[str, object]]] = []
    following: str | None = path
    while following is not None:
        answer = person.get(following)
        assert answer.status_code == 200, answer.text
        parts.append(answer.json[members])
        following = _next(answer)
    return parts


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_the_parts_are_the_whole(world: "World", limit: int) -> None:
    person = world.sign_up()
    for number in range(5):
        world.device_of(person, f"dev-{number}")
    for setpoint_c in (22.0, 23.0, 24.0, 25.0, 26.0):
        person.post("/v1/devices/dev-0/commands", json={"setpoint_c": setpoint_c})

    for path in ("/v1/homes", "/v1/devices", "/v1/devices/dev-0/commands"):
        (whole,) = _walk(person, path)
        parts = _walk(person, f"{path}?limit={limit}")
        assert [len(part) for part in parts] == [limit] * (5 // limit) + [5 % limit] * (5 % limit > 0)
        assert [member for part in parts for member in part] == whole


@pytest.mark.parametrize("resolution", [None, "10min"])
def test_the_history_comes_in_parts(world: "World", resolution: str | None) -> None:
    person = world.sign_up()
    device_id = world.device_of(person)
    for minutes in range(1, 58, 3):
        world.report(device_id, world.clock.at - timedelta(minutes=minutes))
    query = {} if resolution is None else {"resolution": resolution}
    path = f"/v1/devices/{device_id}/telemetry"

    (whole,) = _walk(person, f"{path}?{urlencode(query)}", "readings")
    parts = _walk(person, f"{path}?{urlencode({**query, 'limit': 4})}", "readings")

    assert len(parts) > 1
    assert [point for part in parts for point in part] == whole


def test_a_part_is_known_again_only_while_it_leads_to_the_same(world: "World") -> None:
    person = world.sign_up()
    world.device_of(person, "dev-a")
    before = person.get("/v1/devices?limit=1")
    world.device_of(person, "dev-b")

    after = person.get("/v1/devices?limit=1", headers={"If-None-Match": before.headers["ETag"]})

    assert (before.headers.get("Link"), after.status_code) == (None, 200)
    assert _next(after) is not None


def test_another_replica_reads_the_cursor(world: "World") -> None:
    from mobile_api.cursors import Cursors  # noqa: PLC0415 (beside its only use)

    with world.app.test_request_context("/v1/homes"):
        link = Cursors(world.state).link("a-1", "h-1")
    with world.app.test_request_context(link.partition(">")[0].strip("<")):
        assert Cursors(world.state).position("a-1") == "h-1"


def test_a_cursor_is_good_for_nothing_else(world: "World") -> None:
    owner, stranger = world.sign_up(), world.sign_up()
    for person in (owner, stranger):
        for _ in range(3):
            world.home_of(person)
    following = _next(owner.get("/v1/homes?limit=1"))
    assert following is not None
    cursor = following.partition("cursor=")[2]
    changed = cursor[:5] + ("A" if cursor[5] != "A" else "B") + cursor[6:]

    refused = [
        stranger.get(following),
        owner.get(f"/v1/devices?limit=1&cursor={cursor}"),
        owner.get(f"/v1/homes?limit=2&cursor={cursor}"),
        owner.get(f"/v1/homes?limit=1&cursor={changed}"),
        owner.get("/v1/homes?limit=1&cursor=nonsense"),
        owner.get("/v1/homes?limit=1&cursor="),
    ]

    assert owner.get(following).status_code == 200
    assert {answer.status_code for answer in refused} == {400}
    assert len({answer.json["detail"] for answer in refused}) == 1
