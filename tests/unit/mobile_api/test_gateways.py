"""A gateway comes into a home, brings devices in, and leaves with them."""

from typing import TYPE_CHECKING

import pytest

from cloud.finding import WAITS, FindingDesk
from cloud.ports.deletion import was_deleted
from cloud.ports.records import device_pk, gateway_pk
from edge.contract import FoundDevice
from edge.contract.claim import found_id

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World


@pytest.fixture
def owner(world: "World") -> "Person":
    return world.sign_up()


@pytest.fixture
def home_id(world: "World", owner: "Person") -> str:
    return world.home_of(owner)


def test_a_gateway_is_claimed_once_and_brings_its_devices(
    world: "World", owner: "Person", home_id: str
) -> None:
    world.show_gateway_code("gw-1", "ABCD2345")
    world.register_behind("gw-1", "dev-1")

    claimed = owner.post("/v1/gateways/claim", json={"code": "abcd-2345", "home_id": home_id})
    attached = owner.put("/v1/gateways/gw-1/devices/dev-1", json={"name": "Bedroom"})

    assert (claimed.status_code, claimed.headers["Location"]) == (201, "/v1/gateways/gw-1")
    assert (attached.status_code, attached.json["name"], attached.json["gateway_id"]) == (
        200,
        "Bedroom",
        "gw-1",
    )
    assert owner.get("/v1/gateways/gw-1").json == {
        "gateway_id": "gw-1",
        "home_id": home_id,
        "device_ids": ["dev-1"],
        "waiting_ids": [],
        "waiting_names": {},
    }
    assert owner.get(f"/v1/homes/{home_id}").json["gateway_ids"] == ["gw-1"]
    assert owner.put("/v1/gateways/gw-1/devices/dev-1", json={"name": "Study"}).json["name"] == "Study"


def test_a_gateway_that_is_in_a_home_cannot_be_claimed_again(
    world: "World", owner: "Person", home_id: str
) -> None:
    gateway_id = world.gateway_of(owner, home_id)
    world.show_gateway_code(gateway_id, "SECOND")
    thief = world.sign_up()

    answer = thief.post("/v1/gateways/claim", json={"code": "SECOND", "home_id": world.home_of(thief)})

    assert answer.status_code == 409


def test_the_code_of_a_device_is_none_of_a_gateway(world: "World", owner: "Person", home_id: str) -> None:
    world.show_code("dev-1", "DEVICE")
    world.show_gateway_code("gw-1", "GATEWAY")

    assert owner.post("/v1/gateways/claim", json={"code": "DEVICE", "home_id": home_id}).status_code == 404
    assert owner.post("/v1/devices/claim", json={"code": "GATEWAY", "home_id": home_id}).status_code == 404


def test_only_what_is_behind_the_gateway_and_free_can_be_attached(
    world: "World", owner: "Person", home_id: str
) -> None:
    """Whether an id is another's, another gateway's or nobody's cannot be told apart."""
    gateway_id = world.gateway_of(owner, home_id)
    other = world.sign_up()
    world.device_of(other, "theirs")
    other_home = other.get("/v1/homes").json["items"][0]["home_id"]
    world.gateway_of(other, other_home, "gw-2")
    world.register_behind("gw-2", "behind-theirs")
    world.show_code("native", "NATIVE")
    in_another_home = {"home_id": other_home, "device_id": "moved", "gateway_id": gateway_id, "name": "x"}
    world.register_behind(gateway_id, "moved")
    item = world.state.get(device_pk("moved"), "device")
    assert item is not None
    world.overwrite(item, **in_another_home)

    names = ("theirs", "behind-theirs", "native", "moved", "nobodys")
    path = f"/v1/gateways/{gateway_id}/devices"
    answers = [owner.put(f"{path}/{name}", json={"name": "Mine"}) for name in names]

    assert {answer.status_code for answer in answers} == {404}
    assert {frozenset(answer.json) for answer in answers} == {frozenset(answers[0].json)}
    assert "Mine" not in str(world.state._rows)


