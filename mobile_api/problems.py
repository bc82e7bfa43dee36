"""Problems: every error of the API as an RFC 9457 document; the one place where errors get their status."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, g, request
from pydantic import BaseModel, Field, ValidationError

from cloud.errors import ConflictError, NotFoundError, NotReadyError, RejectedError
from mobile_api.errors import (
    ForbiddenError,
    IdempotencyMismatchError,
    InvalidFieldError,
    MalformedBodyError,
    MalformedRequestError,
    NoSeatError,
    PreconditionFailedError,
    RateLimitedError,
    RequestInFlightError,
    StateConflictError,
    TooManyAttemptsError,
    UnauthenticatedError,
    UnsupportedBodyError,
)

MEDIA_TYPE = "application/problem+json"
_Piece = TypeVar("_Piece", str, bytes)

RETRY_AFTER_S = 5
"""What a 503 asks a client to wait [s]; the page polls as often."""

STATUS_OF: dict[type[Exception], int] = {
    NotFoundError: 404,
    NotReadyError: 503,
    NoSeatError: 503,
    ConflictError: 409,
    RejectedError: 422,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    StateConflictError: 409,
    UnsupportedBodyError: 415,
    MalformedBodyError: 400,
    MalformedRequestError: 400,
    PreconditionFailedError: 412,
    RequestInFlightError: 409,
    IdempotencyMismatchError: 422,
    RateLimitedError: 429,
    InvalidFieldError: 422,
    TooManyAttemptsError: 429,
}
"""The status of each error; the nearest class wins."""

HTTP_ERRORS = (
    *(400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 422, 428, 429, 431),
    *(500, 501, 502, 503, 504, 505),
)
"""The statuses that Flask itself may answer with."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Fault(BaseModel):
    """One field that is at fault."""

    where: str = Field(description="JSON pointer into the body, or a query parameter's name.")
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field("about:blank", description="`about:blank`: the status says it all.")
    title: str
    status: int
    detail: str | None = None
    request_id: str = Field(description="Name it when you ask for help.")
    errors: list[Fault] = Field(default_factory=list[Fault], description="Each field at fault, for a 422.")


def problem(status: int, detail: str | None = None, errors: list[Fault] | None = None) -> Response:
    """A response with a problem document."""
    document = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=g.get("request_id", ""),
        errors=errors or [],
    )
    response = Response(document.model_dump_json(exclude_none=True), status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="ac-advisor"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def install(app: Flask) -> None:
    """Answer every error of `app` with a problem document."""
    for error in STATUS_OF:
        app.register_error_handler(error, _raised)
    app.register_error_handler(ValidationError, _stored_wrongly)
    for status in HTTP_ERRORS:
        app.register_error_handler(status, _http)


def watched(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """The same; an error in the middle, where no problem can be answered any more, is at least logged."""
    try:
        yield from pieces
    except Exception as error:
        log.error("answer_cut_short", exc_info=error)  # noqa: TRY400 (`exception` is for where it ends)
        raise


def faults_of(error: ValidationError, *, in_query: bool) -> list[Fault]:
    """What a schema found wrong, field by field; the input itself is not repeated."""
    return [
        Fault(
            where=_where(found["loc"], in_query=in_query),
            detail=found["msg"],
        )
        for found in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _where(location: tuple[int | str, ...], *, in_query: bool) -> str:
    parts = [str(part) for part in location]
    return ".".join(parts) if in_query else "/".join(["#", *parts])


def _raised(error: Exception) -> Response:
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    errors = [Fault(where=error.where, detail=error.detail)] if isinstance(error, InvalidFieldError) else None
    response = problem(status, str(error), errors)
    if isinstance(error, RateLimitedError | TooManyAttemptsError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _stored_wrongly(error: Exception) -> Response:
    """A record in the store does not fit its schema: our fault, not the caller's."""
    log.error("record_unreadable", exc_info=error)
    return problem(500)


def _http(error: Any) -> Response:  # noqa: ANN401 (werkzeug's HTTPException, which is not ours to import)
    response = problem(
        error.code, None if error.code == HTTPStatus.INTERNAL_SERVER_ERROR else error.description
    )
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    if request.method == "HEAD":
        response.set_data(b"")
    return response
