"""What the client has not seen is not replaced, and what it has is not sent again, in either encoding."""

import gzip
from typing import TYPE_CHECKING

import pytest

from mobile_api import preferences

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import World

HOME = {"name": "House", "latitude_deg": 45.0, "longitude_deg": 9.0, "timezone": "Europe/Rome"}


def test_a_put_replaces_only_what_was_read(world: "World") -> None:
    person = world.sign_up()
    path = f"/v1/homes/{world.home_of(person)}"
    seen = person.get(path).headers["ETag"]

    first = person.put(path, json=HOME, headers={"If-Match": seen})
    second = person.put(path, json={**HOME, "name": "Hut"}, headers={"If-Match": seen})

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.mimetype == "application/problem+json"
    assert person.get(path).json["name"] == "House"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": ""}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-None-Match": '"other"'}, 200),
        ({}, 200),
    ],
)
def test_every_form_of_a_condition(world: "World", headers: dict[str, str], status: int) -> None:
    person = world.sign_up()
    path = f"/v1/devices/{world.device_of(person)}/preferences"

    assert person.put(path, json={"autonomy": "auto"}, headers=headers).status_code == status


def test_a_delete_removes_only_what_was_read(world: "World") -> None:
    person = world.sign_up()
    path = f"/v1/homes/{world.home_of(person)}"
    seen = person.get(path).headers["ETag"]
    person.put(path, json=HOME)

    assert person.delete(path, headers={"If-Match": seen}).status_code == 412
    assert person.delete(path, headers={"If-Match": person.get(path).headers["ETag"]}).status_code == 204


def test_a_change_between_the_comparison_and_the_write_is_not_lost(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    person = world.sign_up()
    path = f"/v1/devices/{world.device_of(person)}/preferences"
    seen, shown = person.get(path).headers["ETag"], preferences.PreferencesView

    def meanwhile(**fields: object) -> preferences.PreferencesView:
        """The comparison has read what it compares; now somebody else writes."""
        monkeypatch.setattr(preferences, "PreferencesView", shown)
        assert person.put(path, json={"autonomy": "auto"}).status_code == 200
        return shown.model_validate(fields)

    monkeypatch.setattr(preferences, "PreferencesView", meanwhile)
    late = person.put(path, json={"autonomy": "observe"}, headers={"If-Match": seen})

    assert late.status_code == 412
    assert person.get(path).json["autonomy"] == "auto"


def test_a_long_answer_is_compressed_and_both_encodings_are_known_again(world: "World") -> None:
    person = world.sign_up()
    for _ in range(8):
        world.home_of(person)
    plain = person.get("/v1/homes")
    small = person.get("/v1/homes", headers={"Accept-Encoding": "br, gzip;q=0.5"})

    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 3
    assert small.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in small.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    for tag in (plain.headers["ETag"], small.headers["ETag"]):
        again = person.get("/v1/homes", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


def test_a_home_read_compressed_can_be_replaced(world: "World") -> None:
    person = world.sign_up()
    path = f"/v1/homes/{world.home_of(person)}"
    person.put(path, json={**HOME, "name": "\U0001f3e0" * 100})
    tag = person.get(path).headers["ETag"].strip('"')

    answer = person.put(path, json=HOME, headers={"If-Match": f'"{tag}-gzip"'})

    assert answer.status_code == 200


@pytest.mark.parametrize("encoding", ["", "gzip;q=0", "br"])
def test_who_does_not_accept_gzip_gets_none(world: "World", encoding: str) -> None:
    answer = world.nobody().get("/openapi.json", headers={"Accept-Encoding": encoding})

    assert "Content-Encoding" not in answer.headers


def test_what_may_not_be_stored_is_not_compressed(world: "World") -> None:
    # A problem of many faults is long enough, and not to be stored; so are tokens.
    body = {f"field_{number}": 1 for number in range(60)}
    answer = world.nobody().post("/v1/accounts", json=body, headers={"Accept-Encoding": "gzip"})

    assert len(answer.data) > 1024
    assert "Content-Encoding" not in answer.headers


def test_a_static_file_is_compressed_and_known_again(world: "World") -> None:
    first = world.nobody().get("/static/app.css", headers={"Accept-Encoding": "gzip"})
    headers = {"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}

    with world.nobody().get("/static/app.css") as plain:
        assert gzip.decompress(first.data) == plain.data
    with world.nobody().get("/static/app.css", headers=headers) as again:
        assert again.status_code == 304
