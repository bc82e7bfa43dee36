"""Where a push message may be sent: an address that a stranger's browser names is not to be trusted.

Only https, to the port that it implies, at public addresses. The name is resolved once and the connection is
made to what was looked at, so a name cannot be one thing when checked and another when used. Redirections are
not followed.
"""

import http.client
import ipaddress
import socket
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from mobile_api.errors import ApiError

TIMEOUT_S: Final = 10.0
"""A push service that has not answered by then is tried again later [s]."""

_MAX_ANSWER_BYTES: Final = 1024
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")  # IPv4 behind a NAT64 (RFC 6052)


class ForbiddenAddressError(ApiError):
    """Nothing is sent there: give the address that the browser's push service has given."""


def check_url(url: str, *, private_ok: bool) -> SplitResult:
    """The parts of an address, if it may be one of a push service.

    Raises:
        ForbiddenAddressError: It may not.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ForbiddenAddressError("no address") from error
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise ForbiddenAddressError("must have a host, and neither a user nor a fragment")
    if private_ok:
        return parts
    if parts.scheme != "https" or port not in {None, 443}:
        raise ForbiddenAddressError("must be https, at its own port")
    if not _may_be_public(parts.hostname):
        raise ForbiddenAddressError("must be at a public address")
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], *, private_ok: bool) -> int:
    """Send a message.

    Returns:
        The status.

    Raises:
        ForbiddenAddressError: The address is not a public one.
        OSError: Nobody answers.
    """
    parts = check_url(url, private_ok=private_ok)
    connection = _connection(parts, private_ok=private_ok)
    try:
        connection.request(
            "POST", parts.path + (f"?{parts.query}" if parts.query else ""), body, dict(headers)
        )
        response = connection.getresponse()
        response.read(_MAX_ANSWER_BYTES)
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from error
    else:
        return response.status
    finally:
        connection.close()


def _connection(parts: SplitResult, *, private_ok: bool) -> http.client.HTTPConnection:
    """A connection to an address that was looked at; TLS still asks for the name."""
    kind = http.client.HTTPConnection if parts.scheme == "http" else http.client.HTTPSConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    address = _resolve(connection.host, connection.port, private_ok=private_ok)

    def connect(*_: object, **__: object) -> socket.socket:
        return socket.create_connection((address, connection.port), TIMEOUT_S)

    connection._create_connection = connect  # type: ignore[attr-defined] # noqa: SLF001 (the way in that http.client keeps for this)
    return connection


def _resolve(host: str, port: int, *, private_ok: bool) -> str:
    found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not private_ok and not all(_is_public(address) for address in found):
        raise ForbiddenAddressError("must be at a public address")
    return found[0]


def _may_be_public(host: str) -> bool:
    """Of a name nothing is known until it is resolved."""
    try:
        return _is_public(host)
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost"))


def _is_public(address: str) -> bool:
    """Neither private, loopback, link-local, multicast nor one of these in the clothes of IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return found.is_global and not found.is_multicast
