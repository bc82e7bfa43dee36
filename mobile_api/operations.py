"""Operations: what a view says about itself; `dispatch.py` sees to it on the one path that requests take.

A view is a function with typed arguments. Their names and annotations say what it needs, and the layer
sees to it before the view runs:

- `principal`: who asks. Always found out, except with `public=True`.
- `home`, `device`, `gateway`, `advice`: what `<home_id>` and so on in the path stand for. They are looked up
  *for the principal* whenever the path has them, by the right that the operation asks for, so no view can see
  what is another's, nor do what is not for a role.
- `body`, `query`: pydantic models of the JSON body and of the query parameters.
- `after`: where a list goes on (the `after` of the part before it, or ""); `query` is a `Paging`.
- `version`: with `version_of=`, the version in the store of what the client has seen and wants to replace;
  None when it does not say (`If-Match`). As `if_version` of the write it keeps others' changes in between.
- other names: path parameters as they are.

With `beside=`, items of the device that the view looks at are fetched together with it; `media_type=` says
what a response is that is not JSON.

It returns a model (checked against the annotation), an `Answer` or a `Page` around one, None (204), or a
response. Reads get an ETag; PUT and DELETE honour `If-Match`; POST honours `Idempotency-Key`.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import Unpack

from mobile_api import access
from mobile_api.deprecation import Deprecation
from mobile_api.records import Scope

MAX_PART = 500
"""Most members of a list in one answer."""

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

FOR_OPERATORS = frozenset({"letter_id"})
"""Path parameters that name something of nobody's home: the scope `admin` is the check."""


class Body(BaseModel):
    """A JSON body: strict, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Query(BaseModel):
    """Query parameters: text by nature, and nothing unknown in them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Paging(Query):
    """Query parameters of a list; the next part is at `Link: rel="next"`."""

    limit: int = Field(100, ge=1, le=MAX_PART, description="Most members in one answer.")
    cursor: str | None = Field(None, description="From the `Link` of the part before; good for nothing else.")


class Shown(BaseModel):
    """A JSON answer. Fields may be added to it, so nobody is told that there are no others."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Answer(Generic[_Model]):
    """A model with a place of its own."""

    body: _Model
    location: str


@dataclass(frozen=True, slots=True)
class Page(Generic[_Model]):
    """A part of a list, and what the next part comes after; None with the last."""

    body: _Model
    after: str | None


class Options(TypedDict, total=False):
    """What a decorator may say about an operation."""

    status: int
    scope: Scope
    right: access.Right
    public: bool
    documented: bool
    errors: tuple[int, ...]
    limited: bool
    deprecation: Deprecation
    version_of: Callable[[Any], int]
    beside: tuple[str, ...]
    media_type: str


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
    paged: bool
    limited: bool
    deprecation: Deprecation | None
    version_of: Callable[[Any], int] | None
    beside: tuple[str, ...]
    media_type: str | None

    @property
    def name(self) -> str:
        """Flask's endpoint and OpenAPI's operationId."""
        return self.view.__name__


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

    def _add(self, method: Method, path: str, options: Options) -> Callable[[_View], _View]:
        def add(view: _View) -> _View:
            self.entries.append(_operation(method, path, self.tag, view, options))
            return view

        return add


def path_parameters(path: str) -> list[str]:
    """The names in a rule: `/v1/homes/<home_id>` has `home_id`."""
    return re.findall(r"<(?:[^<>:]+:)?(\w+)>", path)


def _operation(method: Method, path: str, tag: str, view: View, options: Options) -> Operation:
    hints = get_type_hints(view)
    needs = frozenset(inspect.signature(view).parameters)
    parameters = path_parameters(path)
    guards = tuple(name for name in parameters if name in GUARDS)
    public = options.get("public", False)
    scope = options.get("scope", "control")
    _check_path(path, parameters, guards, public=public, operators=scope == "admin")
    body, body_optional = _body_model(hints.get("body"))
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
        answer=_answer_model(hints["return"]),
        located=get_origin(hints["return"]) is Answer,
        paged=get_origin(hints["return"]) is Page,
        limited=options.get("limited", True),
        deprecation=options.get("deprecation"),
        version_of=options.get("version_of"),
        beside=options.get("beside", ()),
        media_type=options.get("media_type"),
    )


def _check_path(
    path: str, parameters: list[str], guards: tuple[str, ...], *, public: bool, operators: bool
) -> None:
    """Refuse a route whose path could name something that nobody checks."""
    allowed = {*GUARDS, *(BELOW_A_GUARD if guards else ()), *(FOR_OPERATORS if operators else ())}
    unknown = [name for name in parameters if name not in allowed]
    if unknown or (guards and public):
        msg = f"{path}: nobody checks {unknown or list(guards)}"
        raise TypeError(msg)


def _body_model(hint: object) -> tuple[type[BaseModel] | None, bool]:
    """The model of a body, and whether it may be absent (`Model | None`)."""
    if get_origin(hint) in {UnionType, Union}:
        (model,) = (kind for kind in get_args(hint) if kind is not NoneType)
        return model, True
    return (hint, False) if isinstance(hint, type) and issubclass(hint, BaseModel) else (None, False)


def _answer_model(hint: Any) -> type[BaseModel] | None:  # noqa: ANN401 (an annotation)
    if get_origin(hint) in {Answer, Page}:
        model: type[BaseModel] = get_args(hint)[0]
        return model
    return hint if isinstance(hint, type) and issubclass(hint, BaseModel) else None
