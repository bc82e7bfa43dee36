"""Shadow sync: what the gateway knows of a device's shadow, and how each message changes that.

The cloud says what is asked for in deltas (AWS IoT, classic shadow): a delta names only the fields in which
`desired` differs from `reported`. So a field that a delta leaves out is one that the device already reports;
those that no device ever reports (`requested_by`, `expires_at`) are in every delta for as long as they hold.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from edge.contract import Desired, Fan, Mode, Reported
from edge.contract.quantities import Instant, SetpointC

SETTINGS = ("setpoint_c", "mode", "fan")
"""What a device is set to; all else says who, why and until when."""

_SELF_CHOSEN = frozenset({"remote", "schedule"})
"""What a device reports of itself, without a command from anywhere."""


class Settings(BaseModel):
    """What a device is set to; None is a field that nobody named."""

    model_config = ConfigDict(frozen=True)

    setpoint_c: SetpointC | None = None
    mode: Mode | None = None
    fan: Fan | None = None

    @classmethod
    def of(cls, document: Desired | Reported) -> Self:
        """The settings in a section of a shadow."""
        return cls(setpoint_c=document.setpoint_c, mode=document.mode, fan=document.fan)

    def covers(self, other: "Settings") -> bool:
        """Whether every field that `other` names has the same value here."""
        return all(getattr(other, name) in (None, getattr(self, name)) for name in SETTINGS)


class DeviceShadow(BaseModel):
    """What the gateway knows of one device's shadow; kept on disk as JSON.

    Attributes:
        version: Of the cloud's newest document that was seen.
        desired: What the cloud asks for, whole, whether or not the device was told.
        judged: Identity of the newest command that was judged; a command is judged once.
        granted: What the device was told; None when nothing is in force.
        reported: What the device confirms.
        chosen: The last settings that a person or the schedule chose, to go back to.
        hold_until: Until then a person's change at the unit stands against the advisor.
        beeps: When commands of the advisor changed the settings, during the last hour.
        expiry_seen_at: When it was first noticed that the granted command had expired.
        switched_at: When its mode last made the compressor start, stop or turn round.
    """

    model_config = ConfigDict(frozen=True)

    version: int = 0
    desired: Desired = Desired()
    judged: str | None = None
    granted: Desired | None = None
    reported: Reported = Reported()
    chosen: Settings | None = None
    hold_until: Instant | None = None
    beeps: tuple[Instant, ...] = ()
    expiry_seen_at: Instant | None = None
    switched_at: Instant | None = None


class _State(BaseModel):
    model_config = ConfigDict(extra="ignore")

    desired: dict[str, Any] | None = None
    reported: dict[str, Any] | None = None


class Delta(BaseModel):
    """The cloud's message that `desired` and `reported` differ."""

    model_config = ConfigDict(extra="ignore")

    version: Annotated[int, Field(ge=0)]
    state: dict[str, Any]


class Document(BaseModel):
    """The cloud's answer to a question for the whole shadow."""

    model_config = ConfigDict(extra="ignore")

    version: Annotated[int, Field(ge=0)]
    state: _State = _State()


def whole_desired(delta: Mapping[str, Any], shadow: DeviceShadow) -> dict[str, Any]:
    """The whole `desired` that a delta stands for.

    Args:
        delta: The fields that differ from what the device reports.
        shadow: What was known before.
    """
    merged = {**_unchanged(shadow, (*SETTINGS, "command_id")), **delta}
    if merged.get("mode") == "off" and "setpoint_c" not in delta:
        merged.pop("setpoint_c", None)
    if merged.get("requested_by") is None and shadow.desired.requested_by is not None:
        merged["requested_by"] = shadow.desired.requested_by
    if merged.get("requested_by") == "advisor":
        return {**_unchanged(shadow, ("advice_id",)), **merged}
    return merged


def _unchanged(shadow: DeviceShadow, names: tuple[str, ...]) -> dict[str, Any]:
    """The values of fields that a delta left out: as reported; as known, of a device that reports nothing."""
    values = {
        name: getattr(shadow.desired, name) if reported is None else reported
        for name in names
        for reported in [getattr(shadow.reported, name)]
    }
    return {name: value for name, value in values.items() if value is not None}


def read_desired(fields: Mapping[str, Any]) -> Desired:
    """`desired` from JSON values.

    Raises:
        ValidationError: A field is out of its range or of the wrong type.
    """
    return Desired.model_validate_json(json.dumps(fields))


def identity(fields: Mapping[str, Any]) -> str:
    """What tells one command from another: its id, or its content when it has none."""
    return str(fields.get("command_id") or json.dumps(fields, sort_keys=True))


def report(shadow: DeviceShadow, fields: Mapping[str, Any], *, clears_desired: bool) -> DeviceShadow:
    """The shadow after the device has reported `fields` (null removes one).

    Settings that neither the advisor nor a passing command brought are the ones to go back to.
    """
    reported = shadow.reported.model_copy(update=dict(fields))
    update: dict[str, Any] = {"reported": reported}
    if _is_chosen(shadow, reported):
        update["chosen"] = Settings.of(reported)
    if clears_desired:
        update |= {"granted": None, "expiry_seen_at": None}
    return shadow.model_copy(update=update)


def overtaken(shadow: DeviceShadow, by: Settings, now: datetime) -> str | None:
    """The command that settings which come now overtake.

    Args:
        shadow: What was known before.
        by: What a newer command asks for, or a person has just chosen at the unit.
        now: The device's time (UTC).

    Returns:
        Its id; None where there is none, or the device has done it, or its time is over, or the same is asked
        for still.
    """
    before, reported = shadow.granted, shadow.reported
    if before is None or before.command_id is None:
        return None
    asked = Settings.of(before)
    is_done = before.command_id == reported.command_id or Settings.of(reported).covers(asked)
    is_over = before.expires_at is not None and before.expires_at <= now
    return None if is_done or is_over or by.covers(asked) else before.command_id


def _is_chosen(shadow: DeviceShadow, reported: Reported) -> bool:
    if reported.changed_by == "advisor":
        return False
    granted = shadow.granted
    if granted is None or reported.changed_by in _SELF_CHOSEN:
        return True
    passing = granted.requested_by == "advisor" or granted.expires_at is not None
    return not (passing and Settings.of(reported).covers(Settings.of(granted)))


def delta_payload(desired: Desired, version: int, at: datetime) -> bytes:
    """The message by which a device is told: all of `desired`, not only what changed."""
    return _dump({"version": version, "timestamp": int(at.timestamp()), "state": _fields(desired)})


def answer_payload(shadow: DeviceShadow, at: datetime) -> bytes:
    """The answer to a device that asks for its shadow: what it was told and what still holds."""
    in_force = shadow.granted
    if in_force is not None and in_force.expires_at is not None and in_force.expires_at <= at:
        in_force = None
    fields = {} if in_force is None else _fields(in_force)
    state = {"desired": fields, "reported": _fields(shadow.reported), "delta": fields}
    return _dump({"version": shadow.version, "timestamp": int(at.timestamp()), "state": state})


def _fields(section: Desired | Reported) -> dict[str, Any]:
    return section.model_dump(mode="json", exclude_none=True)


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
