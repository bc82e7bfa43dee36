"""Deprecation: telling clients in time that an operation will go (RFC 9745, RFC 8594)."""

from dataclasses import dataclass
from datetime import datetime
from wsgiref.handlers import format_date_time

from flask import Response, g


@dataclass(frozen=True, slots=True)
class Deprecation:
    """When an operation was deprecated, when it goes at the earliest, and what to use instead."""

    since: datetime
    sunset: datetime | None = None
    successor: str | None = None


def tell(response: Response) -> None:
    """Say so with every answer of a deprecated operation, errors included."""
    deprecation: Deprecation | None = g.get("deprecation")
    if deprecation is None:
        return
    response.headers["Deprecation"] = f"@{int(deprecation.since.timestamp())}"
    if deprecation.sunset is not None:
        response.headers["Sunset"] = format_date_time(deprecation.sunset.timestamp())
    if deprecation.successor is not None:
        response.headers.add("Link", f'<{deprecation.successor}>; rel="successor-version"')
