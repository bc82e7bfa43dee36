from typing import TYPE_CHECKING

import pytest

from cloud.ports.deletion import is_being_deleted
from cloud.ports.records import DEVICES_PK, HomeRecord, device_pk, home_pk
from cloud.ports.state import Put
from mobile_api import homes

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World

HOME = {
    "name": "Flat",
    "latitude_deg": 45.0,
    "longitude_deg": 9.0,
    "timezone": "Europe/Rome",
    "currency": "CHF",
    "tariff_per_kwh": 0.25,
    "share_presence": True,
    "tariff_by_hour": [0.1] * 8 + [0.4] * 16,
    "away_until": "2026-07-20T16:00:00Z",
}


@pytest.fixture
def person(world: "World") -> "Person":
    return world.sign_up()


def test_a_home_is_made_shown_changed_and_deleted(world: "World", person: "Person") -> None:
    created = person.post("/v1/homes", json=HOME)
    path = created.headers["Location"]

    assert created.status_code == 201
    assert {name: created.json[name] for name in HOME} == HOME
    assert created.json["members"] == [
        {
            "account_id": person.get("/v1/accounts/me").json["account_id"],
            "role": "owner",
            "email": "person1@example.org",
        }
    ]
    assert created.json["role"] == "owner"
    assert person.get(path).json == created.json
    changed = person.put(path, json={**HOME, "name": "House"})
    assert changed.json["name"] == "House"
    assert person.get("/v1/homes").json["items"] == [changed.json]
    assert person.delete(path).status_code == 204
    assert person.get(path).status_code == 404
    assert person.get("/v1/homes").json["items"] == []


def test_the_stored_record_is_the_one_that_the_cloud_reads(world: "World", person: "Person") -> None:
    home_id = person.post("/v1/homes", json=HOME).json["home_id"]

    item = world.state.get(home_pk(home_id), "home")

    assert item is not None
    record = HomeRecord.model_validate(item.body)
    assert (record.timezone, record.tariff_per_kwh, record.share_presence) == ("Europe/Rome", 0.25, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("latitude_deg", 91),
        ("longitude_deg", -181),
        ("currency", "euro"),
        ("tariff_per_kwh", -0.1),
        ("name", ""),
        ("tariff_by_hour", [0.3] * 23),
        ("away_until", "2026-07-20"),
        ("share_presence", "yes"),
    ],
)
def test_what_cannot_be_a_home_is_refused(person: "Person", field: str, value: object) -> None:
    answer = person.post("/v1/homes", json={**HOME, field: value})

    assert answer.status_code == 422
    assert answer.json["errors"][0]["where"] == f"#/{field}"


def test_deleting_a_home_deletes_its_devices(world: "World", person: "Person") -> None:
    device_id = world.device_of(person)
    home_id = person.get("/v1/homes").json["items"][0]["home_id"]

    assert person.delete(f"/v1/homes/{home_id}").status_code == 204

    assert world.state.query(device_pk(device_id)) == []
    assert is_being_deleted(world.state, device_id)
    assert world.state.query(home_pk(home_id)) == []
    assert world.state.query(DEVICES_PK) == []


def test_a_change_on_top_of_another_one_is_a_conflict(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    home_id = world.home_of(person)
    original = homes._record

    def meanwhile(*arguments: object) -> HomeRecord:
        item = world.state.get(home_pk(home_id), "home")
        assert item is not None
        world.state.transact([Put(home_pk(home_id), "home", item.body)])
        return original(*arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(homes, "_record", meanwhile)

    assert person.put(f"/v1/homes/{home_id}", json=HOME).status_code == 409


def test_an_account_has_a_bounded_number_of_homes(person: "Person", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "MAX_HOMES", 1)

    assert [person.post("/v1/homes", json=HOME).status_code for _ in range(2)] == [201, 409]


def test_a_home_deleted_at_the_same_moment_as_a_claim_leaves_no_device_behind(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    home_id = world.home_of(person)
    world.show_code("dev-9", "CODE-9")
    original = world.state.transact

    def delete_first(writes: object) -> None:
        monkeypatch.undo()
        assert person.delete(f"/v1/homes/{home_id}").status_code == 204
        original(writes)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(world.state, "transact", delete_first)

    assert person.post("/v1/devices/claim", json={"code": "CODE-9", "home_id": home_id}).status_code == 409
    assert world.state.query(home_pk(home_id)) == []
