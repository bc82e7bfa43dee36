"""Templates: what a device's discovery message wants computed from a payload, without trusting it.

Jinja2 in its sandbox, cut down to a language whose cost is bounded by its length: no loops, no macros, no
imports, no assignment from what was assigned, a fixed set of filters and methods, no powers, products of
numbers only. On top of that, templates, values and results have a largest size, and a rendering a deadline.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from jinja2 import ChainableUndefined, TemplateError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

from edge.dialects.reading_matter import number
from edge.errors import UnreadableError

MAX_TEMPLATE_CHARS = 2048
"""A longer template is refused [characters]."""

MAX_NODES = 400
"""Parts of a template (the longest seen in public firmware has fewer than 100)."""

MAX_RESULT_CHARS = 4096
"""A longer result, or a longer text on the way to one, is refused [characters]."""

MAX_RENDER_S = 0.05
"""A rendering that takes longer is given up [s]; a usual one takes a thousandth of it."""

_METHODS: Final = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "split", "startswith", "endswith", "get", "title"}
)

_FORBIDDEN: Final = (
    nodes.For,
    nodes.Macro,
    nodes.CallBlock,
    nodes.FilterBlock,
    nodes.AssignBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Block,
    nodes.Pow,
)

_MISSING: Final = object()


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, with a deadline and without ways to make much of little."""

    intercepted_binops = frozenset({"*", "+", "%", "/", "//", "-"})
    deadline = 0.0

    @override
    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        self._look_at_the_time()
        if operator != "+" and not (_is_number(left) and _is_number(right)):
            raise UnreadableError(f"template: {operator} is for numbers")
        if operator == "+" and not (_is_number(left) and _is_number(right)):
            return _short(f"{left}{right}")
        if max(abs(left), abs(right)) > 1e12:  # noqa: PLR2004 (long integers take long)
            raise UnreadableError("template: a number is too large")
        return super().call_binop(context, operator, left, right)

    @override
    def getattr(self, obj: Any, attribute: str) -> Any:
        self._look_at_the_time()
        return super().getattr(obj, attribute)

    @override
    def getitem(self, obj: Any, argument: Any) -> Any:
        self._look_at_the_time()
        return super().getitem(obj, argument)

    def _look_at_the_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise UnreadableError(f"template: takes longer than {MAX_RENDER_S} s")


def render(template: str, value: str) -> str | None:
    """What a value template makes of a payload.

    Args:
        template: As the discovery message has it; empty: the payload as it is.
        value: The payload; `value_json` is its JSON, if it is any.

    Returns:
        The text, or None where the template says that the payload does not concern it.

    Raises:
        UnreadableError: The template is none, asks for more than it may, or does not fit the payload.
    """
    return value if not template else _run(template, {"value": value, **_as_json(value)}, len(value))


def render_command(template: str, value: str | float) -> str:
    """What a command template makes of a value to be sent.

    Raises:
        UnreadableError: As of `render`.
    """
    if not template:
        return f"{value:g}" if isinstance(value, float) else value
    return _run(template, {"value": value}, 0) or ""


def check(template: object) -> None:
    """Refuse a template that will never run.

    Raises:
        UnreadableError: It asks for more than it may, or is none.
    """
    if template is not None and not isinstance(template, str):
        raise UnreadableError(f"template: {type(template).__name__} is no text")
    if template:
        _compiled(template)


def _run(template: str, variables: Mapping[str, Any], size: int) -> str | None:
    if size > 4 * MAX_RESULT_CHARS:
        raise UnreadableError(f"template: a value of {size} characters is too long")
    compiled = _compiled(template)
    _sandbox.deadline = time.monotonic() + MAX_RENDER_S
    try:
        result = "".join(map(_short, compiled.root_render_func(compiled.new_context(dict(variables)))))
    except _Unconcerned:
        return None
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise UnreadableError(f"template: {str(error)[:200]}") from error
    except RecursionError as error:
        raise UnreadableError("template: too deep") from error
    return _short(result).strip()


