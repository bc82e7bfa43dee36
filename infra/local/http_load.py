"""A load generator for HTTP/1.1 on loopback: so many connections, one request on each at a time.

It sends bytes that were made before and looks at a status and a length, so that it does little beside the
server; `busy_ratio` says how much of its time it did something.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from infra.local.errors import LocalError

PATIENCE_S: Final = 20.0
"""A server that says nothing for so long has failed [s]."""

_LENGTH: Final = b"content-length:"


class LoadError(LocalError):
    """The server did not answer as it had to: what was measured means nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server took.

    Attributes:
        requests_per_s: Answers in a second.
        p50_ms: Median time from request to whole answer [ms].
        p99_ms: 99 % were quicker [ms].
        busy_ratio: Share of the time in which this client worked and did not wait.
    """

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    busy_ratio: float


@dataclass(slots=True, eq=False)
class _Line:
    """A connection and what it asks, in turn."""

    connection: socket.socket
    requests: deque[bytes]
    buffer: bytes = b""
    sent_s: float = 0.0

    def ask(self) -> None:
        request = self.requests[0]
        self.requests.rotate(-1)
        self.sent_s = time.perf_counter()
        self.connection.sendall(request)

    def answer(self) -> int:
        """The status when the whole answer is there, else 0."""
        piece = self.connection.recv(1 << 18)
        if not piece:
            raise LoadError("the server closed a connection")
        self.buffer += piece
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or len(self.buffer) < end + 4 + _length(self.buffer, end):
            return 0
        status = int(self.buffer[9:12])
        self.buffer = b""
        return status


@dataclass(slots=True)
class _Run:
    """One measurement."""

    count: int
    statuses: Collection[int]
    took_s: list[float] = field(default_factory=list[float])

    def go(self, lines: Sequence[_Line]) -> None:
        with selectors.DefaultSelector() as selector:
            for line in lines:
                selector.register(line.connection, selectors.EVENT_READ, line)
                line.ask()
            asked = len(lines)
            while len(self.took_s) < self.count:
                ready = selector.select(PATIENCE_S)
                if not ready:
                    raise LoadError(f"no answer within {PATIENCE_S} s")
                for key, _ in ready:
                    if self._hear(key.data) and asked < self.count:
                        key.data.ask()
                        asked += 1

    def _hear(self, line: _Line) -> bool:
        status = line.answer()
        if not status:
            return False
        if status not in self.statuses:
            raise LoadError(f"answered {status}")
        self.took_s.append(time.perf_counter() - line.sent_s)
        return True


def measure(port: int, requests: Sequence[Sequence[bytes]], count: int, statuses: Collection[int]) -> Load:
    """Send `count` requests over as many connections as there are rows in `requests`.

    Args:
        port: Of a server on loopback.
        requests: For each connection what it sends, in turn and again.
        count: Of all connections together.
        statuses: What may be answered.

    Raises:
        LoadError: Something else was answered, or nothing.
    """
    lines = [
        _Line(socket.create_connection(("127.0.0.1", port), PATIENCE_S), deque(each)) for each in requests
    ]
    run = _Run(count, statuses)
    try:
        started_s, worked_s = time.perf_counter(), time.process_time()
        run.go(lines)
        wall_s, busy_s = time.perf_counter() - started_s, time.process_time() - worked_s
    finally:
        for line in lines:
            line.connection.close()
    p50_ms, p99_ms = np.percentile(np.array(run.took_s) * 1000, [50, 99])
    return Load(count / wall_s, float(p50_ms), float(p99_ms), busy_s / wall_s)


def request(method: str, path: str, token: str | None = None, **headers: str) -> bytes:
    """The bytes of a request without a body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method != "GET":
        lines.append("Content-Length: 0")
    return "\r\n".join([*lines, "", ""]).encode()


def exchange(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send one request; its status, headers (names in lower case) and body."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        connection.sendall(data)
        buffer = b""
        while (end := buffer.find(b"\r\n\r\n")) < 0 or len(buffer) < end + 4 + _length(buffer, end):
            piece = connection.recv(1 << 16)
            if not piece:
                raise LoadError("the server closed a connection")
            buffer += piece
    first, *lines = buffer[:end].decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, buffer[end + 4 :]


def _length(buffer: bytes, end: int) -> int:
    """The length of the body; 0 where none is told, as with 304."""
    head = buffer[:end].lower()
    at = head.find(_LENGTH)
    if at < 0:
        return 0
    stop = head.find(b"\r\n", at)
    return int(head[at + len(_LENGTH) : stop if stop > 0 else end])
