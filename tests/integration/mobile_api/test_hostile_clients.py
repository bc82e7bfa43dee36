"""Slow and hostile clients at the server as it is run: others are served meanwhile, and memory is bounded.

Hostile clients come from another address of the loopback than the honest one, as they would.
"""

import base64
import http.client
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from tests.integration.mobile_api.conftest import running

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess

HOSTILE: Final = "127.0.0.2"
MAX_GROWTH_MB: Final = 100.0
"""All 64 threads have at last opened their connections to the stores; junk itself leaves nothing behind."""

MAX_ANSWER_S: Final = 1.0
LIMITS: Final = {"API_RATE_PER_MINUTE": "1200", "API_ANONYMOUS_RATE_PER_MINUTE": "300"}
"""The defaults."""

SLOW: Final = (("GET /healthz", "X-Slow: "), ("POST /v1/accounts", "Content-Length: 900\r\n\r\n"))
JSON_HEAD: Final = "Host: 127.0.0.1\r\nContent-Type: application/json\r\n"


@dataclass(slots=True)
class Honest:
    """Somebody who looks at her advice, ten times a second, and says how it feels."""

    api: "ApiProcess"
    statuses: Counter[int] = field(default_factory=Counter[int])
    slowest_s: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while True:
            self._ask("GET", "/v1/devices/dev-1/recommendation")
            self._ask("POST", "/v1/devices/dev-1/feedback", {"kind": "a_bit_warm"})
            if self._ended.wait(0.1):
                return

    def end(self) -> None:
        self._ended.set()

    def _ask(self, method: str, path: str, body: object = None) -> None:
        started_s = time.monotonic()
        self.statuses[self.api.exchange(method, path, body)[0]] += 1
        self.slowest_s = max(self.slowest_s, time.monotonic() - started_s)


@contextmanager
def meanwhile(api: "ApiProcess", what: str) -> Iterator[Honest]:
    """Somebody honest is served, and the worker does not grow."""
    assert api.process is not None
    (worker,) = psutil.Process(api.process.pid).children(recursive=True)
    honest, before_mb = Honest(api), worker.memory_info().rss / 1e6
    looking = threading.Thread(target=honest.look)
    looking.start()
    try:
        yield honest
    finally:
        honest.end()
        looking.join()
    growth_mb = worker.memory_info().rss / 1e6 - before_mb
    print(
        f"{what}: {before_mb:.0f} MB + {growth_mb:.1f} MB; {honest.statuses.total()} served meanwhile,",
        end=" ",
    )
    print(f"slowest {honest.slowest_s:.3f} s")
    assert set(honest.statuses) == {200, 202}
    assert honest.slowest_s < MAX_ANSWER_S
    assert growth_mb < MAX_GROWTH_MB


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator["ApiProcess"]:
    """With a home, advice, and the limits that it has by default."""
    with running(tmp_path_factory.mktemp("limited"), LIMITS) as api:
        api.sign_up()
        api.pair()
        api.report()
        api.advise()
        yield api


def _connect(api: "ApiProcess") -> socket.socket:
    return socket.create_connection(("127.0.0.1", api.port), timeout=10, source_address=(HOSTILE, 0))


def _status(connection: socket.socket) -> int:
    return int(connection.recv(100).split()[1])


def _pour(connection: socket.socket, piece: bytes, size: int) -> None:
    """Send so many bytes, or until nobody listens any more."""
    with suppress(OSError):
        for _ in range(size // len(piece)):
            connection.sendall(piece)


@pytest.mark.parametrize("path", ["/v1/accounts", "/login", "/voice/google", "/oauth/token"])
def test_a_body_that_is_too_long_is_refused_by_its_head(limited: "ApiProcess", path: str) -> None:
    with meanwhile(limited, f"200 MB to {path}"):
        for _ in range(5):
            with closing(_connect(limited)) as connection:
                head = f"POST {path} HTTP/1.1\r\n{JSON_HEAD}Content-Length: {200_000_000}\r\n\r\n"
                connection.sendall(head.encode())
                _pour(connection, b"x" * 65536, 200_000_000)
                assert _status(connection) == 413


def test_a_body_without_a_length_and_an_endless_head_are_refused(limited: "ApiProcess") -> None:
    with meanwhile(limited, "without a length"):
        for _ in range(5):
            with closing(_connect(limited)) as connection:
                head = f"POST /v1/accounts HTTP/1.1\r\n{JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n"
                connection.sendall(head.encode())
                _pour(connection, b"10000\r\n" + b"x" * 65536 + b"\r\n", 200_000_000)
                assert _status(connection) == 400
            with closing(_connect(limited)) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
                _pour(connection, b"x" * 65536, 10_000_000)
                assert _status(connection) == 431


def test_whoever_sends_slowly_holds_up_nobody_else(limited: "ApiProcess") -> None:
    with ExitStack() as open_ones, meanwhile(limited, "500 slow ones") as honest:
        connections = [open_ones.enter_context(closing(_connect(limited))) for _ in range(500)]
        for number, connection in enumerate(connections):
            line, more = SLOW[number % 2]
            connection.sendall(f"{line} HTTP/1.1\r\n{JSON_HEAD}{more}".encode())
        started_s = time.monotonic()
        while time.monotonic() - started_s < 5 or honest.statuses.total() < 40:
            for connection in connections:
                with suppress(OSError):  # it was refused
                    connection.send(b"x")
            time.sleep(0.5)

    with closing(_connect(limited)) as connection:  # and its seat is free again
        connection.sendall(f"POST /v1/accounts HTTP/1.1\r\n{JSON_HEAD}Content-Length: 2\r\n\r\n{{}}".encode())
        assert _status(connection) in {422, 429}


def _junk(rng: random.Random, real: str) -> str:
    """What is no token: noise, one with another signature, one that is far too long."""
    noise = base64.urlsafe_b64encode(rng.randbytes(64)).decode().rstrip("=")
    head, claims, _ = real.split(".")
    return rng.choice([noise, f"{head}.{claims}.{noise}", f"{head}.{noise}.{noise}", noise * 90])


@pytest.mark.parametrize(
    ("tokens", "seconds"),
    [
        pytest.param(1_000, 6.0, id="a-tenth"),
        pytest.param(10_000, 60.0, id="whole", marks=pytest.mark.slow),
    ],
)
def test_junk_tokens_cost_the_others_nothing(limited: "ApiProcess", tokens: int, seconds: float) -> None:
    rng = random.Random(7)  # noqa: S311 (they are to be the same each time)
    answers, started_s = Counter[int](), time.monotonic()
    with meanwhile(limited, f"{tokens} junk tokens"):
        for number in range(tokens):
            source = f"127.0.0.{2 + number % 20}"
            connection = http.client.HTTPConnection("127.0.0.1", limited.port, 10, source_address=(source, 0))
            with closing(connection):
                token = _junk(rng, limited.token or "")
                connection.request("GET", "/v1/devices", headers={"Authorization": f"Bearer {token}"})
                answers[connection.getresponse().status] += 1
            time.sleep(max(0.0, started_s + number * seconds / tokens - time.monotonic()))

    print(f"{answers.total()} in {time.monotonic() - started_s:.0f} s: {dict(answers)}")
    assert set(answers) <= {401, 429}
