"""What a vendor's server may do to a call: answer, and no more than that."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from mobile_api.voice.outbound import MAX_AFTER_S, MAX_BYTES, Call, Reply, VendorUnreachableError, send

PATIENCE_S = 0.4


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}/chain"
    finally:
        listening.shutdown()
        listening.server_close()


def says(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A byte at a time, each sooner than anybody's patience ends; for 64 KB that is an hour."""
    says(handler, b"")
    try:
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(PATIENCE_S / 8)
    except OSError:
        return  # who asked has gone


def test_what_is_read_is_bounded() -> None:
    with server(lambda handler: says(handler, b"x" * MAX_BYTES)) as url:
        assert len(send(Call("GET", url)).body) == MAX_BYTES
    with (
        server(lambda handler: says(handler, b"x" * (MAX_BYTES + 1))) as url,
        pytest.raises(VendorUnreachableError, match="too long"),
    ):
        send(Call("GET", url))


def test_who_sends_a_byte_now_and_then_is_not_waited_for() -> None:
    with server(drips) as url, pytest.raises(VendorUnreachableError, match="takes too long"):
        send(Call("GET", url, timeout_s=PATIENCE_S))


def test_who_is_silent_is_not_waited_for() -> None:
    with (
        server(lambda _: time.sleep(3 * PATIENCE_S)) as url,
        pytest.raises(VendorUnreachableError, match="TimeoutError"),
    ):
        send(Call("GET", url, timeout_s=PATIENCE_S))


def test_a_redirect_is_no_answer_and_is_not_followed() -> None:
    asked: list[str] = []

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        says(handler, b"", 302, Location="/elsewhere")

    with server(redirect) as url:
        assert not send(Call("GET", url)).is_ok
    assert asked == ["/chain"]


def test_vendors_are_not_called_in_the_open() -> None:
    with pytest.raises(VendorUnreachableError, match="https only"):
        send(Call("GET", "http://s3.amazonaws.com/echo.api/cert.pem"))


@pytest.mark.parametrize(
    ("said", "after_s"), [("7", 7.0), ("", 0.0), ("soon", 0.0), ("\u00b2", 0.0), ("9" * 400, MAX_AFTER_S)]
)
def test_a_vendor_says_when_to_come_again(said: str, after_s: float) -> None:
    with pytest.raises(VendorUnreachableError) as trouble:
        Reply(503, b"", {"retry-after": said}).require_sound()

    assert trouble.value.after_s == after_s
