from typing import TYPE_CHECKING

import pytest

from cloud.ports.deletion import DOERS, deletion_pk, was_deleted
from cloud.ports.records import DEVICES_PK, INBOX_PK, ScheduleRecord, device_pk, home_pk
from cloud.ports.state import Delete, Put
from mobile_api import pairing

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World


@pytest.fixture
def person(world: "World") -> "Person":
    return world.sign_up()


def test_a_device_comes_into_a_home_by_its_code(world: "World", person: "Person") -> None:
    home_id = world.home_of(person)
    world.show_code("dev-1", "ABCD2345")

    claimed = person.post(
        "/v1/devices/claim", json={"code": "ABCD2345", "home_id": home_id, "name": "Bedroom"}
    )

    assert claimed.status_code == 201
    assert claimed.headers["Location"] == "/v1/devices/dev-1"
    assert claimed.json["home_id"] == home_id
    assert claimed.json["name"] == "Bedroom"
    assert claimed.json["latest"] is None
    assert person.get("/v1/devices").json["items"] == [claimed.json]
    assert person.get(f"/v1/homes/{home_id}").json["device_ids"] == ["dev-1"]


def test_the_pointers_by_which_the_cloud_finds_it_are_written_with_it(
    world: "World", person: "Person"
) -> None:
    device_id = world.device_of(person)
    home_id = person.get("/v1/homes").json["items"][0]["home_id"]

    assert [(item.sk, item.body) for item in world.state.query(DEVICES_PK)] == [
        (device_id, {"home_id": home_id})
    ]
    assert [item.sk for item in world.state.query(home_pk(home_id), prefix="device#")] == [
        f"device#{device_id}"
    ]
    device = world.state.get(device_pk(device_id), "device")
    assert device is not None
    assert device.body["home_id"] == home_id


def test_a_code_is_good_once(world: "World", person: "Person") -> None:
    body = {"code": "CODE-dev-1", "home_id": world.home_of(person)}
    world.device_of(person)

    assert person.post("/v1/devices/claim", json=body).status_code == 404


def test_a_device_that_is_in_a_home_cannot_be_claimed_again(world: "World", person: "Person") -> None:
    device_id = world.device_of(person)
    claim = {"code": "SECOND", "device_id": device_id}  # a code that the device still shows
    world.state.transact([Put("claim#SECOND", "claim", claim)])
    thief = world.sign_up()

    body = {"code": "SECOND", "home_id": world.home_of(thief)}

    assert thief.post("/v1/devices/claim", json=body).status_code == 409
    assert person.get(f"/v1/devices/{device_id}").status_code == 200


def test_a_home_has_a_bounded_number_of_devices(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "MAX_DEVICES", 1)
    home_id = world.home_of(person)
    for number in (1, 2):
        world.show_code(f"dev-{number}", f"CODE-{number}")

    answers = [
        person.post("/v1/devices/claim", json={"code": f"CODE-{number}", "home_id": home_id}).status_code
        for number in (1, 2)
    ]

    assert answers == [201, 409]


def test_a_device_shows_what_it_reported_last(world: "World", person: "Person") -> None:
    device_id = world.device_of(person)
    world.report(device_id, world.clock.at, indoor_dry_bulb_c=25.5)

    latest = person.get(f"/v1/devices/{device_id}").json["latest"]

    assert latest["sampled_at"] == "2026-07-14T12:00:00Z"
    assert latest["indoor_dry_bulb_c"] == 25.5


def test_deleting_leaves_no_record_and_asks_everybody_to_forget(world: "World", person: "Person") -> None:
    device_id = world.device_of(person)
    world.advise(device_id)
    person.put(f"/v1/devices/{device_id}/preferences", json={"max_setpoint_c": 27.0})
    person.post(f"/v1/devices/{device_id}/commands", json={"setpoint_c": 25.0})
    person.post(f"/v1/recommendations/advice-{device_id}/accept")

    assert person.delete(f"/v1/devices/{device_id}").status_code == 204

    assert person.get(f"/v1/devices/{device_id}").status_code == 404
    assert world.state.query(device_pk(device_id)) == []
    assert world.state.query(DEVICES_PK) == []
    assert was_deleted(world.state, device_id)
    next_one = world.sign_up()
    world.show_code(device_id, "AGAIN")
    claim = {"code": "AGAIN", "home_id": world.home_of(next_one)}
    for doer in DOERS:
        refused = next_one.post("/v1/devices/claim", json=claim)
        assert (refused.status_code, "is being deleted" in refused.json["detail"]) == (409, True)
        (request,) = world.state.query(deletion_pk(doer))
        assert request.body["device_id"] == device_id
        world.state.transact([Delete(request.pk, request.sk)])
        if doer == "shadow":
            break
    assert next_one.post("/v1/devices/claim", json=claim).status_code == 201
    assert not was_deleted(world.state, device_id)
    assert next_one.get(f"/v1/devices/{device_id}/recommendation").status_code == 503
    assert next_one.get(f"/v1/devices/{device_id}/preferences").json["max_setpoint_c"] == 30.0
    assert len(world.state.query(INBOX_PK)) == 2  # what was asked before is the advisor's to drop


