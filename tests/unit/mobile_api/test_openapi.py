"""The description is valid OpenAPI 3.1, is what was agreed on, and is what the API does."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from mobile_api.app import all_operations, description

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import World

GOLDEN = Path(__file__).parent / "openapi.json"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    found: Json = json.loads(description())
    return found


def test_the_description_is_valid(document: Json) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_the_description_is_the_one_that_was_agreed_on() -> None:
    """After a wanted change: `python -m mobile_api.describe > tests/unit/mobile_api/openapi.json`."""
    assert description() == GOLDEN.read_text().rstrip("\n")


def test_it_is_served(world: "World", document: Json) -> None:
    assert world.nobody().get("/openapi.json").json == document


def test_every_documented_operation_is_described_with_its_errors(document: Json) -> None:
    described = {
        entry["operationId"]: entry for methods in document["paths"].values() for entry in methods.values()
    }

    assert set(described) == {operation.name for operation in all_operations() if operation.documented}
    for operation in all_operations():
        if operation.documented and not operation.public:
            responses = described[operation.name]["responses"]
            assert {"401", "403"} <= set(responses)
            assert described[operation.name]["security"][0] == {"oauth2": [operation.scope]}


def test_the_binding_paths_of_the_loop_are_there(document: Json) -> None:
    assert set(document["paths"]) == {
        "/v1/accounts",
        "/v1/accounts/me",
        "/v1/accounts/me/audit",
        "/v1/accounts/me/email-check",
        "/v1/accounts/me/password",
        "/v1/audit",
        "/v1/dead-letters",
        "/v1/dead-letters/{letter_id}",
        "/v1/email-checks/confirm",
        "/v1/password-resets",
        "/v1/password-resets/confirm",
        "/v1/homes",
        "/v1/homes/{home_id}",
        "/v1/homes/{home_id}/export",
        "/v1/homes/{home_id}/presence",
        "/v1/homes/{home_id}/members",
        "/v1/homes/{home_id}/members/{member_id}",
        "/v1/homes/{home_id}/invitations",
        "/v1/homes/{home_id}/invitations/{invitation_id}",
        "/v1/invitations/accept",
        "/v1/gateways/claim",
        "/v1/gateways/{gateway_id}",
        "/v1/gateways/{gateway_id}/devices/{attached_id}",
        "/v1/devices/{device_id}/schedule",
        "/v1/devices/{device_id}/savings",
        "/v1/devices/claim",
        "/v1/devices",
        "/v1/devices/{device_id}",
        "/v1/devices/{device_id}/telemetry",
        "/v1/devices/{device_id}/commands",
        "/v1/devices/{device_id}/commands/{command_id}",
        "/v1/devices/{device_id}/preferences",
        "/v1/devices/{device_id}/recommendation",
        "/v1/devices/{device_id}/plan",
        "/v1/recommendations/{advice_id}/{verdict}",
        "/v1/devices/{device_id}/feedback",
        "/v1/events",
        "/v1/push/key",
        "/v1/push/subscriptions",
        "/healthz",
        "/readyz",
    }


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/accounts/me", "/v1/homes", "/v1/devices", "/v1/devices/dev-1", "/v1/nowhere"),
        *("/v1/devices/dev-1/telemetry", "/v1/devices/dev-1/recommendation", "/v1/devices/nope"),
        *("/v1/devices/dev-1/preferences", "/v1/devices/dev-1/telemetry?resolution=1h"),
        *("/v1/devices/dev-1/schedule", "/v1/devices/dev-1/savings?period=28d"),
    ],
)
def test_answers_fit_their_schemas(world: "World", document: Json, path: str) -> None:
    person = world.sign_up()
    world.advise(world.device_of(person))
    world.report("dev-1", world.clock.at)
    rule = path.split("?", maxsplit=1)[0].replace("dev-1", "{device_id}").replace("nope", "{device_id}")

    answer = person.get(path)

    schema: Json = {"$ref": "#/components/schemas/Problem"}
    if rule in document["paths"]:
        described = document["paths"][rule]["get"]["responses"][str(answer.status_code)]
        named = described.get("$ref", "").rpartition("/")[2]
        described = document["components"]["responses"][named] if named else described
        schema = described["content"][answer.mimetype]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json)


def _contents(document: Json) -> list[tuple[str, Json]]:
    """Everything that is sent or answered, with its schema and its example."""
    entries = [entry for methods in document["paths"].values() for entry in methods.values()]
    bodies = [(entry["operationId"], entry["requestBody"]) for entry in entries if "requestBody" in entry]
    answers = [(entry["operationId"], answer) for entry in entries for answer in entry["responses"].values()]
    refusals = list(document["components"]["responses"].items())
    return [
        (name, content)
        for name, holder in (*bodies, *answers, *refusals)
        for content in holder.get("content", {}).values()
    ]


def test_everything_that_is_sent_or_answered_has_an_example_that_fits(document: Json) -> None:
    contents = _contents(document)

    assert len(contents) > 40
    for name, content in contents:
        if not content:  # bytes, which have no schema
            assert name == "export_home"
            continue
        schema = {**content["schema"], "components": document["components"]}
        errors = list(Draft202012Validator(schema).iter_errors(content["example"]))
        assert errors == [], name


def test_whatever_is_answered_says_what_it_is(document: Json) -> None:
    told = {
        entry["operationId"]: list(entry["responses"]["200"].get("content", {}))
        for methods in document["paths"].values()
        for entry in methods.values()
        if "200" in entry["responses"]
    }

    assert told.pop("stream_events") == ["text/event-stream"]
    assert told.pop("export_home") == ["application/zip"]
    assert set(map(tuple, told.values())) == {("application/json",)}


def test_the_example_of_a_body_is_one_that_the_api_takes(document: Json) -> None:
    for operation in all_operations():
        if operation.documented and operation.body is not None:
            path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", operation.path)
            content = document["paths"][path][operation.method.lower()]["requestBody"]["content"]
            operation.body.model_validate_json(json.dumps(content["application/json"]["example"]))


def test_every_error_that_an_operation_may_answer_with_is_described(document: Json) -> None:
    for operation in all_operations():
        if not operation.documented:
            continue
        path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", operation.path)
        told = {int(status) for status in document["paths"][path][operation.method.lower()]["responses"]}
        wanted = {429} if operation.limited else set()
        wanted |= {412} if operation.method in {"PUT", "DELETE"} else set()
        wanted |= {400, 413, 415, 422} if operation.body is not None else set()
        wanted |= {400, 409, 422} if operation.method == "POST" and not operation.public else set()
        assert wanted | {500, 503} <= told, operation.name
