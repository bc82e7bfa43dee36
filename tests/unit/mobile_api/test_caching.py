"""Reads carry an ETag, and what the client has already is not sent again."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mobile_api.app import all_operations

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import World

READS = [
    *(
        "/v1/accounts/me",
        "/v1/accounts/me/audit",
        "/v1/homes",
        "/v1/devices",
        "/v1/devices/dev-1",
        "/healthz",
        "/readyz",
    ),
    *("/v1/devices/dev-1/telemetry", "/v1/devices/dev-1/recommendation", "/openapi.json"),
    *("/v1/devices/dev-1/preferences", "/devices/dev-1/live"),
    *("/v1/devices/dev-1/schedule", "/v1/devices/dev-1/savings"),
]


@pytest.mark.parametrize("path", READS)
def test_a_read_that_has_not_changed_is_304(world: "World", path: str) -> None:
    person = world.sign_up()
    world.advise(world.device_of(person))
    first = person.get(path)

    again = person.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, again.status_code) == (200, 304)
    assert again.data == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert person.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_every_documented_read_with_a_body_is_asked() -> None:
    asked = {path.replace("dev-1", "<device_id>") for path in READS}
    reads = {o.path for o in all_operations() if o.method == "GET" and o.documented and o.answer}

    ids = {
        "/v1/homes/<home_id>",
        "/v1/devices/<device_id>/commands",
        "/v1/homes/<home_id>/members",
        "/v1/homes/<home_id>/invitations",
        "/v1/gateways/<gateway_id>",
        "/v1/devices/<device_id>/commands/<command_id>",
        "/v1/devices/<device_id>/plan",
        "/v1/audit",
        "/v1/dead-letters",
        "/v1/dead-letters/<letter_id>",
        "/v1/push/key",  # where push is offered
    }
    assert reads - asked == ids


def test_the_tag_changes_with_what_is_shown(world: "World") -> None:
    person = world.sign_up()
    device_id = world.device_of(person)
    world.advise(device_id)
    path = f"/v1/devices/{device_id}/recommendation"
    before = person.get(path).headers["ETag"]

    world.advise(device_id, setpoint_c=26.0)

    assert person.get(path, headers={"If-None-Match": before}).status_code == 200


def test_time_alone_does_not_change_the_tag_of_the_history(world: "World") -> None:
    person = world.sign_up()
    device_id = world.device_of(person)
    world.report(device_id, world.clock.at - timedelta(minutes=5))
    path = f"/v1/devices/{device_id}/telemetry?resolution=5min"
    before = person.get(path).headers["ETag"]

    world.clock.forward(minutes=9)

    assert person.get(path, headers={"If-None-Match": before}).status_code == 304


def test_a_private_answer_is_not_kept_by_a_shared_cache(world: "World") -> None:
    answer = world.sign_up().get("/v1/homes")

    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"] == "Authorization, Cookie"
