"""Outbound: calls to a vendor's servers, short, bounded, over TLS, redirects not followed."""

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from mobile_api.errors import ApiError

TIMEOUT_S: Final = 3.0
"""A vendor's server that says nothing, or has not said all, for so long is taken to be down [s]."""

MAX_BYTES: Final = 64 * 1024
"""No answer that we read is longer [bytes]."""

MAX_AFTER_S: Final = 3600.0
"""A vendor that asks to be left alone for longer is tried again then [s]."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})

_TRY_AGAIN: Final = frozenset({429, 500, 502, 503, 504})


class VendorUnreachableError(ApiError):
    """A vendor's server did not answer, or with something that we do not read: try again later.

    Attributes:
        after_s: Not before that, says the vendor [s].
    """

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.after_s = after_s


class ReportRefusedError(ApiError):
    """A vendor does not take what it is told: it is at fault, and sending it again would not help."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; the names of its headers are in small letters."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_ok(self) -> bool:
        """Whether it was done or accepted."""
        return 200 <= self.status < 300  # noqa: PLR2004 (HTTP)

    def require_sound(self) -> None:
        """Go on with an answer that says yes or no.

        Raises:
            VendorUnreachableError: It says to try again, or that the server is in trouble.
        """
        if self.status in _TRY_AGAIN:
            said = self.headers.get("retry-after", "")
            after_s = min(float(said), MAX_AFTER_S) if said.isdecimal() else 0.0
            raise VendorUnreachableError(f"answered {self.status}", after_s)


Transport: TypeAlias = Callable[[Call], Reply]
"""Makes a call; raises `VendorUnreachableError`."""


def send(call: Call) -> Reply:
    """Make a call over HTTP.

    Raises:
        VendorUnreachableError: There is no answer in time, it is too long, or the address may not be asked.
    """
    parts = urlsplit(call.url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise VendorUnreachableError("vendors are called over https only")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection, until_s = kind(parts.netloc, timeout=call.timeout_s), time.monotonic() + call.timeout_s
    try:
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection.request(call.method, path, call.body, dict(call.headers))
        response = connection.getresponse()
        body = _read(response, until_s)
    except (OSError, http.client.HTTPException) as error:
        raise VendorUnreachableError(type(error).__name__) from error
    finally:
        connection.close()
    return Reply(response.status, body, {name.lower(): value for name, value in response.getheaders()})


def _read(response: http.client.HTTPResponse, until_s: float) -> bytes:
    """All of it, piece by piece: whoever sends a byte now and then is no better than who is silent."""
    body = bytearray()
    while piece := response.read1(MAX_BYTES):
        body += piece
        if len(body) > MAX_BYTES:
            raise VendorUnreachableError("the answer is too long")
        if time.monotonic() > until_s:
            raise VendorUnreachableError("the answer takes too long")
    return bytes(body)
