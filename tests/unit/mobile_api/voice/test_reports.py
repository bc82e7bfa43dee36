"""Reports: vendors are told of what changed, once, in words that their schemas allow, by who did it."""

from typing import Any

import pytest

from mobile_api.account_store import find_account
from mobile_api.leases import LEASE
from mobile_api.services import services
from mobile_api.sessions import end_all_sessions
from mobile_api.voice.reports import MAX_RETRY, SWEEP_EVERY, VoiceReports
from tests.unit.mobile_api.conftest import MakeWorld, Person, World
from tests.unit.mobile_api.voice.test_alexa_directives import directive
from tests.unit.mobile_api.voice.vendor_stand_in import StandIn, grant

Json = dict[str, Any]
SYNC = {"requestId": "r-1", "inputs": [{"intent": "action.devices.SYNC"}]}
DISCONNECT = {"requestId": "r-2", "inputs": [{"intent": "action.devices.DISCONNECT"}]}


@pytest.fixture
def world(telling_world: World) -> World:
    return telling_world


def worker(world: World) -> VoiceReports:
    desk = world.app.extensions["ac_advisor_voice"]
    return VoiceReports(desk.reporters(world.state), world.app.app_context)


def link_google(person: Person) -> None:
    assert len(person.post("/voice/google", json=SYNC).json["payload"]["devices"]) == 1


@pytest.fixture
def person(world: World) -> Person:
    """Somebody with a device that has reported."""
    person = world.sign_up()
    world.report(world.device_of(person), world.clock.at, indoor_rh_pct=50.0)
    return person


@pytest.fixture
def reports(world: World, person: Person, outside: StandIn) -> VoiceReports:
    """Of a person whose Alexa knows the device."""
    grant(world, person)
    reports = worker(world)
    reports.look()
    assert outside.names() == ["AddOrUpdateReport"]
    outside.events.clear()
    return reports


def read_back(world: World, after_s: float = 60.0, **fields: object) -> None:
    world.clock.forward(seconds=after_s)
    world.report("dev-1", world.clock.at, **{"indoor_rh_pct": 50.0, **fields})


def changes(event: Json) -> Json:
    return {each["name"]: each["value"] for each in event["event"]["payload"]["change"]["properties"]}


@pytest.mark.parametrize(
    ("by", "cause"),
    [
        ("remote", "PHYSICAL_INTERACTION"),
        ("app", "APP_INTERACTION"),
        ("voice", "VOICE_INTERACTION"),
        ("schedule", "RULE_TRIGGER"),
        ("advisor", "RULE_TRIGGER"),
        (None, "PERIODIC_POLL"),
    ],
)
def test_a_change_is_told_once_by_who_made_it(
    world: World, reports: VoiceReports, outside: StandIn, by: str | None, cause: str
) -> None:
    read_back(world, setpoint_c=26.0, changed_by=by)
    for _ in range(3):
        reports.look()
        world.clock.forward(seconds=5)

    (event,) = outside.events
    assert outside.faults == []
    assert event["event"]["payload"]["change"]["cause"]["type"] == cause
    assert changes(event) == {"targetSetpoint": {"value": 26.0, "scale": "CELSIUS"}}
    assert "temperature" in [each["name"] for each in event["context"]["properties"]]


def test_the_air_is_told_when_it_has_moved(world: World, reports: VoiceReports, outside: StandIn) -> None:
    """Of 24.5 Cel: 0.1 K is noise, and what creeps is told when it comes to 0.2 K."""
    for indoor_c in (24.6, 24.4, 24.6, 24.7, 24.8):
        read_back(world, indoor_dry_bulb_c=indoor_c, changed_by="remote")
        reports.look()

    (event,) = outside.events
    assert changes(event) == {"temperature": {"value": 24.7, "scale": "CELSIUS"}}
    assert event["event"]["payload"]["change"]["cause"]["type"] == "PERIODIC_POLL"


