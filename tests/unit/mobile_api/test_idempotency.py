"""What is sent twice under one key is done once, whoever serves it and whoever crashes."""

import threading
from typing import TYPE_CHECKING

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.errors import UnavailableError
from mobile_api import idempotency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud.ports.state import Write
    from tests.unit.mobile_api.conftest import Person, Reply, World

HOME = {"name": "Flat", "latitude_deg": 45.0, "longitude_deg": 9.0, "timezone": "Europe/Rome"}
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


@pytest.fixture
def person(world: "World") -> "Person":
    return world.sign_up()


def _homes(person: "Person") -> int:
    return len(person.get("/v1/homes").json["items"])


def _same(first: "Reply", second: "Reply") -> bool:
    what = [(r.status_code, r.data, r.mimetype, r.headers.get("Location")) for r in (first, second)]
    return bool(what[0] == what[1])


def test_the_same_request_again_is_answered_the_same_and_done_once(person: "Person") -> None:
    first = person.post("/v1/homes", json=HOME, headers=KEY)
    again = person.post("/v1/homes", json=HOME, headers=KEY)

    assert first.status_code == 201
    assert _same(first, again)
    assert _homes(person) == 1


def test_without_a_key_it_is_done_twice(person: "Person") -> None:
    for _ in range(2):
        person.post("/v1/homes", json=HOME)

    assert _homes(person) == 2


def test_another_body_under_the_key_is_refused(person: "Person") -> None:
    person.post("/v1/homes", json=HOME, headers=KEY)

    assert person.post("/v1/homes", json={**HOME, "name": "Hut"}, headers=KEY).status_code == 422
    assert _homes(person) == 1


def test_the_key_is_of_one_account_and_one_path(world: "World", person: "Person") -> None:
    other, device_id = world.sign_up(), world.device_of(person)
    person.post("/v1/homes", json=HOME, headers=KEY)

    theirs = other.post("/v1/homes", json={**HOME, "name": "Hut"}, headers=KEY)
    command = person.post(f"/v1/devices/{device_id}/commands", json={"setpoint_c": 25.0}, headers=KEY)

    assert (theirs.status_code, theirs.json["name"], command.status_code) == (201, "Hut", 202)


def test_after_a_day_it_is_another_request(world: "World", person: "Person") -> None:
    person.post("/v1/homes", json=HOME, headers=KEY)
    world.clock.forward(hours=24)
    world.renew(person)

    assert person.post("/v1/homes", json=HOME, headers=KEY).status_code == 201
    assert _homes(person) == 2


def test_what_was_refused_is_tried_anew(world: "World", person: "Person") -> None:
    body = {"code": "LATER", "home_id": world.home_of(person)}
    refused = person.post("/v1/devices/claim", json=body, headers=KEY)
    world.show_code("dev-1", "LATER")

    assert (refused.status_code, person.post("/v1/devices/claim", json=body, headers=KEY).status_code) == (
        404,
        201,
    )


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_that_is_none(person: "Person", key: str) -> None:
    answer = person.post("/v1/homes", json=HOME, headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert _homes(person) == 0


def test_of_many_at_the_same_moment_one_is_done(world: "World", person: "Person") -> None:
    answers: list[Reply] = []
    start = threading.Barrier(8)

    def send() -> None:
        start.wait()
        answers.append(person.post("/v1/homes", json=HOME, headers=KEY))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    assert _homes(person) == 1
    assert person.post("/v1/homes", json=HOME, headers=KEY).status_code == 201


def test_a_repeat_while_it_is_at_work_is_told_so(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    inner: list[Reply] = []
    fingerprint = idempotency._answered

    def at_work(*arguments: object) -> object:
        inner.append(person.post("/v1/homes", json=HOME, headers=KEY))
        return fingerprint(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(idempotency, "_answered", at_work)

    assert person.post("/v1/homes", json=HOME, headers=KEY).status_code == 201
    assert [answer.status_code for answer in inner] == [409]


def _crash_in(monkeypatch: pytest.MonkeyPatch, *, after: bool, nth: int) -> None:
    """The `nth` transaction fails, before or after it has done its work."""
    transact, count = MemoryStateStore.transact, [0]

    def failing(self: MemoryStateStore, writes: "Sequence[Write]") -> None:
        count[0] += 1
        if after or count[0] != nth:
            transact(self, writes)
        if count[0] >= nth:  # from here on the store is away, as it is for a process that was killed
            raise UnavailableError("gone")

    monkeypatch.setattr(MemoryStateStore, "transact", failing)


def test_a_crash_before_the_work_gives_the_key_back_after_a_minute(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _crash_in(patched, after=True, nth=1)  # reserved, then killed
        assert person.post("/v1/homes", json=HOME, headers=KEY).status_code == 503

    assert person.post("/v1/homes", json=HOME, headers=KEY).status_code == 409
    world.clock.forward(seconds=61)
    assert person.post("/v1/homes", json=HOME, headers=KEY).status_code == 201
    assert _homes(person) == 1


def test_a_crash_after_the_work_never_does_it_again(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _crash_in(patched, after=True, nth=2)  # done, then killed before the answer was kept
        assert person.post("/v1/homes", json=HOME, headers=KEY).status_code == 503

    world.clock.forward(minutes=10)
    again = person.post("/v1/homes", json=HOME, headers=KEY)

    assert (again.status_code, _homes(person)) == (409, 1)
    assert "carried out" in again.json["detail"]


def test_who_was_overtaken_does_nothing(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that has slept for longer than its lease wakes up after another has done its work."""
    done: list[Reply] = []
    do = idempotency._do

    def sleep_first(*arguments: object) -> object:
        if not done:
            done.append(None)
            world.clock.forward(seconds=61)
            done[0] = person.post("/v1/homes", json=HOME, headers=KEY)
        return do(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(idempotency, "_do", sleep_first)
    late = person.post("/v1/homes", json=HOME, headers=KEY)

    assert (done[0].status_code, late.status_code, _homes(person)) == (201, 409, 1)


def test_what_is_deleted_is_not_kept_as_an_answer_either(world: "World", person: "Person") -> None:
    made = person.post("/v1/homes", json={**HOME, "name": "Secret place"}, headers=KEY)
    assert any("Secret place" in row.body for row in world.state._rows.values() if row.body)

    person.delete(made.headers["Location"])

    assert not any("Secret place" in row.body for row in world.state._rows.values() if row.body)


def test_what_an_account_was_answered_goes_with_it(world: "World", person: "Person") -> None:
    person.post("/v1/homes", json=HOME, headers=KEY)

    person.delete("/v1/accounts/me")

    assert not [key for key in world.state._rows if key[0].startswith("idempotency#")]
