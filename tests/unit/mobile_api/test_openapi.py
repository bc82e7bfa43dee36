"""The description is valid OpenAPI 3.1, is what was agreed on, and is what the API does."""

import json
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
    """After a wanted change, write `description()` to the file beside this test; look at the difference."""
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
        "/v1/homes",
        "/v1/homes/{home_id}",
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
        schema = described["content"][answer.mimetype]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json)
