"""A reading as a row: the same columns in the log and in the lake."""

from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final, TypeAlias

from edge.contract import Telemetry

Row: TypeAlias = tuple[Any, ...]

PLAIN_FIELDS: Final = (
    "interval_s",
    "seq",
    "mode",
    "fan",
    "setpoint_c",
    "indoor_dry_bulb_c",
    "indoor_rh_pct",
    "outdoor_dry_bulb_c",
    "electric_power_w",
    "energy_total_kwh",
    "compressor_ratio",
    "motion",
    "changed_by",
    "advice_id",
)
"""The fields of a reading that are stored as they are, in the order of a row."""

FIELDS: Final = ("device_id", "sampled_at", *PLAIN_FIELDS)
"""All columns; a row holds `sampled_at` as UTC milliseconds since 1970."""

_ANY = Telemetry(
    device_id="any", sampled_at=datetime(1970, 1, 1, tzinfo=UTC), mode="off", indoor_dry_bulb_c=None
)
_NAMES = set(Telemetry.model_fields)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MOTION = FIELDS.index("motion")
_plain_of = attrgetter(*PLAIN_FIELDS)
_set = object.__setattr__


def milliseconds(instant: datetime) -> int:
    """UTC milliseconds since 1970 (cut, as in the contract)."""
    return (instant - _EPOCH) // _MILLISECOND


def ceiling_milliseconds(instant: datetime) -> int:
    """The first whole UTC millisecond at or after `instant`: turns a bound into one on milliseconds."""
    return -((_EPOCH - instant) // _MILLISECOND)


def instant_of(unix_ms: int) -> datetime:
    """The instant `unix_ms` after 1970 [ms], UTC."""
    return _EPOCH + unix_ms * _MILLISECOND


def row_of(reading: Telemetry) -> Row:
    """The row of a reading, in the order of `FIELDS`."""
    return (reading.device_id, milliseconds(reading.sampled_at), *_plain_of(reading))


def reading_of(row: Row) -> Telemetry:
    """The reading of a row; it was validated before it was stored.

    Put together from its parts as pydantic's own copy of a model is, in a third of that copy's time: each
    reading is read twice, to be advised upon and for the lake.
    """
    fields = dict(zip(FIELDS, row, strict=True))
    fields["sampled_at"] = instant_of(row[1])
    if row[_MOTION] is not None:
        fields["motion"] = bool(row[_MOTION])  # SQLite has no booleans
    reading = Telemetry.__new__(Telemetry)
    _set(reading, "__dict__", _ANY.__dict__ | fields)
    _set(reading, "__pydantic_fields_set__", _NAMES)
    _set(reading, "__pydantic_extra__", None)
    _set(reading, "__pydantic_private__", None)
    return reading
