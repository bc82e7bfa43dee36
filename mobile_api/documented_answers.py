"""What an operation may answer, for its description: success, and every error with an example."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Literal

from mobile_api.examples import example_of
from mobile_api.operations import Operation
from mobile_api.problems import MEDIA_TYPE, Problem

Json = dict[str, Any]
Schemas = Mapping[tuple[Any, Literal["validation", "serialization"]], Json]

DETAILS = {
    400: "the cursor does not belong to this request",
    401: "sign in, or send an access token",
    403: "the token lacks the scope 'control'",
    404: "no device 'ac-living-room'",
    409: "the same request is still at work",
    412: "it was changed meanwhile, or is not what you have read: read it again",
    413: "The data value transmitted exceeds the capacity limit.",
    415: "the body must be application/json",
    422: "some fields are at fault",
    429: "too many requests: wait 3 s",
    503: "no advice yet: the device has not reported for long enough",
}
"""An example of what each error says; a 500 says nothing of itself."""

_STRING: Json = {"type": "string"}
_TEXT: Json = {"schema": _STRING}
_OTHER_MEDIA: dict[str, Json] = {
    "text/event-stream": {  # OpenAPI 3.1 has no word for streams: one event of it
        "schema": {"type": "object", "properties": dict.fromkeys(("event", "id", "data"), _STRING)},
        "example": {"event": "end", "id": "17.0000000000000000.1784030400", "data": '{"reason":"lifetime"}'},
    },
    "application/zip": {},  # OpenAPI 3.1: bytes have no schema
}
_SECONDS: Json = {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds to wait."}
COMMON_HEADERS: dict[str, Json] = {
    "X-Request-Id": {**_TEXT, "description": "Yours, or a new one; logs have it too."},
    "RateLimit": {**_TEXT, "description": 'Requests left and seconds until all are: `"account";r=1199;t=1`.'},
    "RateLimit-Policy": {**_TEXT, "description": 'Requests in so many seconds: `"account";q=1200;w=60`.'},
    "Link": {**_TEXT, "description": 'The next part of the list (`rel="next"`); absent with the last.'},
    "ETag": {**_TEXT, "description": "For `If-None-Match`, and for `If-Match` of a PUT or DELETE."},
    "Location": {"schema": {"type": "string", "format": "uri-reference"}},
    "Retry-After": _SECONDS,
}
"""Headers of answers, referred to by name."""


def errors_of(operation: Operation) -> set[int]:
    """The errors that follow from what an operation is, and those that it names."""
    rules = (
        (not operation.public, {401, 403}),
        (operation.public and operation.method != "GET", {403}),
        (bool(operation.guards), {404}),
        (operation.query is not None, {422}),
        (operation.body is not None, {400, 413, 415, 422}),
        (operation.paged, {400}),
        (not operation.public and operation.method == "POST", {400, 409, 422}),
        (not operation.public and operation.method in {"PUT", "DELETE"}, {412}),
        (operation.limited, {429}),
    )
    return {503, 500, *operation.errors}.union(*(statuses for holds, statuses in rules if holds))


def responses(operation: Operation, schemas: Schemas, definitions: Json) -> Json:
    """The responses of an operation."""
    common = ("X-Request-Id", *(("RateLimit", "RateLimit-Policy") if operation.limited else ()))
    tagged = ("ETag",) if operation.method == "GET" and operation.answer is not None else ()
    own = (*(("Link",) if operation.paged else ()), *(("Location",) if operation.located else ()))
    success: Json = {
        "description": HTTPStatus(operation.status).phrase,
        "headers": _headers(*common, *tagged, *own),
    }
    if operation.answer is not None:
        schema = schemas[operation.answer, "serialization"]
        example = example_of(schema, definitions)
        success["content"] = {"application/json": {"schema": schema, "example": example}}
    elif operation.media_type is not None:
        success["content"] = {operation.media_type: _OTHER_MEDIA[operation.media_type]}
    found: Json = {str(operation.status): success}
    if tagged:
        found["304"] = {"description": HTTPStatus(304).phrase, "headers": _headers(*common, *tagged)}
    return found | {
        str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in errors_of(operation)
    }


def refusals(operations: Iterable[Operation], schemas: Schemas) -> Json:
    """Every error that some operation may answer with, once and by name."""
    statuses = set[int]().union(*(errors_of(operation) for operation in operations))
    return {_name(status): _refusal(status, schemas[Problem, "serialization"]) for status in sorted(statuses)}


def _refusal(status: int, schema: Json) -> Json:
    limited = () if status == HTTPStatus.INTERNAL_SERVER_ERROR else ("RateLimit", "RateLimit-Policy")
    waits = (
        ("Retry-After",) if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE} else ()
    )
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers("X-Request-Id", *limited, *waits),
        "content": {MEDIA_TYPE: {"schema": schema, "example": _problem(status)}},
    }


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _name(status: int) -> str:
    return f"Problem{status}"


def _problem(status: int) -> Json:
    example: Json = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if status in DETAILS:
        example["detail"] = DETAILS[status]
    at_fault = [{"where": "#/name", "detail": "String should have at least 1 character"}]
    errors = at_fault if status == HTTPStatus.UNPROCESSABLE_ENTITY else []
    return example | {"request_id": "5f0c2d7e9b1a4c36", "errors": errors}