def test_a_gateway_leaves_with_the_devices_behind_it(world: "World", owner: "Person", home_id: str) -> None:
    gateway_id = world.gateway_of(owner, home_id)
    for name in ("dev-1", "dev-2"):
        world.register_behind(gateway_id, name)
        owner.put(f"/v1/gateways/{gateway_id}/devices/{name}")
    world.show_code("native", "NATIVE")
    owner.post("/v1/devices/claim", json={"code": "NATIVE", "home_id": home_id})

    assert owner.delete(f"/v1/gateways/{gateway_id}/devices/native").status_code == 404
    assert owner.delete(f"/v1/gateways/{gateway_id}/devices/dev-1").status_code == 204
    assert owner.delete(f"/v1/gateways/{gateway_id}").status_code == 204

    assert all(was_deleted(world.state, name) for name in ("dev-1", "dev-2"))
    assert owner.get(f"/v1/homes/{home_id}").json["device_ids"] == ["native"]
    assert owner.get(f"/v1/gateways/{gateway_id}").status_code == 404
    world.gateway_of(owner, home_id)  # with a new code it comes again


FOUND = (FoundDevice(source="tasmota:one", name="Attic"), FoundDevice(source="tasmota:two", name="Cellar"))
FOUND_IDS = [found_id("gw-1", each.source) for each in FOUND]


def test_what_a_gateway_has_found_is_shown_by_its_name_and_let_in_for_good(
    world: "World", owner: "Person", home_id: str
) -> None:
    gateway_id = world.gateway_of(owner, home_id)
    FindingDesk(world.state, world.clock).take(gateway_id, FOUND)
    shown = owner.get(f"/v1/gateways/{gateway_id}").json
    assert set(shown["waiting_ids"]) == set(FOUND_IDS)
    assert shown["waiting_names"] == dict(zip(FOUND_IDS, ("Attic", "Cellar"), strict=True))

    let_in = owner.put(f"/v1/gateways/{gateway_id}/devices/{FOUND_IDS[0]}")

    assert (let_in.status_code, let_in.json["name"]) == (200, "Attic")
    stays = [world.state.get(device_pk(FOUND_IDS[0]), "device")]
    stays.append(world.state.get(gateway_pk(gateway_id), f"behind#{FOUND_IDS[0]}"))
    assert [None if item is None else item.expires_at for item in stays] == [None, None]
    waits = world.state.get(device_pk(FOUND_IDS[1]), "device")
    assert waits is not None
    assert waits.expires_at == world.clock() + WAITS


@pytest.mark.parametrize("what", ["gateway", "home"])
def test_what_a_gateway_has_found_is_forgotten_when_it_leaves(
    world: "World", owner: "Person", home_id: str, what: str
) -> None:
    """Its next people shall not read what these call their rooms."""
    gateway_id = world.gateway_of(owner, home_id)
    FindingDesk(world.state, world.clock).take(gateway_id, FOUND)
    path = f"/v1/gateways/{gateway_id}" if what == "gateway" else f"/v1/homes/{home_id}"

    assert owner.delete(path).status_code == 204

    assert [world.state.get(device_pk(each), "device") for each in FOUND_IDS] == [None, None]
    assert "Attic" not in str(world.state._rows)


def test_nobody_else_lets_in_what_a_gateway_has_found(world: "World", owner: "Person", home_id: str) -> None:
    gateway_id = world.gateway_of(owner, home_id)
    FindingDesk(world.state, world.clock).take(gateway_id, FOUND)
    other = world.sign_up()
    theirs = world.gateway_of(other, world.home_of(other), "gw-2")

    answers = [
        other.put(f"/v1/gateways/{each}/devices/{FOUND_IDS[0]}", json={"name": "Mine"})
        for each in (gateway_id, theirs)
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert other.get(f"/v1/gateways/{theirs}").json["waiting_ids"] == []
