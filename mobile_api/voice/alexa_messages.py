"""Messages of Alexa's Smart Home interface: what a directive says, and what events are made of."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mobile_api.voice.house import Aircon

if TYPE_CHECKING:
    from collections.abc import Sequence

Json: TypeAlias = dict[str, Any]

GeneralError: TypeAlias = Literal[
    "ENDPOINT_BUSY",
    "ENDPOINT_UNREACHABLE",
    "INSUFFICIENT_PERMISSIONS",
    "INTERNAL_ERROR",
    "INVALID_AUTHORIZATION_CREDENTIAL",
    "INVALID_DIRECTIVE",
    "INVALID_VALUE",
    "NO_SUCH_ENDPOINT",
    "NOT_SUPPORTED_IN_CURRENT_MODE",
    "RATE_LIMIT_EXCEEDED",
    "TEMPERATURE_VALUE_OUT_OF_RANGE",
]
ThermostatError: TypeAlias = Literal[
    "DUAL_SETPOINTS_UNSUPPORTED",
    "THERMOSTAT_IS_OFF",
    "TRIPLE_SETPOINTS_UNSUPPORTED",
    "UNSUPPORTED_THERMOSTAT_MODE",
    "UNWILLING_TO_SET_SCHEDULE",
    "UNWILLING_TO_SET_VALUE",
]
ErrorType: TypeAlias = Literal[GeneralError, ThermostatError, "ACCEPT_GRANT_FAILED"]

THERMOSTAT: Final = "Alexa.ThermostatController"
POWER: Final = "Alexa.PowerController"
TEMPERATURE: Final = "Alexa.TemperatureSensor"
RANGE: Final = "Alexa.RangeController"
HEALTH: Final = "Alexa.EndpointHealth"
AUTHORIZATION: Final = "Alexa.Authorization"
DISCOVERY: Final = "Alexa.Discovery"

HUMIDITY_INSTANCE: Final = "Humidity.Relative"
"""A range that can only be read: Amazon's message schema knows no sensor of humidity."""

_THERMOSTAT_ERRORS: Final = frozenset(ThermostatError.__args__)  # type: ignore[attr-defined]
_ENDPOINT_ID: Final = re.compile(r"[a-zA-Z0-9_\-=#;:?@&]{1,256}")


class _Part(BaseModel):
    """A tolerant reader: Amazon adds fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Header(_Part):
    """What the directive is."""

    namespace: str
    name: str
    correlation_token: str | None = Field(None, alias="correlationToken")


class Scope(_Part):
    """Whose it is."""

    token: str = ""


class Endpoint(_Part):
    """Whom it is about."""

    endpoint_id: str = Field(alias="endpointId")
    scope: Scope = Scope()


class Directive(_Part):
    """What Alexa asks."""

    header: Header
    endpoint: Endpoint | None = None
    payload: Json = Field(default_factory=dict)

    @property
    def token(self) -> str:
        """The person's access token; empty when there is none."""
        if self.endpoint is not None:
            return self.endpoint.scope.token
        for name in ("scope", "grantee"):
            bearer = self.payload.get(name)
            if isinstance(bearer, dict) and isinstance(bearer.get("token"), str):
                return str(bearer["token"])
        return ""


def read_directive(message: object) -> Directive | None:
    """What Alexa asks; None when it is no directive."""
    inner = message.get("directive") if isinstance(message, dict) else None
    try:
        return Directive.model_validate(inner)
    except ValidationError:
        return None


def event(
    namespace: str, name: str, message_id: str, *, about: Directive | None = None, payload: Json | None = None
) -> Json:
    """An event, in answer to a directive if `about` is one."""
    header: Json = {"namespace": namespace, "name": name, "payloadVersion": "3", "messageId": message_id}
    made: Json = {"header": header, "payload": payload or {}}
    if about is None:
        return {"event": made}
    if about.header.correlation_token:
        header["correlationToken"] = about.header.correlation_token
    if namespace == DISCOVERY or about.endpoint is None:  # discovery is about no single endpoint
        return {"event": made}
    if _ENDPOINT_ID.fullmatch(about.endpoint.endpoint_id):
        made["endpoint"] = {"endpointId": about.endpoint.endpoint_id}
    return {"event": made}


def error(
    kind: ErrorType, message: str, message_id: str, *, about: Directive | None = None, **more: object
) -> Json:
    """An `ErrorResponse`; `more` are the fields that this kind has besides."""
    namespace = "Alexa"
    if kind == "ACCEPT_GRANT_FAILED":
        namespace = AUTHORIZATION
    elif kind in _THERMOSTAT_ERRORS:
        namespace = THERMOSTAT
    payload = {"type": kind, "message": message, **more}
    return event(namespace, "ErrorResponse", message_id, about=about, payload=payload)


def celsius(temperature_c: float) -> Json:
    """A temperature as Alexa reads it."""
    return {"value": round(temperature_c, 2), "scale": "CELSIUS"}


def state_of(air: Aircon) -> list[Json]:
    """Everything that is known of a device, each property with the time of its sample."""
    health = {"value": "OK" if air.is_online else "UNREACHABLE"}
    properties = [_property(HEALTH, "connectivity", health, air.now, 0)]
    if air.sampled_at is None:
        return properties
    known: Sequence[tuple[str, str, object]] = (
        (POWER, "powerState", None if air.mode is None else "OFF" if air.mode == "off" else "ON"),
        (THERMOSTAT, "thermostatMode", mode_of(air)),
        (THERMOSTAT, "targetSetpoint", None if air.setpoint_c is None else celsius(air.setpoint_c)),
        (TEMPERATURE, "temperature", None if air.indoor_c is None else celsius(air.indoor_c)),
        (RANGE, "rangeValue", air.indoor_rh_pct),
    )
    uncertainty_ms = round(air.interval_s * 1000)
    for namespace, name, value in known:
        if value is not None:
            properties.append(_property(namespace, name, value, air.sampled_at, uncertainty_ms))
    return properties


def mode_of(air: Aircon) -> str | None:
    """Alexa's word for what a device does; None where it has none (drying, fan alone)."""
    if air.mode in {"cool", "auto"} and air.follows_advice:
        return "ECO"
    return {"off": "OFF", "cool": "COOL", "heat": "HEAT", "auto": "AUTO"}.get(air.mode or "")


def instant(at: datetime) -> str:
    """An instant as Amazon's schema wants it: UTC, milliseconds, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _property(namespace: str, name: str, value: object, at: datetime, uncertainty_ms: int) -> Json:
    made: Json = {
        "namespace": namespace,
        "name": name,
        "value": value,
        "timeOfSample": instant(at),
        "uncertaintyInMilliseconds": uncertainty_ms,
    }
    return {**made, "instance": HUMIDITY_INSTANCE} if namespace == RANGE else made
