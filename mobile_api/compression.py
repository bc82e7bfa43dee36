"""Compression: text of more than 1 KB is sent as gzip to whoever accepts it (RFC 9110, 8.4 and 12.5.3)."""

import gzip

from flask import Response, request

from mobile_api.conditional import COMPRESSED, replace_body

MIN_BYTES = 1024
"""Shorter answers fit one packet anyway [bytes]."""

LEVEL = 6
"""zlib's own default."""

_TYPES = frozenset(
    {
        *("application/json", "application/problem+json", "application/manifest+json"),
        *("text/html", "text/css", "text/javascript", "text/plain", "image/svg+xml"),
    }
)


def negotiate(response: Response) -> bool:
    """Choose the encoding, and mark the answer with what it depends on.

    What may not be stored is never compressed: it has secrets in it, and lengths tell of them (BREACH). Nor
    is what is sent bit by bit, such as server-sent events.

    Returns:
        Whether `compress` has to be called, once it is known that a body is sent at all.
    """
    if not _is_compressible(response):
        return False
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") <= 0:
        return False
    tag, weak = response.get_etag()
    if tag is not None and weak is not None:
        response.set_etag(tag + COMPRESSED, weak)
    return True


def compress(response: Response) -> Response:
    """Replace the body by its gzip; the time in its header is 0, so the same body gives the same bytes."""
    body = b"".join(response.iter_encoded())
    replace_body(response, gzip.compress(body, LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    return response


def _is_compressible(response: Response) -> bool:
    return (
        response.status_code not in {204, 206, 304}
        and (response.direct_passthrough or not response.is_streamed)  # a stream's length is known at its end
        and (response.content_length or response.calculate_content_length() or 0) > MIN_BYTES
        and response.mimetype in _TYPES
        and "Content-Encoding" not in response.headers
        and not response.cache_control.no_store
    )
