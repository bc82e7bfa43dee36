"""A recorded reading, and how its values are written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """One row of a recording.

    Attributes:
        device_id: Whose connection it travels on.
        sampled_at: Where it stands in the recording; for a row without a usable stamp, where the row before
            it stands.
        payload: The JSON object of the wire contract, not validated.
    """

    device_id: str
    sampled_at: datetime
    payload: dict[str, Any]


Reader: TypeAlias = Callable[[Path, ZoneInfo | None], Iterator[RecordedReading]]
"""Reads the files of a folder into readings, ascending by time."""

BEFORE_ANY_READING = datetime(1970, 1, 1, tzinfo=UTC)


def in_time_order(readings: Iterable[RecordedReading]) -> Iterator[RecordedReading]:
    """The readings ascending by time; those of one instant keep the order of the file."""
    yield from sorted(readings, key=attrgetter("sampled_at"))


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC, as the contract asks for."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def present(**fields: object) -> dict[str, Any]:
    """A payload without the optional fields that have no value: absent and null mean the same there."""
    return {name: value for name, value in fields.items() if value is not None or name == "indoor_dry_bulb_c"}
