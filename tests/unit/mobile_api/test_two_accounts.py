"""Two accounts: whatever one knows of the other's ids, cursors, tags and keys, nothing comes of it.

Each attempt is made twice, with what the other has and with what nobody has, and both are answered the same.
"""

import json
import re
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from cloud.ports.records import PlanRecord, device_pk
from cloud.ports.state import Put
from mobile_api.app import all_operations
from tests.unit.mobile_api.voice.test_alexa_directives import directive
from tests.unit.mobile_api.voice.test_google_home import asking, executing

if TYPE_CHECKING:
    from mobile_api.operations import Operation
    from tests.unit.mobile_api.conftest import MakeWorld, Person, Reply, World

HOME = {"name": "Flat", "latitude_deg": 45.0, "longitude_deg": 9.0, "timezone": "Europe/Rome"}
NOBODYS = {
    "home_id": "h-0000",
    "device_id": "unknown",
    "advice_id": "advice-0000",
    "command_id": "c-0000",
    "gateway_id": "gw-0000",
    "attached_id": "dev-0000",
    "member_id": "a-0000",
    "invitation_id": "i-0000",
}
NESTED = ("command_id", "attached_id", "member_id", "invitation_id")
"""Named below something that is looked up."""

BODIES: dict[str, Any] = {
    "change_home": {"json": HOME},
    "change_preferences": {"json": {}},
    "send_command": {"json": {"setpoint_c": 25.0}},
    "give_feedback": {"json": {"kind": "too_hot"}},
    "invite": {"json": {"role": "guest"}},
    "change_member": {"json": {"role": "guest"}},
    "say_presence": {"json": {"present": True}},
    "attach_device": {"json": {}},
    "change_schedule": {"json": {"entries": []}},
    "pair_on_page": {"data": {"code": "CODE-free"}},
    "delete_home_on_page": {"data": {"sure": "yes"}},
    "delete_device_on_page": {"data": {"sure": "yes"}},
    "pair_gateway_on_page": {"data": {"code": "CODE-free"}},
    "delete_gateway_on_page": {"data": {"sure": "yes"}},
    "say_presence_on_page": {"data": {"at_home": "yes"}},
    "set_by_hand": {"data": {"setpoint_c": "25"}},
    "feel_on_page": {"data": {"kind": "too_hot"}},
}
"""Good bodies, so that nothing but the check can refuse."""

KEYS = ("key-of-home", "key-of-command")
ATTEMPTS = 1000


class Scene:
    """An owner with everything, and a stranger who has found it all out."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.owner, self.stranger = world.sign_up(), world.sign_up()
        device_id = world.device_of(self.owner)
        world.device_of(self.owner, "dev-2")
        advice = world.advise(device_id)
        plan = PlanRecord(advice_id=advice.advice_id, made_at=world.clock.at, steps=())
        world.state.transact([Put(device_pk(device_id), "plan", plan.model_dump(mode="json"))])
        world.report(device_id, world.clock.at)
        self._send("/v1/homes", HOME, KEYS[0])
        command = self._send(f"/v1/devices/{device_id}/commands", {"setpoint_c": 25.0}, KEYS[1])
        self._send(f"/v1/devices/{device_id}/commands", {"setpoint_c": 24.0}, "another")
        home_id = self.owner.get(f"/v1/devices/{device_id}").json["home_id"]
        self.ids = {
            "home_id": home_id,
            "device_id": device_id,
            "advice_id": advice.advice_id,
            "command_id": command.json["command_id"],
            **self._people_and_gateway(home_id),
        }
        world.device_of(self.stranger, "own")
        world.show_code("free", "CODE-free")

    def _people_and_gateway(self, home_id: str) -> dict[str, str]:
        """What else is in the owner's home, by the names of paths."""
        gateway_id = self.world.gateway_of(self.owner, home_id, "gw-owner")
        self.world.register_behind(gateway_id, "dev-behind")
        attached = self.owner.put(f"/v1/gateways/{gateway_id}/devices/dev-behind", json={"name": "Attic"})
        members = self.owner.get(f"/v1/homes/{home_id}/members").json["items"]
        invited = self.owner.post(f"/v1/homes/{home_id}/invitations", json={"role": "guest"})
        assert attached.status_code in {200, 201}, attached.text
        return {
            "gateway_id": gateway_id,
            "attached_id": "dev-behind",
            "member_id": members[0]["account_id"],
            "invitation_id": invited.json["invitation_id"],
        }

    def _send(self, path: str, body: dict[str, object], key: str) -> "Reply":
        answer = self.owner.post(path, json=body, headers={"Idempotency-Key": key})
        assert answer.status_code in {201, 202}
        return answer

    def tags(self) -> list[str]:
        """ETags that the owner has seen."""
        paths = (f"/v1/homes/{self.ids['home_id']}", "/v1/devices/dev-1/preferences")
        return [self.owner.get(path).headers["ETag"] for path in paths]

    def cursors(self) -> list[str]:
        """Cursors that the owner was given."""
        paths = ("/v1/homes", "/v1/devices", "/v1/devices/dev-1/commands", "/v1/accounts/me/audit")
        links = [self.owner.get(f"{path}?limit=1").headers["Link"] for path in paths]
        return [re.findall(r"cursor=([^&>]+)", link)[0] for link in links]

    def state(self) -> dict[tuple[str, str], str]:
        """All that is stored."""
        return {key: row.body for key, row in self.world.state._rows.items()}