def test_preferences_have_defaults_and_are_replaced_whole(world: "World", person: "Person") -> None:
    path = f"/v1/devices/{world.device_of(person)}/preferences"

    assert person.get(path).json == {
        "autonomy": "suggest",
        "comfort_or_savings": "comfort",
        "min_setpoint_c": 16.0,
        "max_setpoint_c": 30.0,
        "quiet_hours": None,
    }
    assert person.put(path, json={"autonomy": "auto", "max_setpoint_c": 27}).status_code == 200
    assert person.put(path, json={"min_setpoint_c": 20}).json["autonomy"] == "suggest"
    assert person.get(path).json["max_setpoint_c"] == 30.0


@pytest.mark.parametrize(
    "body",
    [
        {"min_setpoint_c": 27, "max_setpoint_c": 22},
        {"min_setpoint_c": 25, "max_setpoint_c": 25},
        {"autonomy": "dictator"},
        {"max_setpoint_c": 36},
        {"comfort_or_savings": "money"},
        {"quiet_hours": {"start": "22:00", "end": "22:00"}},
        {"quiet_hours": {"start": "25:00", "end": "07:00"}},
    ],
)
def test_preferences_that_make_no_sense_are_refused(
    world: "World", person: "Person", body: dict[str, object]
) -> None:
    path = f"/v1/devices/{world.device_of(person)}/preferences"

    assert person.put(path, json=body).status_code == 422


def test_a_device_has_a_week(world: "World", person: "Person") -> None:
    path = f"/v1/devices/{world.device_of(person)}/schedule"
    week = {
        "entries": [
            {"days": ["mon", "fri"], "at": "07:00", "mode": "cool", "setpoint_c": 24.5},
            {"days": ["mon"], "at": "22:00", "mode": "off", "setpoint_c": None},
        ]
    }

    assert person.get(path).json == {"entries": []}
    assert person.put(path, json=week).json == week
    assert person.get(path).json == week
    item = world.state.get(device_pk("dev-1"), "schedule")
    assert item is not None
    assert list(ScheduleRecord.model_validate(item.body).at_minutes()) == [420, 1320, 4 * 1440 + 420]


@pytest.mark.parametrize(
    "entry",
    [
        {"days": ["mon"], "at": "7:00", "setpoint_c": 24.0},
        {"days": ["mon"], "at": "24:00", "setpoint_c": 24.0},
        {"days": [], "at": "07:00", "setpoint_c": 24.0},
        {"days": ["mon"], "at": "07:00"},
        {"days": ["mon"], "at": "07:00", "mode": "off", "setpoint_c": 24.0},
        {"days": ["mon"], "at": "07:00", "setpoint_c": 36.0},
        {"days": ["mon", "mon"], "at": "07:00", "setpoint_c": 24.0},
    ],
)
def test_a_week_that_makes_no_sense_is_refused(
    world: "World", person: "Person", entry: dict[str, object]
) -> None:
    path = f"/v1/devices/{world.device_of(person)}/schedule"

    assert person.put(path, json={"entries": [entry]}).status_code == 422


def test_two_entries_at_the_same_time_are_refused(world: "World", person: "Person") -> None:
    path = f"/v1/devices/{world.device_of(person)}/schedule"
    entry = {"days": ["mon"], "at": "07:00", "setpoint_c": 24.0}

    answer = person.put(path, json={"entries": [entry, {**entry, "setpoint_c": 25.0}]})

    assert answer.status_code == 422
    assert "two entries at mon 07:00" in answer.text
