"""Telemetry: what one air conditioner reports, once per sampling interval.

Topic `topics.telemetry(device_id)`, JSON, MQTT QoS 1: a reading can arrive twice, and
`(device_id, sampled_at)` identifies it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from edge.contract.quantities import (
    DEFAULT_INTERVAL_S,
    MODES_WITH_SETPOINT,
    ChangedBy,
    DeviceId,
    Fan,
    IndoorC,
    Instant,
    IntervalS,
    KilowattHour,
    Mode,
    OutdoorC,
    Percent,
    Ratio,
    SchemaVersion,
    SetpointC,
    Watt,
)

MAX_READINGS_PER_MESSAGE = 500
"""More readings than this in one array make the whole message a dead letter."""

MAX_PAYLOAD_BYTES = 128 * 1024
"""AWS IoT Core's limit of a message [bytes], kept on every broker."""

_SETPOINT_WHERE_ONE_IS_IN_FORCE: dict[str, JsonValue] = {
    "if": {"properties": {"mode": {"enum": [*sorted(MODES_WITH_SETPOINT)]}}},
    "then": {"required": ["setpoint_c"], "properties": {"setpoint_c": {"type": "number"}}},
}
"""The model validator's rule, as JSON Schema says it."""


class Telemetry(BaseModel):
    """One reading of an air conditioner.

    A tolerant reader: unknown fields are ignored, so that newer firmware can talk to an older edge.
    Known fields are strict: `"24"` is not a temperature, and neither is NaN. Null in an optional field
    means absent.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        allow_inf_nan=False,
        json_schema_extra=_SETPOINT_WHERE_ONE_IS_IN_FORCE,
    )

    schema_version: SchemaVersion = 1
    device_id: DeviceId
    sampled_at: Instant = Field(description="End of the sampling interval; kept as UTC milliseconds.")
    interval_s: IntervalS = Field(DEFAULT_INTERVAL_S, description="Length of the sampling interval.")
    seq: Annotated[int, Field(ge=0)] | None = Field(None, description="Counts up by one; gaps show loss.")
    mode: Mode
    fan: Fan | None = None
    setpoint_c: SetpointC | None = Field(None, description="Setpoint in force at `sampled_at`.")
    indoor_dry_bulb_c: IndoorC | None = Field(description="Null when the sensor has no value.")
    indoor_rh_pct: Percent | None = None
    outdoor_dry_bulb_c: OutdoorC | None = Field(None, description="The outdoor unit's own sensor.")
    electric_power_w: Watt | None = Field(None, description="Mean over the interval.")
    energy_total_kwh: KilowattHour | None = Field(
        None, description="Lifetime counter: a lost reading loses no energy."
    )
    compressor_ratio: Ratio | None = Field(None, description="Share of the interval, or of full speed.")
    motion: bool | None = Field(None, description="Somebody seen; leaves the site only with consent.")
    changed_by: ChangedBy | None = Field(None, description="Who set the setpoint in force.")
    advice_id: str | None = Field(None, description="The advice in force, if any.")

    @model_validator(mode="after")
    def _setpoint_where_one_is_in_force(self) -> Self:
        if self.setpoint_c is None and self.mode in MODES_WITH_SETPOINT:
            msg = f"setpoint_c is required in mode {self.mode}"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message, or one element of it, is no reading.

    Attributes:
        reason: One line for the person who has to repair the sender.
        index: Position in the array; None when the whole message is refused.
        element: What was refused, as compact JSON (or the raw bytes when it is none).
    """

    reason: str
    index: int | None
    element: bytes


_batch = TypeAdapter(list[Telemetry])


def read_telemetry(payload: bytes) -> tuple[list[Telemetry], list[Refusal]]:
    """The readings in one MQTT payload, and what was refused.

    Args:
        payload: One reading, or a JSON array of up to `MAX_READINGS_PER_MESSAGE`.

    Returns:
        The accepted readings in order, and one `Refusal` for each bad element (each element is judged
        alone), or a single one when the payload as a whole is unreadable, too large or too long.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return [], [Refusal(f"payload of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}", None, payload)]
    if payload.lstrip()[:1] == b"[":
        try:
            readings = _batch.validate_json(payload)
        except ValidationError:
            return _judge_each(payload)
        if len(readings) <= MAX_READINGS_PER_MESSAGE:
            return readings, []
        return [], [_too_many(len(readings), payload)]
    try:
        return [Telemetry.model_validate_json(payload)], []
    except ValidationError as error:
        return [], [Refusal(describe(error), None, payload)]


def _judge_each(payload: bytes) -> tuple[list[Telemetry], list[Refusal]]:
    """The slow way, taken only when something in the array is bad."""
    try:
        elements = json.loads(payload.decode(), parse_int=_integer)
    except (ValueError, RecursionError) as error:
        return [], [Refusal(f"not JSON: {error}", None, payload)]
    if len(elements) > MAX_READINGS_PER_MESSAGE:
        return [], [_too_many(len(elements), payload)]
    readings: list[Telemetry] = []
    refusals: list[Refusal] = []
    for index, element in enumerate(elements):
        encoded = json.dumps(element, separators=(",", ":")).encode()
        try:
            readings.append(Telemetry.model_validate_json(encoded))
        except ValidationError as error:
            refusals.append(Refusal(describe(error), index, encoded))
    return readings, refusals


def _integer(digits: str) -> int | float:
    """An integer too long for Python's parser becomes a float, so that it spoils its own element only."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _too_many(count: int, payload: bytes) -> Refusal:
    return Refusal(f"{count} readings in one message, at most {MAX_READINGS_PER_MESSAGE}", None, payload)


def describe(error: ValidationError) -> str:
    """The first fault of a validation error, in one line."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def write_telemetry(readings: Sequence[Telemetry]) -> bytes:
    """The JSON array of `readings`, without the fields that have no value (`null` is kept where required)."""
    return _batch.dump_json(list(readings), exclude_none=False, exclude_defaults=True, by_alias=True)
