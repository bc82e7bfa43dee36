"""Operations: the thin layer between Flask and pydantic that every route of ours goes through.

A view is a function with typed arguments. Their names and annotations say what it needs, and the layer
sees to it before the view runs:

- `principal`: who asks. Always found out, except with `public=True`.
- `home`, `device`, `gateway`, `advice`: what `<home_id>` and so on in the path stand for. They are looked up
  *for the principal* whenever the path has them, by the right that the operation asks for, so no view can see
  what is another's, nor do what is not for a role.
- `body`, `query`: pydantic models of the JSON body and of the query parameters.
- other names: path parameters as they are.

It returns a model (checked against the annotation), an `Answer` around one, None (204), or a response.
"""

import hashlib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from types import NoneType, UnionType
from typing import (
    Any,
    Generic,
    Literal,
    TypeAlias,
    TypedDict,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from flask import Flask, Response, request
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import Unpack

from mobile_api import access
from mobile_api.errors import MalformedBodyError, UnsupportedBodyError
from mobile_api.problems import faults_of, problem
from mobile_api.records import Scope

Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]
View: TypeAlias = Callable[..., object]
_Model = TypeVar("_Model", bound=BaseModel)
_View = TypeVar("_View", bound=View)

GUARDS: Mapping[str, tuple[str, Callable[[access.Principal, str], object]]] = {
    "home_id": ("home", access.owned_home),
    "device_id": ("device", access.owned_device),
    "gateway_id": ("gateway", access.owned_gateway),
    "advice_id": ("advice", access.owned_advice),
}
"""Path parameter, the argument that it becomes, and the check that it passes."""

BELOW_A_GUARD = frozenset({"command_id", "verdict", "member_id", "invitation_id", "attached_id"})
"""Path parameters that mean something only below a guarded one."""


class Body(BaseModel):
    """A JSON body: strict, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Query(BaseModel):
    """Query parameters: text by nature, and nothing unknown in them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Shown(BaseModel):
    """A JSON answer. Fields may be added to it, so nobody is told that there are no others."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Answer(Generic[_Model]):
    """A model with a place of its own."""

    body: _Model
    location: str


class Options(TypedDict, total=False):
    """What a decorator may say about an operation."""

    status: int
    scope: Scope
    right: access.Right
    public: bool
    documented: bool
    errors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One route, with everything that its documentation needs."""

    method: Method
    path: str
    tag: str
    view: View
    scope: Scope
    right: access.Right
    public: bool
    documented: bool
    status: int
    errors: tuple[int, ...]
    guards: tuple[str, ...]
    needs: frozenset[str]
    body: type[BaseModel] | None
    body_optional: bool
    query: type[BaseModel] | None
    answer: type[BaseModel] | None
    located: bool

    @property
    def name(self) -> str:
        """Flask's endpoint and OpenAPI's operationId."""
        return self.view.__name__

    def serve(self, **path: str) -> Response:
        """Check, look up, parse, call, and shape the answer."""
        access.require_same_origin()
        arguments = {key: value for key, value in path.items() if key not in GUARDS} | self._guarded(path)
        try:
            if self.query is not None:
                arguments["query"] = self.query.model_validate(request.args.to_dict())
            if self.body is not None:
                arguments["body"] = self._read_body(self.body)
        except ValidationError as error:
            in_query = self.query is not None and error.title == self.query.__name__
            return problem(422, "some fields are at fault", faults_of(error, in_query=in_query))
        return self._respond(self.view(**{key: arguments[key] for key in arguments if key in self.needs}))

    def _guarded(self, path: Mapping[str, str]) -> dict[str, object]:
        """The principal, and what is theirs."""
        if self.public:
            return {}
        principal = access.authenticate(self.scope, self.right)
        found: dict[str, object] = {"principal": principal}
        for parameter in self.guards:
            argument, look_up = GUARDS[parameter]
            found[argument] = look_up(principal, path[parameter])
        return found

    def _read_body(self, model: type[BaseModel]) -> BaseModel | None:
        raw = request.get_data(cache=False)
        if not raw and self.body_optional:
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

    def _respond(self, result: object) -> Response:
        if isinstance(result, Response):
            return result
        if result is None and self.answer is None:
            return Response(status=HTTPStatus.NO_CONTENT)
        model = result.body if isinstance(result, Answer) else result
        if self.answer is None or not isinstance(model, self.answer):
            msg = f"{self.name} answered {type(model).__name__}"
            raise TypeError(msg)
        response = Response(model.model_dump_json(by_alias=True), self.status, mimetype="application/json")
        if isinstance(result, Answer):
            response.headers["Location"] = result.location
        return cacheable(response) if request.method in {"GET", "HEAD"} else response