@pytest.fixture
def scene(make_world: "MakeWorld") -> Scene:
    return Scene(make_world(rate_per_minute=1_000_000, anonymous_rate_per_minute=1_000_000))


def _path(operation: "Operation", ids: dict[str, str]) -> str:
    known = {**ids, "verdict": "dismiss"}
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: known.get(found[1], "x"), operation.path)


def _what_is_told(answer: "Reply", ids: dict[str, str]) -> tuple[object, ...]:
    """All of an answer but the ids that were asked for and what is never the same twice."""
    text = answer.get_data(as_text=True)
    for name, value in sorted(ids.items(), key=lambda item: -len(item[1])):
        text = text.replace(value, name)
    varying = {"X-Request-Id", "RateLimit", "Content-Length"}
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in varying)
    return answer.status_code, re.sub(r'"request_id":"\w+"', "", text), headers


def _knowledge(scene: Scene) -> list[tuple[dict[str, str], str]]:
    """Every way to use what the owner has, headers and the query; any two of them come together."""
    tags, cursors = scene.tags(), scene.cursors()
    conditions = [{}, *({name: tag} for name in ("If-Match", "If-None-Match") for tag in tags)]
    keys = [{}, *({"Idempotency-Key": key} for key in KEYS)]
    queries = ["", *(f"?limit=1&cursor={cursor}" for cursor in cursors)]
    return [
        ({**condition, **keys[(number + turn) % len(keys)]}, query)
        for number, condition in enumerate(conditions)
        for turn, query in enumerate(queries)
    ]


def test_nothing_that_is_the_others_moves_or_shows_itself(scene: Scene) -> None:
    guarded = [operation for operation in all_operations() if operation.guards]
    knowledge = _knowledge(scene)
    before, attempts, succeeded = scene.state(), 0, 0

    for operation, (headers, query) in product(guarded, knowledge):
        told = []
        for ids in (scene.ids, NOBODYS):
            options: dict[str, Any] = {**BODIES.get(operation.name, {}), "headers": headers}
            path = _path(operation, ids) + query
            answer = scene.stranger.call(operation.method, path, **options)
            told.append(_what_is_told(answer, ids))
        attempts += 1
        succeeded += told[0][0] != 404
        assert told[0] == told[1], operation.name

    print(f"{attempts} attempts, {succeeded} succeeded")
    assert (attempts >= ATTEMPTS, succeeded) == (True, 0)
    assert scene.state() == before


def test_nothing_of_the_others_is_found_below_ones_own(scene: Scene) -> None:
    """Their member, invitation, command or device, asked for in one's own home, device or gateway."""
    stranger, before = scene.stranger, scene.state()
    home_id = _ids(stranger)[0]
    own = {"home_id": home_id, "device_id": "own", "gateway_id": "gw-own"}
    scene.world.gateway_of(stranger, home_id, "gw-own")
    nested = [each for each in all_operations() if any(f"<{name}>" in each.path for name in NESTED)]
    assert len(nested) >= 9

    for operation in nested:
        told = []
        for known in (scene.ids, NOBODYS):
            ids = {**{name: known[name] for name in NESTED}, **own}
            options: dict[str, Any] = BODIES.get(operation.name, {})
            answer = stranger.call(operation.method, _path(operation, ids), **options)
            told.append(_what_is_told(answer, ids))
        assert told[0] == told[1], operation.name
        assert told[0][0] == 404 or not operation.documented, operation.name
    kept = scene.state()
    assert {key: kept[key] for key in before} == before


