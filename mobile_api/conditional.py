"""Conditional requests (RFC 9110, 13): what a client has is not sent again, what it has not seen stays."""

import hashlib

from flask import Response, request
from werkzeug.datastructures import ETags

from mobile_api.errors import PreconditionFailedError

COMPRESSED = "-gzip"
"""Ends the tag of a compressed answer: other bytes, so another strong tag; asked for, either will do."""


CACHE_CONTROL = "private, no-cache"
VARY = "Authorization, Cookie"

CONDITIONS = frozenset(
    {
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_UNMODIFIED_SINCE",
        "HTTP_RANGE",
    }
)


def cacheable(response: Response) -> Response:
    """Tag a read by its bytes and by its `Link`, so that `settle` can answer 304."""
    shown = response.get_data() + response.headers.get("Link", "").encode()
    response.set_etag(tag_of(shown))
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers["Vary"] = VARY
    return response


def tag_of(shown: bytes) -> str:
    """The tag of what is shown."""
    return hashlib.sha256(shown).hexdigest()[:32]


def is_known(tag: str, tags: ETags) -> bool:
    """Whether a client has a read already, in either encoding."""
    return tags.contains_weak(tag) or tags.contains_weak(_twin(tag))


def settle(response: Response) -> Response:
    """304 when the client has a tagged read already, in either encoding."""
    tag, _ = response.get_etag()
    if tag is None or response.status_code != 200:  # noqa: PLR2004 (HTTP)
        return response
    if CONDITIONS.isdisjoint(request.environ):
        return response
    if request.method in {"GET", "HEAD"} and request.if_none_match.contains_weak(_twin(tag)):
        response.status_code = 304
        replace_body(response, b"")
        return response
    response.make_conditional(request)
    return response


def replace_body(response: Response, body: bytes) -> None:
    """Send other bytes; a file that was to be sent is closed."""
    sent = response.response
    response.direct_passthrough = False
    response.set_data(body)
    if not isinstance(sent, list) and (close := getattr(sent, "close", None)) is not None:
        close()


def is_conditional() -> bool:
    """Whether the request names what it wants to replace or remove."""
    return "If-Match" in request.headers or "If-None-Match" in request.headers


def require_match(current: Response | None) -> None:
    """Refuse to replace or remove what the client has not seen.

    Args:
        current: What a read would answer now; None when it cannot be read.

    Raises:
        PreconditionFailedError: `If-Match` names something else, or `If-None-Match` names this.
    """
    tag = None if current is None else current.get_etag()[0]
    tags = [] if tag is None else [tag, _twin(tag)]
    if "If-Match" in request.headers and not any(tag in request.if_match for tag in tags):
        raise PreconditionFailedError
    if any(request.if_none_match.contains_weak(tag) for tag in tags):
        raise PreconditionFailedError


def _twin(tag: str) -> str:
    """The tag of the same answer in the other encoding."""
    return tag.removesuffix(COMPRESSED) if tag.endswith(COMPRESSED) else tag + COMPRESSED