@dataclass(slots=True)
class Operations:
    """The operations of one topic, collected while its module is read and registered by `create_app`."""

    tag: str
    entries: list[Operation] = field(default_factory=list[Operation])

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[_View], _View]:
        """A read."""
        return self._add("GET", path, {"scope": "read", **options})

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[_View], _View]:
        """Something new, or something done."""
        return self._add("POST", path, options)

    def put(self, path: str, **options: Unpack[Options]) -> Callable[[_View], _View]:
        """A whole replacement."""
        return self._add("PUT", path, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[_View], _View]:
        """A removal."""
        return self._add("DELETE", path, {"status": 204, **options})

    def register(self, app: Flask) -> None:
        """Put the operations on an app."""
        for entry in self.entries:
            app.add_url_rule(entry.path, entry.name, partial(Operation.serve, entry), methods=[entry.method])

    def _add(self, method: Method, path: str, options: Options) -> Callable[[_View], _View]:
        def add(view: _View) -> _View:
            self.entries.append(_operation(method, path, self.tag, view, options))
            return view

        return add


def cacheable(response: Response) -> Response:
    """Give a read its ETag; 304 when the client has it already."""
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Cookie"
    response.make_conditional(request)
    return response


def path_parameters(path: str) -> list[str]:
    """The names in a rule: `/v1/homes/<home_id>` has `home_id`."""
    return re.findall(r"<(?:[^<>:]+:)?(\w+)>", path)


def _operation(method: Method, path: str, tag: str, view: View, options: Options) -> Operation:
    hints = get_type_hints(view)
    needs = frozenset(inspect.signature(view).parameters)
    parameters = path_parameters(path)
    guards = tuple(name for name in parameters if name in GUARDS)
    public = options.get("public", False)
    _check_path(path, parameters, guards, public=public)
    scope = options.get("scope", "control")
    body, body_optional = _body_model(hints.get("body"))
    answer, located = _answer_model(hints["return"])
    return Operation(
        method=method,
        path=path,
        tag=tag,
        view=view,
        scope=scope,
        right=options.get("right", access.RIGHT_OF.get(scope, "see")),
        public=public,
        documented=options.get("documented", True),
        status=options.get("status", 200),
        errors=options.get("errors", ()),
        guards=guards,
        needs=needs,
        body=body,
        body_optional=body_optional,
        query=hints.get("query"),
        answer=answer,
        located=located,
    )


def _check_path(path: str, parameters: list[str], guards: tuple[str, ...], *, public: bool) -> None:
    """Refuse a route whose path could name something that nobody checks."""
    unknown = [name for name in parameters if name not in GUARDS and not (guards and name in BELOW_A_GUARD)]
    if unknown or (guards and public):
        msg = f"{path}: nobody checks {unknown or list(guards)}"
        raise TypeError(msg)


def _body_model(hint: object) -> tuple[type[BaseModel] | None, bool]:
    """The model of a body, and whether it may be absent (`Model | None`)."""
    if get_origin(hint) in {UnionType, Union}:
        (model,) = (kind for kind in get_args(hint) if kind is not NoneType)
        return model, True
    return (hint, False) if isinstance(hint, type) and issubclass(hint, BaseModel) else (None, False)


def _answer_model(hint: Any) -> tuple[type[BaseModel] | None, bool]:  # noqa: ANN401 (an annotation)
    if get_origin(hint) is Answer:
        return get_args(hint)[0], True
    return (hint, False) if isinstance(hint, type) and issubclass(hint, BaseModel) else (None, False)