def test_a_gateway_that_is_down_is_tried_again_and_told_what_is_so_then(
    world: World, reports: VoiceReports, outside: StandIn
) -> None:
    outside.is_down = True
    read_back(world, setpoint_c=26.0, changed_by="remote")
    reports.look()
    read_back(world, setpoint_c=27.0, changed_by="app")
    reports.look()
    outside.is_down = False
    world.clock.forward(seconds=MAX_RETRY.total_seconds())
    reports.look()

    (event,) = outside.events
    assert changes(event)["targetSetpoint"]["value"] == 27.0
    assert event["event"]["payload"]["change"]["cause"]["type"] == "APP_INTERACTION"


@pytest.mark.parametrize("how", ["taken back", "gone silent"])
def test_what_is_no_longer_so_is_not_told(
    world: World, reports: VoiceReports, outside: StandIn, how: str
) -> None:
    outside.is_down = True
    read_back(world, setpoint_c=26.0, changed_by="remote")
    reports.look()
    if how == "taken back":
        read_back(world, setpoint_c=24.0, changed_by="remote")
    world.clock.forward(seconds=600)
    read_back(world, setpoint_c=24.0) if how == "taken back" else world.clock.forward(seconds=900)
    outside.is_down = False
    reports.look()

    told = [changes(event) for event in outside.events]
    assert told == ([] if how == "taken back" else [{"connectivity": {"value": "UNREACHABLE"}}])
    assert outside.faults == []


def test_a_vendor_says_how_long_it_wants_to_be_left_alone(
    world: World, reports: VoiceReports, outside: StandIn
) -> None:
    outside.statuses, outside.retry_after = [429], "120"
    read_back(world, setpoint_c=26.0)
    reports.look()
    world.clock.forward(seconds=100)
    reports.look()
    assert outside.events == []

    world.clock.forward(seconds=21)
    reports.look()
    assert len(outside.events) == 1


def test_who_takes_the_grant_back_is_told_no_more_and_others_are(
    world: World, reports: VoiceReports, outside: StandIn
) -> None:
    other = world.sign_up()
    world.report(world.device_of(other, "dev-2"), world.clock.at)
    grant(world, other)
    world.clock.forward(seconds=SWEEP_EVERY.total_seconds())
    reports.look()
    outside.events.clear()

    outside.statuses, outside.body = [403], b'{"payload":{"code":"SKILL_DISABLED_EXCEPTION"}}'
    read_back(world, setpoint_c=26.0)
    reports.look()
    for setpoint_c in (27.0, 28.0):
        read_back(world, setpoint_c=setpoint_c)
        world.report("dev-2", world.clock.at, setpoint_c=setpoint_c)
        reports.look()

    assert [event["event"]["endpoint"]["endpointId"] for event in outside.events] == ["dev-2", "dev-2"]


def test_a_device_that_comes_or_is_renamed_or_goes_is_told(
    world: World, reports: VoiceReports, person: Person, outside: StandIn
) -> None:
    home_id = person.get("/v1/devices/dev-1").json["home_id"]
    world.show_code("dev-2", "CODE-dev-2")
    person.post("/v1/devices/claim", json={"code": "CODE-dev-2", "home_id": home_id, "name": "Study"})
    world.clock.forward(seconds=SWEEP_EVERY.total_seconds())
    world.report("dev-1", world.clock.at, indoor_rh_pct=50.0)
    reports.look()
    person.delete("/v1/devices/dev-2")
    world.clock.forward(seconds=SWEEP_EVERY.total_seconds())
    world.report("dev-1", world.clock.at, indoor_rh_pct=50.0)
    reports.look()
    reports.look()

    assert outside.names() == ["AddOrUpdateReport", "DeleteReport"]
    added, gone = (event["event"]["payload"]["endpoints"] for event in outside.events)
    assert [(each["endpointId"], each["friendlyName"]) for each in added] == [("dev-2", "Study")]
    assert gone == [{"endpointId": "dev-2"}]
    assert outside.faults == []


def test_an_assistant_that_was_signed_out_is_told_no_more(
    world: World, reports: VoiceReports, person: Person, outside: StandIn
) -> None:
    account_id = person.get("/v1/accounts/me").json["account_id"]
    with world.app.app_context():
        end_all_sessions(world.state, find_account(world.state, account_id), services().now())
    read_back(world, setpoint_c=26.0)
    reports.look()

    assert outside.events == []
    assert world.state.query(f"account#{account_id}", prefix="alexa") == []


