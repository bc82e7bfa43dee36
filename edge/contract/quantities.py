"""Quantities: the numbers of the wire contract, each with its unit (UCUM) and its plausible range.

A value outside its range is no reading but a fault of a sensor or of a mapping (degrees Fahrenheit, watts
for kilowatts), so the contract refuses it and the dead-letter store keeps it.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
)

DEVICE_ID_PATTERN = r"^[A-Za-z0-9:_-]{1,128}$"
"""What AWS IoT accepts as a thing name, so that an id never has to be translated."""

DEFAULT_INTERVAL_S = 300.0
"""Length of a sampling interval [s] when the device does not say it."""

INSTANT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
"""RFC 3339 section 5.6, `date-time`: date, time to the second at least, and an offset."""

_INSTANT = re.compile(INSTANT_PATTERN)


def _rfc3339(value: object) -> object:
    """Refuse numbers, also quoted ones: a Unix time in seconds and one in milliseconds look alike."""
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return value
    msg = "must be an RFC 3339 string with an offset"
    raise ValueError(msg)


def _utc_milliseconds(value: datetime) -> datetime:
    """The instant in UTC, cut to milliseconds: what identifies a reading must survive every store."""
    try:
        utc = value.astimezone(UTC)
    except OverflowError as error:
        msg = "is outside the calendar once converted to UTC"
        raise ValueError(msg) from error
    return utc - timedelta(microseconds=utc.microsecond % 1000)


def _version(value: object) -> object:
    """Absent means 1; and `true`, which Python takes for 1, is no number."""
    if isinstance(value, bool):
        msg = "Input should be 1"
        raise ValueError(msg)  # noqa: TRY004 # pydantic reports a ValueError, and lets a TypeError through
    return 1 if value is None else value


SchemaVersion: TypeAlias = Annotated[
    Literal[1], BeforeValidator(_version), WithJsonSchema({"enum": [1, None], "title": "Schema Version"})
]
DeviceId: TypeAlias = Annotated[str, StringConstraints(pattern=DEVICE_ID_PATTERN)]
Instant: TypeAlias = Annotated[
    AwareDatetime,
    # `_rfc3339` has judged the type; strict would refuse the string behind a validator
    Field(strict=False, json_schema_extra={"pattern": INSTANT_PATTERN}),
    BeforeValidator(_rfc3339),
    AfterValidator(_utc_milliseconds),
]

SetpointC: TypeAlias = Annotated[float, Field(ge=5, le=35, json_schema_extra={"unit": "Cel"})]
IndoorC: TypeAlias = Annotated[float, Field(ge=-40, le=60, json_schema_extra={"unit": "Cel"})]
OutdoorC: TypeAlias = Annotated[float, Field(ge=-60, le=60, json_schema_extra={"unit": "Cel"})]
Percent: TypeAlias = Annotated[float, Field(ge=0, le=100, json_schema_extra={"unit": "%"})]
Watt: TypeAlias = Annotated[float, Field(ge=0, le=20_000, json_schema_extra={"unit": "W"})]
KilowattHour: TypeAlias = Annotated[
    float, Field(ge=0, allow_inf_nan=False, json_schema_extra={"unit": "kW.h"})
]
Ratio: TypeAlias = Annotated[float, Field(ge=0, le=1, json_schema_extra={"unit": "1"})]
IntervalS: TypeAlias = Annotated[
    float,
    Field(ge=1, le=3600, json_schema_extra={"unit": "s", "type": ["number", "null"]}),
    BeforeValidator(lambda value: DEFAULT_INTERVAL_S if value is None else value),
]

Mode: TypeAlias = Literal["off", "cool", "heat", "dry", "fan", "auto"]
Fan: TypeAlias = Literal["auto", "low", "medium", "high"]
ChangedBy: TypeAlias = Literal["remote", "app", "voice", "schedule", "advisor", "unknown"]
RequestedBy: TypeAlias = Literal["app", "voice", "schedule", "advisor"]

MODES_WITH_SETPOINT: frozenset[Mode] = frozenset({"cool", "heat", "auto"})
"""Modes in which a setpoint is in force; in the others it may be null."""
