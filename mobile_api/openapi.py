"""OpenAPI 3.1: the description of the operations, made once from the operations themselves.

`python -m mobile_api.describe` prints it.
"""

import inspect
import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from edge.contract.quantities import DEVICE_ID_PATTERN
from mobile_api.documented_answers import COMMON_HEADERS, Json, Schemas, refusals, responses
from mobile_api.examples import example_of
from mobile_api.idempotency import KEY_PATTERN
from mobile_api.operations import Operation, path_parameters
from mobile_api.problems import Problem
from mobile_api.records import ALL_SCOPES

_SCOPE_WORDS = {
    "read": "Look at homes, devices, telemetry and advice.",
    "advise": "Answer advice and say how it feels.",
    "control": "Move devices; change homes, devices, preferences and the account.",
    "admin": "Operate the service; for operators.",
}
_PATH_SCHEMAS: dict[str, Json] = {
    "device_id": {"type": "string", "pattern": DEVICE_ID_PATTERN},
    "verdict": {"type": "string", "enum": ["accept", "dismiss", "undo"]},
}
_VERSION = "1.1.0"
_PROSE = """Errors are RFC 9457 problems, also where nothing is found (404), a method is not offered (405)
or a body is too long (413). Reads carry an ETag and honour `If-None-Match`; PUT and DELETE honour `If-Match`.
Lists are cut into parts: follow `Link: rel="next"`. A POST with an `Idempotency-Key` is done once in 24 h.
`RateLimit` says how many requests are left. Within `/v1` fields and operations are only added: ignore what
you do not know."""
_PARAMETERS: dict[str, Json] = {
    "If-None-Match": {
        "schema": {"type": "string"},
        "description": "The ETag of what you have: 304 if it still holds.",
    },
    "If-Match": {
        "schema": {"type": "string"},
        "description": "The ETag of what you have read: 412 if it was changed.",
    },
    "Idempotency-Key": {
        "schema": {"type": "string", "pattern": KEY_PATTERN},
        "description": "A new one for each thing to do, the same to try it again: it is done once.",
    },
}


def describe(operations: Iterable[Operation]) -> Json:
    """The OpenAPI document of `operations`."""
    documented = [operation for operation in operations if operation.documented]
    schemas, definitions = _schemas(documented)
    paths: dict[str, Json] = {}
    for operation in documented:
        path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _entry(operation, schemas, definitions)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ac-advisor",
            "version": _VERSION,
            "summary": "Energy advice for smart air conditioners.",
            "description": _PROSE.replace("\n", " "),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "responses": refusals(documented, schemas),
            "headers": COMMON_HEADERS,
            "parameters": {
                name: {"name": name, "in": "header", **words} for name, words in _PARAMETERS.items()
            },
            "securitySchemes": _security_schemes(),
        },
    }


def _schemas(operations: list[Operation]) -> tuple[Schemas, Json]:
    inputs = {operation.body for operation in operations if operation.body is not None}
    outputs = {operation.answer for operation in operations if operation.answer is not None} | {Problem}
    wanted: list[tuple[Any, Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in sorted(inputs, key=lambda model: model.__name__)),
        *((model, "serialization") for model in sorted(outputs, key=lambda model: model.__name__)),
    ]
    schemas, document = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    return schemas, document["$defs"]


def _entry(operation: Operation, schemas: Schemas, definitions: Json) -> Json:
    words = inspect.getdoc(operation.view) or ""
    summary, _, description = words.partition("\n\n")
    entry: Json = {"operationId": operation.name, "tags": [operation.tag], "summary": summary.rstrip(".")}
    if description:
        entry["description"] = description
    parameters = [*_path(operation), *_query(operation), *_request_headers(operation)]
    if parameters:
        entry["parameters"] = parameters
    if operation.body is not None:
        schema = schemas[operation.body, "validation"]
        content = {"application/json": {"schema": schema, "example": example_of(schema, definitions)}}
        entry["requestBody"] = {"required": not operation.body_optional, "content": content}
    entry["security"] = (
        [] if operation.public else [{"oauth2": [operation.scope]}, {"bearer": []}, {"session": []}]
    )
    if operation.deprecation is not None:
        entry["deprecated"] = True
    entry["responses"] = responses(operation, schemas, definitions)
    return entry


def _path(operation: Operation) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PATH_SCHEMAS.get(name, {"type": "string"}),
            "example": example_of(_PATH_SCHEMAS.get(name, {"type": "string"}), {}, name),
        }
        for name in path_parameters(operation.path)
    ]


def _query(operation: Operation) -> list[Json]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]


def _request_headers(operation: Operation) -> list[Json]:
    rules = {
        "If-None-Match": operation.method == "GET" and operation.answer is not None,
        "If-Match": operation.method in {"PUT", "DELETE"} and not operation.public,
        "Idempotency-Key": operation.method == "POST" and not operation.public,
    }
    return [{"$ref": f"#/components/parameters/{name}"} for name, holds in rules.items() if holds]


def _security_schemes() -> Json:
    flow = {
        "authorizationUrl": "/oauth/authorize",
        "tokenUrl": "/oauth/token",
        "refreshUrl": "/oauth/token",
        "scopes": {scope: _SCOPE_WORDS[scope] for scope in ALL_SCOPES},
    }
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "Authorization code with PKCE (S256). All endpoints are as their RFCs say, and "
            "named by `/.well-known/oauth-authorization-server` (RFC 8414).",
            "flows": {"authorizationCode": flow},
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token, however it was got.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "ac_session",
            "description": "The web page's session; requests from other sites are refused.",
        },
    }
