"""Readings out of JSON into columns, by the contract's rules and without an object of pydantic for each.

It says yes only to what the contract accepts, with the same values; of whatever else it says nothing, and
the contract's own model judges. What it leaves to that: fields that are not in the contract, text beyond
ASCII or with escapes, an `interval_s` of null, and all that is refused.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final, Literal, TypeAlias, cast

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Meta
from pydantic import TypeAdapter, ValidationError

from cloud.reading_rows import milliseconds
from edge.contract import MAX_PAYLOAD_BYTES, MAX_READINGS_PER_MESSAGE, ChangedBy, Fan, Mode
from edge.contract.quantities import DEFAULT_INTERVAL_S, MODES_WITH_SETPOINT, Instant

MAX_SEQ: Final = 2**63 - 1
"""The largest `seq` that a 64-bit column holds."""

MANY: Final = 32
"""From so many instants on Arrow is quicker than reading one after the other."""

_FIRST_MS: Final = -62_135_596_800_000
"""0001-01-01T00:00:00Z, the first instant of the calendar [ms since 1970]."""

_LAST_MS: Final = 253_402_300_799_999
_MICROSECONDS: Final = pa.timestamp("us", "UTC")
_SECONDS_END: Final = len("2025-07-01T12:00:00")
_DECIMALS: Final = (_SECONDS_END + 5, _SECONDS_END + 8)
"""Lengths with milliseconds and microseconds."""

_Z: Final = ord("Z")

_instant: TypeAdapter[Instant] = TypeAdapter(Instant)
_Ratio: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


class WireReading(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """`Telemetry` as msgspec reads it, in the order of a row; `sampled_at` is still text."""

    device_id: str
    sampled_at: str
    interval_s: Annotated[float, Meta(ge=1, le=3600)] = DEFAULT_INTERVAL_S
    seq: Annotated[int, Meta(ge=0, le=MAX_SEQ)] | None = None
    mode: Mode
    fan: Fan | None = None
    setpoint_c: Annotated[float, Meta(ge=5, le=35)] | None = None
    indoor_dry_bulb_c: Annotated[float, Meta(ge=-40, le=60)] | None
    indoor_rh_pct: Annotated[float, Meta(ge=0, le=100)] | None = None
    outdoor_dry_bulb_c: Annotated[float, Meta(ge=-60, le=60)] | None = None
    electric_power_w: Annotated[float, Meta(ge=0, le=20_000)] | None = None
    energy_total_kwh: Annotated[float, Meta(ge=0)] | None = None
    compressor_ratio: _Ratio | None = None
    motion: bool | None = None
    changed_by: ChangedBy | None = None
    advice_id: str | None = None
    schema_version: Literal[1] | None = None


_one: Final = msgspec.json.Decoder(WireReading)
_many: Final = msgspec.json.Decoder(list[WireReading])


def decode(payload: bytes) -> list[WireReading] | None:
    """The readings of a message; None when the contract's own model has to judge it.

    What `instants` cannot read is not accepted yet.
    """
    if len(payload) > MAX_PAYLOAD_BYTES or b"\\" in payload or not payload.isascii():
        return None
    try:
        readings = [_one.decode(payload)] if payload[:1] == b"{" else _many.decode(payload)
    except msgspec.DecodeError:
        return None
    for reading in readings:
        if reading.setpoint_c is None and reading.mode in MODES_WITH_SETPOINT:
            return None
    return readings if len(readings) <= MAX_READINGS_PER_MESSAGE else None


def instants(texts: Sequence[str]) -> list[int | None]:
    """The instants of RFC 3339 texts [ms since 1970]; None for one that is none."""
    if len(texts) >= MANY:
        column = pa.array(texts, pa.string())
        if _are_plain(column):
            with suppress(pa.ArrowInvalid):
                cut = column.cast(_MICROSECONDS).view(pa.int64()).to_numpy() // 1000
                if cut.min() >= _FIRST_MS and cut.max() <= _LAST_MS:
                    return cast("list[int | None]", cut.tolist())
    return [_instant_ms(text) for text in texts]


def _are_plain(texts: pa.Array) -> bool:
    """Whether Arrow, which also reads other texts, means the same by all of these as the contract."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32, len(texts) + 1)
    letters, sizes = np.frombuffer(data, np.uint8), np.diff(ends)
    if sizes.min() <= _SECONDS_END:
        return False
    marks, last = letters[ends[:-1] + _SECONDS_END], letters[ends[1:] - 1]
    to_the_second = (marks == _Z) & (sizes == _SECONDS_END + 1)
    with_decimals = (marks == ord(".")) & np.isin(sizes, _DECIMALS) & (last == _Z)
    if (to_the_second | with_decimals).all():
        return True
    signed = (marks == ord("+")) | (marks == ord("-"))
    with_offset = signed & (sizes == _SECONDS_END + 6) & (letters[ends[1:] - 3] == ord(":"))
    return bool((to_the_second | with_decimals | with_offset).all())


def _instant_ms(text: str) -> int | None:
    try:
        return milliseconds(_instant.validate_python(text))
    except ValidationError:
        return None
