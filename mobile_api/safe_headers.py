"""What every answer tells browsers to refrain from: added outside of Flask, where it costs little."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
"""Of every answer that has no `Content-Security-Policy` of its own."""

_POLICY_NAME: Final = "Content-Security-Policy"
_ALWAYS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_WITH_POLICY: Final = (*_ALWAYS, (_POLICY_NAME, POLICY))

_Told: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


def install(app: Flask) -> None:
    """Let all that `app` answers have them."""
    app.wsgi_app = _with_headers(app.wsgi_app)  # type: ignore[assignment, method-assign]


def _with_headers(answer: "WSGIApplication") -> "WSGIApplication":
    def answer_safely(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(
            status: str, headers: list[tuple[str, str]], exc_info: _Told | None = None, /
        ) -> Callable[[bytes], Any]:
            has_policy = any(name == _POLICY_NAME for name, _ in headers)
            return start_response(status, [*headers, *(_ALWAYS if has_policy else _WITH_POLICY)], exc_info)

        return answer(environ, start)

    return answer_safely
