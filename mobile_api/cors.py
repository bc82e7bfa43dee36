"""CORS: which other sites' scripts may use the API. None by default, never all, and never with cookies."""

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Response, request

METHODS = "GET, HEAD, POST, PUT, DELETE"
REQUEST_HEADERS = "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id"
ANSWER_HEADERS = (
    "Deprecation, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Request-Id"
)
MAX_AGE_S = 3600
"""How long a browser may remember a preflight's answer [s]."""


def is_origin(text: str) -> bool:
    """Whether `text` is one origin as browsers write it: `https://app.example`, and nothing after it."""
    parts = urlsplit(text)
    return (
        parts.scheme in {"http", "https"}
        and parts.netloc != ""
        and text == f"{parts.scheme}://{parts.netloc}"
    )


def answer(response: Response, origins: Collection[str]) -> None:
    """Allow what the settings allow; a bearer token is all that another site's script can sign in with."""
    if not origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = ANSWER_HEADERS
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
        response.headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