@lru_cache(maxsize=2048)
def _compiled(template: str) -> Any:  # noqa: ANN401 (jinja2's template)
    if len(template) > MAX_TEMPLATE_CHARS:
        raise UnreadableError(f"template of {len(template)} characters, at most {MAX_TEMPLATE_CHARS}")
    try:
        parsed = _sandbox.parse(template)
        _require_bounded(parsed)
        return _sandbox.from_string(parsed)
    except UnreadableError:
        raise
    except (TemplateError, SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise UnreadableError(f"template: {str(error)[:200]}") from error


def _require_bounded(parsed: nodes.Template) -> None:
    parts = list(parsed.find_all(nodes.Node))
    if len(parts) > MAX_NODES:
        raise UnreadableError(f"template of {len(parts)} parts, at most {MAX_NODES}")
    for part in parts:
        if isinstance(part, _FORBIDDEN):
            raise UnreadableError(f"template: {type(part).__name__} is not run here")
        if isinstance(part, nodes.Call) and not _is_harmless(part.node):
            raise UnreadableError("template: calls a function that is not known here")
    _require_no_chain([part for part in parts if isinstance(part, nodes.Assign)])


def _require_no_chain(assignments: Sequence[nodes.Assign]) -> None:
    """A name that is made of an assigned name could double at each step."""
    names = {name.name for each in assignments for name in each.target.find_all(nodes.Name)}
    names |= {each.target.name for each in assignments if isinstance(each.target, nodes.Name)}
    for each in assignments:
        used = {
            name.name for name in (each.node, *each.node.find_all(nodes.Name)) if isinstance(name, nodes.Name)
        }
        if used & names:
            raise UnreadableError("template: a name is assigned from another assigned one")


def _is_harmless(called: nodes.Expr) -> bool:
    if isinstance(called, nodes.Getattr):
        return called.attr in _METHODS
    return isinstance(called, nodes.Name) and called.name in _GLOBALS


def _as_json(value: str) -> dict[str, Any]:
    try:
        return {"value_json": json.loads(value)}
    except (ValueError, RecursionError):
        return {}


def _short(value: object) -> str:
    found = str(value)
    if len(found) > MAX_RESULT_CHARS:
        raise UnreadableError(f"template: a text of {len(found)} characters is too long")
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class _Unconcerned(Exception):  # noqa: N818 (no error: the payload says nothing of this)
    """The payload does not have what the template reads."""


def _is_defined(value: Any) -> Any:  # noqa: ANN401 (any value)
    """Home Assistant's filter by which a template says that other payloads do not concern it."""
    if isinstance(value, Undefined):
        raise _Unconcerned
    return value


def _float(value: Any, default: Any = _MISSING) -> Any:  # noqa: ANN401 (any value)
    try:
        return number(value, "float")
    except UnreadableError:
        if default is _MISSING:
            raise
        return default


def _int(value: Any, default: Any = _MISSING) -> Any:  # noqa: ANN401 (any value)
    found = _float(value, default)
    return int(found) if isinstance(found, float) else found


def _iif(value: Any, if_true: Any = True, if_false: Any = False, if_none: Any = _MISSING) -> Any:  # noqa: ANN401, FBT002 (Home Assistant's signature)
    if value is None and if_none is not _MISSING:
        return if_none
    return if_true if value else if_false


def _round(value: Any, precision: int = 0, method: str = "common", default: Any = _MISSING) -> Any:  # noqa: ANN401 (any value)
    del method  # floor, ceil: a difference below what a sensor resolves
    found = _float(value, default)
    return found if not isinstance(found, float) else round(found, min(max(int(precision), 0), 9))


def _default(value: Any, default: Any = "", boolean: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 (Jinja2's signature)
    return default if isinstance(value, Undefined) or (boolean and not value) else value


def _replace(value: Any, old: str, new: str) -> str:  # noqa: ANN401 (any value)
    where, old, new = _short(value), _short(old), _short(new)
    if (where.count(old) + 1) * len(new) > MAX_RESULT_CHARS:
        raise UnreadableError("template: replace makes too long a text")
    return where.replace(old, new)


def _bool(value: Any, default: Any = _MISSING) -> Any:  # noqa: ANN401 (any value)
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on", "enable", "0", "false", "no", "off", "disable"):
        return word in ("1", "true", "yes", "on", "enable")
    if default is _MISSING:
        raise UnreadableError("template: no truth value")
    return default


_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "abs": lambda value: abs(_float(value)),
    "add": lambda value, amount, default=_MISSING: _float(_float(value, default) + _float(amount)),
    "bool": _bool,
    "d": _default,
    "default": _default,
    "first": lambda value: value[0],
    "float": _float,
    "iif": _iif,
    "int": _int,
    "is_defined": _is_defined,
    "last": lambda value: value[-1],
    "length": len,
    "lower": lambda value: _short(value).lower(),
    "multiply": lambda value, amount, default=_MISSING: _float(_float(value, default) * _float(amount)),
    "replace": _replace,
    "round": _round,
    "string": _short,
    "title": lambda value: _short(value).title(),
    "to_json": lambda value: _short(json.dumps(value)),
    "tojson": lambda value: _short(json.dumps(value)),
    "trim": lambda value: _short(value).strip(),
    "upper": lambda value: _short(value).upper(),
}
_GLOBALS: Final[dict[str, Callable[..., Any]]] = {"iif": _iif, "float": _float, "int": _int, "bool": _bool}


def _make() -> _Sandbox:
    sandbox = _Sandbox(undefined=ChainableUndefined, cache_size=0)
    sandbox.filters = dict(_FILTERS)
    sandbox.globals = dict(_GLOBALS)
    return sandbox


_sandbox: Final = _make()
