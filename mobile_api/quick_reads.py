"""Quick reads: what every phone asks all day, answered in front of Flask when nothing is out of the ordinary.

Flask's own path (contexts, routing, headers that may be anything) costs several times what such a read does.
So a `GET` of an operation that names what it looks at (`beside=`) is tried here first: the same checks, the
same look-ups and the same view, over one question to the store. Whatever is not plain goes on to Flask, which
alone knows how to refuse: another way to sign in, a token that nobody has sent for a minute, a missing right,
a quota that is used up, conditions other than `If-None-Match`, an answer that may have to be compressed.
A test asks both for the same and compares every header.
"""

import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flask import Flask
from pydantic import BaseModel, ValidationError
from werkzeug.http import parse_etags

from cloud.errors import CloudError
from mobile_api import access
from mobile_api.compression import MIN_BYTES
from mobile_api.conditional import CACHE_CONTROL, CONDITIONS, VARY, is_known, tag_of
from mobile_api.dispatch import keys_beside
from mobile_api.errors import ApiError
from mobile_api.kept import Kept
from mobile_api.operations import Operation
from mobile_api.rate_limits import COUNTED, told
from mobile_api.read_ahead import ReadAhead
from mobile_api.records import session_pk
from mobile_api.routing import reserved_words
from mobile_api.served import RequestFacts, request_id_of, tell
from mobile_api.services import Services, services_of, using
from mobile_api.tokens import Claims

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ODD: Final = (
    *("QUERY_STRING", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_ORIGIN", "SCRIPT_NAME"),
    *sorted(CONDITIONS - {"HTTP_IF_NONE_MATCH"}),
)
"""Where one of these says anything, the request is Flask's."""

_BEARER: Final = "Bearer "
_LINE: Final = {HTTPStatus.OK: "200 OK", HTTPStatus.NOT_MODIFIED: "304 NOT MODIFIED"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that looks plain."""

    environ: "WSGIEnvironment"
    use: Services
    operation: Operation
    device_id: str
    claims: Claims


@dataclass(frozen=True, slots=True)
class _Sent:
    """A view as it is sent, and its tag."""

    view: BaseModel
    body: bytes
    tag: str


@dataclass(slots=True)
class QuickReads:
    """Tries requests.

    Attributes:
        operations: By the pattern of their paths; each is `is_quick`.
        app_services: The services of the app as they are now.
        vary: What answers depend on.
    """

    operations: Sequence[tuple[re.Pattern[str], Operation]]
    app_services: Callable[[], Services]
    vary: str
    _home_of: Kept[str, str] = field(default_factory=Kept[str, str])
    _sent: Kept[int, _Sent] = field(default_factory=Kept[int, _Sent])

    def before(self, flask: "WSGIApplication") -> "WSGIApplication":
        """The same as `flask`, but quick reads are answered here."""

        def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            began_s = time.perf_counter()
            asked = self._asked(environ)
            sent = None if asked is None else self._read(asked)
            if asked is None or sent is None:
                return flask(environ, start_response)
            return self._answer(asked, sent, start_response, began_s)

        return answer

    def _asked(self, environ: "WSGIEnvironment") -> _Asked | None:
        """What is asked for, if it is one of the operations, in no odd way, by a token that is known."""
        authorization: str = environ.get("HTTP_AUTHORIZATION", "")
        if environ["REQUEST_METHOD"] != "GET" or not authorization.startswith(_BEARER):
            return None
        operation, device_id = self._matched(environ["PATH_INFO"])
        if operation is None or any(environ.get(name) for name in _ODD):
            return None
        use = self.app_services()
        claims = use.tokens.recall(authorization.removeprefix(_BEARER).strip(), use.now())
        if claims is None or operation.scope not in claims.scopes:
            return None
        return _Asked(environ, use, operation, device_id, claims)

    def _matched(self, path: str) -> tuple[Operation | None, str]:
        for pattern, operation in self.operations:
            if found := pattern.fullmatch(path):
                return operation, found[1]
        return None, ""

    def _read(self, asked: _Asked) -> _Sent | None:
        """What is shown; None when it is not for them, or not to be shown just so."""
        use, claims = asked.use, asked.claims
        keys = [(session_pk(claims.session_id), "session"), *keys_beside(asked.operation, asked.device_id)]
        home_id = self._home_of.get(asked.device_id)  # where it was a moment ago: a guess
        if home_id is not None:
            keys += access.home_keys(home_id, claims.account_id)
        try:
            with using(use.on(ReadAhead(use.state, keys))):
                sent = self._look(asked)
        except (ApiError, CloudError, ValidationError):
            return None
        return None if sent is None or len(sent.body) > MIN_BYTES else sent

    def _look(self, asked: _Asked) -> _Sent | None:
        """As `dispatch` does it; None when the quota is used up.

        Raises:
            ApiError: They may not.
            CloudError: There is nothing to be seen.
        """
        principal = access.principal_by(asked.claims).by(asked.operation.right)
        standing = asked.use.limits.accounts.take(principal.account_id)
        asked.environ[COUNTED] = standing
        if standing.retry_after_s:
            return None
        device = access.owned_device(principal, asked.device_id)
        self._home_of.put(asked.device_id, device.home.record.home_id)
        view = asked.operation.view(device=device)
        sent = self._sent.get(id(view))
        return sent if sent is not None and sent.view is view else self._sent.put(id(view), _sent(view))

    def _answer(
        self, asked: _Asked, sent: _Sent, start_response: "StartResponse", began_s: float
    ) -> list[bytes]:
        environ, use = asked.environ, asked.use
        wanted = environ.get("HTTP_IF_NONE_MATCH")
        is_there = wanted is not None and is_known(sent.tag, parse_etags(wanted))
        status = HTTPStatus.NOT_MODIFIED if is_there else HTTPStatus.OK
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        headers = [
            ("ETag", f'"{sent.tag}"'),
            ("Cache-Control", CACHE_CONTROL),
            ("Vary", self.vary),
            *told(environ[COUNTED]),
            ("X-Request-Id", request_id),
        ]
        if not is_there:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(sent.body)))]
        start_response(_LINE[status], headers)
        duration_s = time.perf_counter() - began_s
        facts = RequestFacts("GET", asked.operation.path, int(status), request_id, duration_s)
        tell(facts, use.metrics, use.traces)
        return [] if is_there else [sent.body]


def install(app: Flask, operations: Collection[Operation]) -> None:
    """Let `app` try quick reads first."""
    origins = services_of(app).settings.cors_origins
    words = reserved_words(frozenset(operation.path for operation in operations))
    patterns = [(_pattern(each.path, words), each) for each in operations if is_quick(each)]
    quick = QuickReads(patterns, lambda: services_of(app), f"{VARY}, Origin" if origins else VARY)
    # Flask names this attribute for what wraps an app, but types it as a method
    app.wsgi_app = quick.before(app.wsgi_app)  # type: ignore[assignment, method-assign]


def is_quick(operation: Operation) -> bool:
    """Whether an operation is tried here: a plain read of one device that says what it looks at."""
    return (
        operation.method == "GET"
        and operation.beside != ()
        and operation.guards == ("device_id",)
        and operation.needs == {"device"}
        and (operation.query, operation.body, operation.deprecation) == (None, None, None)
        and operation.scope != "admin"
    )


def _pattern(path: str, words: Collection[str]) -> re.Pattern[str]:
    """What a path looks like; ids that are written in any other way are left to Flask."""
    ours = "|".join(map(re.escape, words))
    before, _, after = path.partition("<device_id>")
    return re.compile(rf"{re.escape(before)}(?!(?:{ours})/)([A-Za-z0-9:_-]{{1,128}}){re.escape(after)}")


def _sent(view: object) -> _Sent:
    if not isinstance(view, BaseModel):
        msg = f"a quick read answered {type(view).__name__}"
        raise TypeError(msg)
    body = view.model_dump_json(by_alias=True).encode()
    return _Sent(view, body, tag_of(body))
