"""Every error is an RFC 9457 document."""

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from cloud.errors import ConflictError, NotFoundError, NotReadyError, RejectedError, UnavailableError
from cloud.ports.records import device_pk
from cloud.ports.state import Put
from mobile_api.app import MAX_BODY_BYTES
from mobile_api.problems import STATUS_OF

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, Reply, World


def _is_problem(answer: "Reply", status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    document = answer.json
    assert document["type"] == "about:blank"
    assert document["status"] == status
    assert document["title"] == HTTPStatus(status).phrase
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.fixture
def person(world: "World") -> "Person":
    return world.sign_up()


def test_an_unknown_path(world: "World") -> None:
    _is_problem(world.nobody().get("/v1/nowhere"), 404)


def test_an_unknown_thing(person: "Person") -> None:
    answer = person.get("/v1/devices/nope")

    _is_problem(answer, 404)
    assert answer.json["detail"] == "no device 'nope'"


def test_a_method_that_is_not_offered(person: "Person") -> None:
    answer = person.delete("/v1/homes")

    _is_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_a_path_that_is_written_out_is_nothing_elses_id(person: "Person") -> None:
    answer = person.get("/v1/devices/claim")

    _is_problem(answer, 405)
    assert answer.headers["Allow"] == "OPTIONS, POST"
    _is_problem(person.get("/v1/devices/claims"), 404)


def test_a_body_of_another_type(person: "Person") -> None:
    _is_problem(person.post("/v1/homes", data="name=x", content_type="text/plain"), 415)


def test_a_body_that_is_no_json(person: "Person") -> None:
    _is_problem(person.post("/v1/homes", data="{", content_type="application/json"), 400)


def test_a_body_that_is_too_long(person: "Person") -> None:
    body = b" " * (MAX_BODY_BYTES + 1)

    _is_problem(person.post("/v1/homes", data=body, content_type="application/json"), 413)


def test_fields_that_are_at_fault_are_named(person: "Person") -> None:
    answer = person.post("/v1/homes", json={"name": "", "latitude_deg": "45", "longitude_deg": 9, "extra": 1})

    _is_problem(answer, 422)
    # RFC 6901 pointers, as the example in RFC 9457, section 3 has them.
    assert {fault["where"] for fault in answer.json["errors"]} == {
        *("#/name", "#/latitude_deg", "#/timezone", "#/extra")
    }


def test_the_input_is_not_repeated(world: "World") -> None:
    answer = world.nobody().post("/v1/accounts", json={"email": "x", "password": "secret"})

    _is_problem(answer, 422)
    assert "secret" not in answer.text


def test_a_query_parameter_at_fault(world: "World", person: "Person") -> None:
    device_id = world.device_of(person)

    for query, where in (("from=yesterday", "from"), ("resolution=0", "resolution"), ("nope=1", "nope")):
        answer = person.get(f"/v1/devices/{device_id}/telemetry?{query}")
        _is_problem(answer, 422)
        assert answer.json["errors"][0]["where"] == where


def test_no_token(world: "World") -> None:
    answer = world.nobody().get("/v1/homes")

    _is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ac-advisor"'


@pytest.mark.parametrize(
    "header", ["Basic eDp5", "Bearer", "Bearer nonsense", "Bearer a.b.c", "Bearer " + "x" * 9000]
)
def test_a_token_that_is_none(world: "World", header: str) -> None:
    _is_problem(world.nobody().get("/v1/homes", headers={"Authorization": header}), 401)


def test_a_token_without_the_scope(world: "World") -> None:
    reader = world.sign_up(scope="read")

    assert reader.get("/v1/homes").status_code == 200
    _is_problem(reader.post("/v1/homes", json={}), 403)


def test_a_request_from_another_site(world: "World") -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        _is_problem(world.nobody().post("/v1/accounts", json={}, headers=headers), 403)


def test_before_the_first_advice(world: "World", person: "Person") -> None:
    answer = person.get(f"/v1/devices/{world.device_of(person)}/recommendation")

    _is_problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"


def test_a_fault_of_ours_says_nothing_of_itself(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(world.state), "query", fail)

    answer = person.get("/v1/homes")

    _is_problem(answer, 500)
    assert "secret" not in answer.text


def test_a_record_that_does_not_fit_is_our_fault(world: "World", person: "Person") -> None:
    device_id = world.device_of(person)
    world.state.transact([Put(device_pk(device_id), "advice", {"setpoint_c": "warm"})])

    _is_problem(person.get(f"/v1/devices/{device_id}/recommendation"), 500)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("x", "y"), 404),
        (NotReadyError("later"), 503),
        (UnavailableError("locked"), 503),
        (ConflictError("pk", "sk"), 409),
        (RejectedError("bad"), 422),
    ],
)
def test_each_error_of_the_cloud_has_its_status(
    world: "World", person: "Person", monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(world.state), "query", fail)

    _is_problem(person.get("/v1/homes"), status)
    assert set(STATUS_OF.values()) >= {400, 401, 403, 404, 409, 415, 422, 503}


def test_a_request_id_is_kept_when_it_is_harmless(world: "World") -> None:
    nobody = world.nobody()

    assert nobody.get("/healthz", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    for odd in ("x" * 65, "a b", 'a"b'):
        given = nobody.get("/healthz", headers={"X-Request-Id": odd}).headers["X-Request-Id"]
        assert re.fullmatch(r"[0-9a-f]{16}", given)