@pytest.mark.parametrize("path", ["/v1/homes", "/v1/devices"])
def test_the_others_cursors_and_tags_are_like_anybodys(scene: Scene, path: str) -> None:
    for cursor in scene.cursors():
        theirs = scene.stranger.get(f"{path}?limit=1&cursor={cursor}")
        nobodys = scene.stranger.get(f"{path}?limit=1&cursor=nonsense")
        assert theirs.status_code == 400
        assert _what_is_told(theirs, {}) == _what_is_told(nobodys, {})
    for tag in scene.tags():
        own = scene.stranger.get(path, headers={"If-None-Match": tag})
        assert own.status_code == 200
        assert not any(value in own.text for value in scene.ids.values())


def test_the_others_keys_are_like_new_ones(scene: Scene) -> None:
    before = scene.owner.get("/v1/homes").json

    made = [_make(scene.stranger, key) for key in (*KEYS, "new")]

    assert [answer.status_code for answer in made] == [201] * 3
    assert len({answer.headers["Location"] for answer in made}) == 3
    assert scene.owner.get("/v1/homes").json == before
    assert not set(_ids(scene.owner)) & set(_ids(scene.stranger))


@pytest.mark.parametrize("kind", ["devices", "gateways"])
def test_nothing_is_claimed_into_the_others_home(scene: Scene, kind: str) -> None:
    scene.world.show_gateway_code("gw-free", "CODE-gw")
    code = {"devices": "CODE-free", "gateways": "CODE-gw"}[kind]
    told = []
    for home_id in (scene.ids["home_id"], NOBODYS["home_id"]):
        body = {"code": code, "home_id": home_id}
        for key in ({}, *({"Idempotency-Key": key} for key in KEYS)):
            answer = scene.stranger.post(f"/v1/{kind}/claim", json=body, headers=key)
            told.append(_what_is_told(answer, {"home_id": home_id}))

    assert told[0][0] == 404
    assert len({json.dumps(one) for one in told}) == 1


def _by_alexa(person: "Person", device_id: str, name: str, **payload: Any) -> "Reply":  # noqa: ANN401 (JSON)
    message = directive("Alexa.ThermostatController", name, **payload)
    message["directive"]["endpoint"] |= {"endpointId": device_id}
    message["directive"]["endpoint"]["scope"]["token"] = person.token
    return person.post("/voice/alexa/smart-home", json=message, headers={"Authorization": ""})


def _by_google(person: "Person", device_id: str, command: str, **params: object) -> "Reply":
    return person.post("/voice/google", json=executing(command, device_id, **params))


def test_by_voice_what_is_the_others_is_like_nothing(scene: Scene) -> None:
    before = scene.state()
    setpoint = {"value": 26.0, "scale": "CELSIUS"}
    ways = [
        partial(_by_alexa, name="SetTargetTemperature", targetSetpoint=setpoint),
        partial(_by_alexa, name="SetThermostatMode", thermostatMode={"value": "ECO"}),
        partial(_by_google, command="ThermostatTemperatureSetpoint", thermostatTemperatureSetpoint=26.0),
        partial(_by_google, command="ThermostatSetMode", thermostatMode="eco"),
    ]

    for way in ways:
        told = []
        for ids in (scene.ids, NOBODYS):
            _, text, headers = _what_is_told(way(scene.stranger, ids["device_id"]), ids)
            told.append((re.sub(r"[0-9a-f-]{36}|\d{4}-\d\d-\d\dT[\d:.]+Z", "", str(text)), headers))
        assert told[0] == told[1]
        assert "NO_SUCH_ENDPOINT" in told[0][0] or "deviceNotFound" in told[0][0]
    synced = scene.stranger.post("/voice/google", json=asking("SYNC"))
    assert "dev-1" not in synced.text
    assert scene.state() == before


def _make(person: "Person", key: str) -> "Reply":
    return person.post("/v1/homes", json={**HOME, "name": key}, headers={"Idempotency-Key": key})


def _ids(person: "Person") -> list[str]:
    return [home["home_id"] for home in person.get("/v1/homes").json["items"]]