def test_one_replica_tells_and_another_takes_over(
    world: World, reports: VoiceReports, outside: StandIn
) -> None:
    second = worker(world)
    read_back(world, 5.0, setpoint_c=26.0)
    second.look()
    assert outside.events == []
    reports.look()
    assert len(outside.events) == 1

    world.clock.forward(seconds=LEASE.total_seconds())  # the first has died
    read_back(world, setpoint_c=27.0)
    second.look()
    reports.look()
    assert [changes(event)["targetSetpoint"]["value"] for event in outside.events] == [26.0, 27.0]


@pytest.mark.parametrize("dies", ["before it sends", "before it notes"])
def test_a_replica_that_dies_loses_nothing_and_repeats_at_most_the_one_report(
    world: World, reports: VoiceReports, outside: StandIn, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def die(*_: object) -> None:
        raise Killed

    read_back(world, setpoint_c=26.0)
    step = "told.Ledger.note" if dies == "before it notes" else "alexa_events.AlexaEvents._post"
    with monkeypatch.context() as patched:
        patched.setattr(f"mobile_api.voice.{step}", die)
        with pytest.raises(Killed):
            reports.look()
    heir = worker(world)
    world.clock.forward(seconds=LEASE.total_seconds())
    read_back(world, setpoint_c=26.0)
    for _ in range(3):
        heir.look()

    told = [changes(event)["targetSetpoint"]["value"] for event in outside.events]
    assert told == [26.0] * (2 if dies == "before it notes" else 1)


def test_google_is_told_of_states_and_to_sync(world: World, person: Person, outside: StandIn) -> None:
    link_google(person)
    reports = worker(world)
    reports.look()  # the state of a device that Google has just learnt of
    read_back(world, setpoint_c=26.0)
    reports.look()
    reports.look()

    assert outside.syncs == []
    told = [each["dev-1"]["thermostatTemperatureSetpoint"] for each in outside.states]
    assert told == [24.0, 26.0]
    assert outside.faults == []

    person.delete("/v1/devices/dev-1")
    world.clock.forward(seconds=SWEEP_EVERY.total_seconds())
    reports.look()
    reports.look()
    assert len(outside.syncs) == 1


@pytest.mark.parametrize("how", ["by Google", "at Google"])
def test_who_unlinks_google_is_told_no_more(world: World, person: Person, outside: StandIn, how: str) -> None:
    link_google(person)
    reports = worker(world)
    reports.look()
    outside.states.clear()
    if how == "by Google":
        person.post("/voice/google", json=DISCONNECT)
    else:
        outside.statuses = [404]
    for setpoint_c in (26.0, 27.0):
        read_back(world, setpoint_c=setpoint_c)
        reports.look()

    assert outside.states == []
    account_id = person.get("/v1/accounts/me").json["account_id"]
    assert world.state.query(f"account#{account_id}", prefix="google") == []


def test_nothing_of_either_vendor_outlives_the_account(
    world: World, reports: VoiceReports, person: Person
) -> None:
    link_google(person)
    reports.look()
    account_id = person.get("/v1/accounts/me").json["account_id"]
    person.delete("/v1/accounts/me")

    assert [item.sk for item in world.state.query(f"account#{account_id}")] == []


def test_discovery_says_that_changes_are_told_to_whom_they_are(world: World, person: Person) -> None:
    def is_told() -> bool:
        header = directive("Alexa.Discovery", "Discover")["directive"]["header"]
        payload = {"scope": {"type": "BearerToken", "token": person.token}}
        message = {"directive": {"header": header, "payload": payload}}
        answer = world.nobody().post("/voice/alexa/smart-home", json=message).json
        (found,) = answer["event"]["payload"]["endpoints"]
        shown = [each["properties"] for each in found["capabilities"] if "properties" in each]
        return all(each["proactivelyReported"] for each in shown)

    assert not is_told()
    grant(world, person)
    assert is_told()


def test_without_secrets_nobody_is_told(make_world: MakeWorld) -> None:
    assert worker(make_world()).reporters == []
