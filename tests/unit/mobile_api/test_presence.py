"""Phones say whether somebody is home: only with consent, and a home is not taken for empty lightly."""

from typing import TYPE_CHECKING

import pytest

from cloud.ports.records import home_pk
from tests.unit.mobile_api.conftest import HOME

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World


@pytest.fixture
def owner(world: "World") -> "Person":
    person = world.sign_up()
    world.device_of(person)
    return person


@pytest.fixture
def home(owner: "Person") -> str:
    path = f"/v1/homes/{owner.get('/v1/homes').json['items'][0]['home_id']}"
    assert owner.put(path, json={**HOME, "share_phone_presence": True}).status_code == 200
    return path


def _say(person: "Person", home: str, *, at_home: bool) -> bool | None:
    answer = person.put(f"{home}/presence", json={"at_home": at_home})
    assert answer.status_code == 200, answer.text
    somebody: bool | None = answer.json["somebody"]
    return somebody


def _heard(world: "World") -> list[str]:
    return [entry.kind for entry in world.inbox()]


def test_without_consent_nothing_is_heard(world: "World", owner: "Person", home: str) -> None:
    _say(owner, home, at_home=True)
    owner.put(home, json=HOME)  # withdrawn

    assert owner.put(f"{home}/presence", json={"at_home": False}).status_code == 409
    assert _heard(world) == ["came_home"]
    assert world.state.get(home_pk(home.rsplit("/", 1)[1]), "presence") is None


def test_the_advisor_hears_of_changes_only(world: "World", owner: "Person", home: str) -> None:
    for at_home in (True, True, False, False, True):
        _say(owner, home, at_home=at_home)

    assert _heard(world) == ["came_home", "left_home", "came_home"]


def test_a_home_is_empty_when_all_who_live_there_say_so(world: "World", owner: "Person", home: str) -> None:
    friend = world.join(owner, home.rsplit("/", 1)[1], "member")
    world.join(owner, home.rsplit("/", 1)[1], "guest")

    assert _say(owner, home, at_home=False) is None
    assert _say(friend, home, at_home=True) is True
    assert _say(friend, home, at_home=False) is False
    assert _heard(world) == ["came_home", "left_home"]
