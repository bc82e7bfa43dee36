"""OpenAPI 3.1: the description of the operations, made once from the operations themselves."""

import inspect
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from edge.contract.quantities import DEVICE_ID_PATTERN
from mobile_api.operations import Operation, path_parameters
from mobile_api.problems import MEDIA_TYPE, Problem
from mobile_api.records import ALL_SCOPES

Json = dict[str, Any]
Schemas = Mapping[tuple[Any, Literal["validation", "serialization"]], Json]

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
_VERSION = "1.0.0"


def describe(operations: Iterable[Operation]) -> Json:
    """The OpenAPI document of `operations`."""
    documented = [operation for operation in operations if operation.documented]
    schemas, definitions = _schemas(documented)
    paths: dict[str, Json] = {}
    for operation in documented:
        path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _entry(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ac-advisor",
            "version": _VERSION,
            "summary": "Energy advice for smart air conditioners.",
            "description": "Errors are RFC 9457 problems. Reads carry an ETag and honour If-None-Match.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": definitions, "securitySchemes": _security_schemes()},
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


def _entry(operation: Operation, schemas: Schemas) -> Json:
    words = inspect.getdoc(operation.view) or ""
    summary, _, description = words.partition("\n\n")
    entry: Json = {"operationId": operation.name, "tags": [operation.tag], "summary": summary.rstrip(".")}
    if description:
        entry["description"] = description
    parameters = [*_path(operation), *_query(operation), *_conditional(operation)]
    if parameters:
        entry["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": schemas[operation.body, "validation"]}}
        entry["requestBody"] = {"required": not operation.body_optional, "content": content}
    entry["security"] = [] if operation.public else [{"oauth2": [operation.scope]}, {"session": []}]
    entry["responses"] = _responses(operation, schemas)
    return entry


def _path(operation: Operation) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS.get(name, {"type": "string"})}
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


def _conditional(operation: Operation) -> list[Json]:
    if operation.method != "GET" or operation.answer is None:
        return []
    return [{"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}]


def _responses(operation: Operation, schemas: Schemas) -> Json:
    success: Json = {"description": HTTPStatus(operation.status).phrase}
    headers: Json = {}
    if operation.answer is not None:
        content = {"application/json": {"schema": schemas[operation.answer, "serialization"]}}
        success["content"] = content
        if operation.method == "GET":
            headers["ETag"] = {"schema": {"type": "string"}, "required": True}
    if operation.located:
        headers["Location"] = {"schema": {"type": "string", "format": "uri-reference"}, "required": True}
    if headers:
        success["headers"] = headers
    responses: Json = {str(operation.status): success}
    if operation.method == "GET" and operation.answer is not None:
        responses["304"] = {"description": HTTPStatus(304).phrase}
    for status in sorted(_errors(operation)):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schemas[Problem, "serialization"]}},
        }
    return responses


def _errors(operation: Operation) -> set[int]:
    """The errors that follow from what an operation is, and those that it names."""
    errors = set(operation.errors)
    if not operation.public:
        errors |= {401, 403}
    elif operation.method != "GET":
        errors |= {403}
    if operation.guards:
        errors |= {404}
    if operation.query is not None:
        errors |= {422}
    if operation.body is not None:
        errors |= {400, 413, 415, 422}
    return errors | {503}


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
            "description": "Authorization code with PKCE (S256).",
            "flows": {"authorizationCode": flow},
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "ac_session",
            "description": "The web page's session; requests from other sites are refused.",
        },
    }
