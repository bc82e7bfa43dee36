"""Dispatch: the one path that every request to an operation takes, step by step."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TypeAlias, cast

from flask import Flask, Response, g, request
from pydantic import BaseModel, ValidationError

from cloud.errors import ConflictError
from cloud.ports.records import device_pk
from cloud.ports.state import Key
from mobile_api import access, idempotency
from mobile_api.conditional import cacheable, is_conditional, require_match
from mobile_api.errors import (
    ForbiddenError,
    MalformedBodyError,
    PreconditionFailedError,
    UnauthenticatedError,
    UnsupportedBodyError,
)
from mobile_api.operations import GUARDS, Answer, Operation, Page
from mobile_api.problems import faults_of, problem
from mobile_api.rate_limits import COUNTED
from mobile_api.read_ahead import ReadAhead
from mobile_api.routing import reserve_words
from mobile_api.services import services, using
from mobile_api.slow_bodies import read_body

Arguments: TypeAlias = dict[str, object]
"""What views are called with, by name."""


def register(app: Flask, operations: Sequence[Operation]) -> None:
    """Put the operations on an app."""
    reserve_words(app, {operation.path for operation in operations})
    reads = {operation.path: operation for operation in operations if operation.method == "GET"}
    for operation in operations:
        answer = partial(serve, operation, reads.get(operation.path))
        app.add_url_rule(operation.path, operation.name, answer, methods=[operation.method])


def serve(operation: Operation, read: Operation | None, /, **path: str) -> Response:
    """Admit, look up, parse, compare with what the client has seen, act once, answer.

    Args:
        operation: What is asked for.
        read: The read of the same path, if there is one: what `If-Match` speaks of.
        path: The parameters in the path.
    """
    g.deprecation = operation.deprecation
    access.require_same_origin()
    principal = _admit(operation)
    read_body()
    if principal is None or not operation.beside:
        return _work(operation, read, principal, path)
    use = services()
    with using(use.on(ReadAhead(use.state, keys_beside(operation, path["device_id"])))):
        return _work(operation, read, principal, path)


def keys_beside(operation: Operation, device_id: str) -> list[Key]:
    """The items of a device that an operation looks at."""
    pk = device_pk(device_id)
    return [(pk, sk) for sk in ("device", *operation.beside)]


def _work(
    operation: Operation, read: Operation | None, principal: access.Principal | None, path: Mapping[str, str]
) -> Response:
    found: Arguments = {} if principal is None else _look_up(operation, principal, path)
    try:
        parsed = _parse(operation)
    except ValidationError as error:
        in_query = operation.query is not None and error.title == operation.query.__name__
        return problem(422, "some fields are at fault", faults_of(error, in_query=in_query))
    plain = {key: value for key, value in path.items() if key not in GUARDS}
    seen = _compare(operation, read, found) if request.method in {"PUT", "DELETE"} else {}
    act = partial(_act, operation, {**plain, **found, **parsed, **seen})
    return act() if principal is None else _once(principal, path, act)


def _admit(operation: Operation) -> access.Principal | None:
    """Who asks, counted: by account, or by address for as long as that is nobody."""
    limits = services().limits
    if operation.public:
        if operation.limited:
            limits.admit_address()
        return None
    try:
        principal = access.authenticate(operation.scope, operation.right)
    except (UnauthenticatedError, ForbiddenError):
        limits.admit_address()
        raise
    limits.admit_account(principal.account_id, request.environ.get(COUNTED))
    return principal


def _look_up(operation: Operation, principal: access.Principal, path: Mapping[str, str]) -> Arguments:
    """The principal, what is theirs, and where their list goes on."""
    found: Arguments = {"principal": principal}
    for parameter in operation.guards:
        argument, look_up = GUARDS[parameter]
        found[argument] = look_up(principal, path[parameter])
    if operation.paged:
        found["after"] = services().cursors.position(principal.account_id)
    return found


def _parse(operation: Operation) -> Arguments:
    parsed: Arguments = {}
    if operation.query is not None:
        parsed["query"] = operation.query.model_validate(request.args.to_dict())
    if operation.body is not None:
        parsed["body"] = _read_body(operation.body, optional=operation.body_optional)
    return parsed


def _read_body(model: type[BaseModel], *, optional: bool) -> BaseModel | None:
    raw = request.get_data()
    if not raw and optional:
        return None
    if request.mimetype != "application/json":
        raise UnsupportedBodyError("the body must be application/json")
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise MalformedBodyError(first["msg"]) from error
        raise


def _compare(operation: Operation, read: Operation | None, found: Arguments) -> Arguments:
    """Compare what is there with what the client has seen.

    The version is read before what is compared, so that a write on condition of it replaces nothing newer.
    """
    if not is_conditional():
        return {"version": None}
    version = None
    if operation.version_of is not None:
        version = operation.version_of(found[GUARDS[operation.guards[-1]][0]])
    query = {} if read is None or read.query is None else {"query": read.query()}
    require_match(None if read is None else _answer(read, {**found, **query}))
    return {"version": version}


def _once(principal: access.Principal, path: Mapping[str, str], act: partial[Response]) -> Response:
    """Act, once for each idempotency key; what a removal removes is not kept there either."""
    if request.method == "POST":
        return idempotency.once(principal.account_id, tuple(path.values()), act)
    response = act()
    if request.method == "DELETE":
        idempotency.forget(principal.account_id, tuple(path.values())[-1:])
    return response


def _act(operation: Operation, arguments: Arguments) -> Response:
    try:
        return _answer(operation, arguments)
    except ConflictError as error:
        if request.method in {"PUT", "DELETE"} and is_conditional():
            raise PreconditionFailedError from error
        raise


def _answer(operation: Operation, arguments: Arguments) -> Response:
    result = operation.view(**{key: arguments[key] for key in arguments if key in operation.needs})
    if isinstance(result, Response):
        return result
    if result is None and operation.answer is None:
        return Response(status=HTTPStatus.NO_CONTENT)
    model = result.body if isinstance(result, Answer | Page) else result
    if operation.answer is None or not isinstance(model, operation.answer):
        msg = f"{operation.name} answered {type(model).__name__}"
        raise TypeError(msg)
    response = Response(model.model_dump_json(by_alias=True), operation.status, mimetype="application/json")
    if isinstance(result, Answer):
        response.headers["Location"] = result.location
    if isinstance(result, Page) and result.after is not None:
        principal = cast("access.Principal", arguments["principal"])
        response.headers["Link"] = services().cursors.link(principal.account_id, result.after)
    return cacheable(response) if operation.method == "GET" else response
