"""Slow bodies: whoever sends a body slowly, by intent or by a bad network, never holds all threads.

The server hands a request over when its head is there, and reading its body then holds a thread for as long
as the client likes: it cannot be given up, because granian locks up when it answers while a body is still
being read. So a body is read on a seat, of which there are a quarter as many as threads, and half of those
for one source. Who finds none is refused without a byte being read; what is read at once holds its seat for
microseconds. It is read after who asks was counted: a body that would be refused anyway costs nothing.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from flask import Flask, current_app, request

from mobile_api.seats import Seats
from mobile_api.sources import counted_source

WAIT_S: Final = 0.1
"""A seat is waited for so long [s]: many good bodies may come at the same moment."""

_EXTENSION: Final = "ac_advisor_body_seats"
_SHARE: Final = 2
"""One source has at most one in so many of the seats."""


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def install(app: Flask, threads: int) -> None:
    """Give `app` its seats."""
    seats = max(1, threads // 4)
    app.extensions[_EXTENSION] = Seats("bodies that come slowly", seats, max(1, seats // _SHARE))


def read_body() -> None:
    """Let the body of this request be in memory, if it has one that may be read at all.

    Raises:
        NoSeatError: Too many slow ones are on their way.
    """
    length = request.content_length or 0
    if 0 < length <= (request.max_content_length or 0):  # Flask refuses what is longer, by its head
        with _seat():
            request.environ["wsgi.input"] = io.BytesIO(_all_of(request.environ["wsgi.input"], length))


@contextmanager
def _seat() -> Iterator[None]:
    seats: Seats = current_app.extensions[_EXTENSION]
    source = counted_source()
    seats.take(source, WAIT_S)
    try:
        yield
    finally:
        seats.free(source)


def _all_of(stream: _Stream, length: int) -> bytes:
    """All of a body, or what came of it before its client went away."""
    body = b""
    while len(body) < length and (piece := stream.read(length - len(body))):
        body += piece
    return body
