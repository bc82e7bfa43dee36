"""Sources: from where a request comes, as exactly as counting needs and as coarsely as a log may keep."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import has_request_context, request

COUNTED_BITS = {4: 32, 6: 64}
"""An IPv4 address, or the IPv6 network that one subscriber is given (RFC 6177), counts as one source."""

LOGGED_BITS = {4: 24, 6: 48}
"""So much of an address is kept in the audit log."""


def counted_source() -> str:
    """The source of this request, to count by."""
    return _network(COUNTED_BITS)


def coarse_source() -> str:
    """The source of this request, to keep; `command line` outside one."""
    return _network(LOGGED_BITS) if has_request_context() else "command line"


def _network(bits: dict[int, int]) -> str:
    address = _address()
    if address is None:
        return "unknown"
    return str(ip_network((address, bits[address.version]), strict=False))


def _address() -> IPv4Address | IPv6Address | None:
    """The peer, or what our own proxies say that theirs was (`API_TRUSTED_PROXIES`)."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
