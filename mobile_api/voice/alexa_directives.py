"""Alexa Smart Home: a directive in, an event out; pure, so a Lambda and a route can share it.

Whatever comes is answered by an event of Amazon's schema: what was done and read back, or an error that says
why not. `sent, not confirmed` is an error too (`ENDPOINT_UNREACHABLE`), because Alexa would say "OK".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloud.errors import CloudError, NotFoundError
from edge.contract import Mode
from mobile_api.errors import ApiError, ForbiddenError, RateLimitedError, UnauthenticatedError
from mobile_api.voice import actions
from mobile_api.voice.alexa_discovery import MAX_ENDPOINTS, endpoint
from mobile_api.voice.alexa_messages import (
    AUTHORIZATION,
    DISCOVERY,
    POWER,
    THERMOSTAT,
    Directive,
    ErrorType,
    Json,
    celsius,
    error,
    event,
    read_directive,
    state_of,
)
from mobile_api.voice.degrees import Scale, to_celsius, to_kelvins
from mobile_api.voice.house import MAX_SETPOINT_C, MIN_SETPOINT_C, Aircon, House, OpenHouse
from mobile_api.voice.refusals import (
    DeclinedRefusal,
    IsOffRefusal,
    NoAdviceRefusal,
    OfflineRefusal,
    OutOfRangeRefusal,
    UnconfirmedRefusal,
    UnknownStateRefusal,
    UnsupportedModeRefusal,
    VoiceRefusal,
    WrongModeRefusal,
)


class Grants(Protocol):
    """Where the right to send events for a person is kept."""

    def accept(self, account_id: str, session_id: str, code: str) -> None:
        """Exchange the code of an `AcceptGrant` and keep what comes of it, as long as the sign-in lasts.

        Raises:
            GrantRefusedError: It was not exchanged.
            VendorUnreachableError: Amazon does not answer.
        """
        ...

    def has(self, account_id: str) -> bool:
        """Whether a person is told of changes: then Alexa stops asking for what it will be told."""
        ...


class GrantRefusedError(ApiError):
    """Login with Amazon gave no tokens for the code (`ACCEPT_GRANT_FAILED`)."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What directives are answered with.

    Attributes:
        open_house: The homes of an access token.
        new_id: Names a message.
        grants: Keeps grants; None where none are wanted.
    """

    open_house: OpenHouse
    new_id: Callable[[], str]
    grants: Grants | None = None


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, allow_inf_nan=False)


class _Degrees(_Payload):
    value: float = Field(strict=True)
    scale: Scale


class _SetTarget(_Payload):
    target: _Degrees | None = Field(None, alias="targetSetpoint")
    lower: _Degrees | None = Field(None, alias="lowerSetpoint")
    upper: _Degrees | None = Field(None, alias="upperSetpoint")
    schedule: object | None = None


class _Adjust(_Payload):
    delta: _Degrees = Field(alias="targetSetpointDelta")


class _Mode(_Payload):
    value: str


class _SetMode(_Payload):
    mode: _Mode = Field(alias="thermostatMode")


class _Grant(_Payload):
    code: str = Field(min_length=1)


class _AcceptGrant(_Payload):
    grant: _Grant


class _WrongTargetError(VoiceRefusal):
    """A setpoint of a kind that there is none of."""

    def __init__(self, kind: ErrorType) -> None:
        super().__init__("only a single setpoint can be held, without a schedule")
        self.kind = kind


_Act: TypeAlias = Callable[[House, Aircon, Json], Aircon]

ERROR_OF: Final[Mapping[type[VoiceRefusal], ErrorType]] = {
    OfflineRefusal: "ENDPOINT_UNREACHABLE",
    UnconfirmedRefusal: "ENDPOINT_UNREACHABLE",
    IsOffRefusal: "THERMOSTAT_IS_OFF",
    OutOfRangeRefusal: "TEMPERATURE_VALUE_OUT_OF_RANGE",
    UnsupportedModeRefusal: "UNSUPPORTED_THERMOSTAT_MODE",
    WrongModeRefusal: "NOT_SUPPORTED_IN_CURRENT_MODE",
    NoAdviceRefusal: "UNWILLING_TO_SET_VALUE",
    UnknownStateRefusal: "UNWILLING_TO_SET_VALUE",
    DeclinedRefusal: "UNWILLING_TO_SET_VALUE",
}
"""Alexa's words for why something was not done."""

_ERROR_OF_FAULT: Final[Mapping[type[Exception], ErrorType]] = {
    UnauthenticatedError: "INVALID_AUTHORIZATION_CREDENTIAL",
    ForbiddenError: "INSUFFICIENT_PERMISSIONS",
    NotFoundError: "NO_SUCH_ENDPOINT",
    RateLimitedError: "RATE_LIMIT_EXCEEDED",
}
_OTHER_FAULT: Final[ErrorType] = "INTERNAL_ERROR"

MODE_OF: Final[Mapping[str, Mode]] = {"OFF": "off", "COOL": "cool", "HEAT": "heat", "AUTO": "auto"}
"""Alexa's words for modes; `ECO` is the advice."""


def handle_directive(message: object, desk: Desk) -> Json:
    """Answer a directive of Alexa's Smart Home interface.

    Args:
        message: What Alexa sent, parsed as JSON.
        desk: What it is answered with.

    Returns:
        An event; never raises but for a bug.
    """
    directive = read_directive(message)
    if directive is None:
        return error("INVALID_DIRECTIVE", "this is no directive", desk.new_id())
    try:
        return _answer(directive, desk)
    except _WrongTargetError as refusal:
        return error(refusal.kind, str(refusal), desk.new_id(), about=directive)
    except VoiceRefusal as refusal:
        return _refuse(refusal, directive, desk)
    except ValidationError:
        return error("INVALID_VALUE", "the payload cannot be read", desk.new_id(), about=directive)
    except (ApiError, CloudError) as fault:
        return _fail(fault, directive, desk)


def too_slow(message: object, new_id: Callable[[], str]) -> Json:
    """The answer when something behind does not answer in time."""
    text = "no answer in time; what was asked may be sent"
    return error("INTERNAL_ERROR", text, new_id(), about=read_directive(message))


def _answer(directive: Directive, desk: Desk) -> Json:
    what = (directive.header.namespace, directive.header.name)
    if what == (DISCOVERY, "Discover"):
        return _discover(directive, desk)
    if what == (AUTHORIZATION, "AcceptGrant"):
        return _accept_grant(directive, desk)
    if what == ("Alexa", "ReportState"):
        air = _house_and_air(directive, desk)[1]
        return _with_state(event("Alexa", "StateReport", desk.new_id(), about=directive), air)
    act = _ACTS.get(what)
    if act is None:
        text = f"{what[0]}.{what[1]} is not supported"[:200]
        return error("INVALID_DIRECTIVE", text, desk.new_id(), about=directive)
    house, air = _house_and_air(directive, desk)
    air = act(house, air, directive.payload)
    return _with_state(event("Alexa", "Response", desk.new_id(), about=directive), air)


def _house_and_air(directive: Directive, desk: Desk) -> tuple[House, Aircon]:
    house = desk.open_house(directive.token)
    if directive.endpoint is None:
        raise NotFoundError("endpoint", "")
    return house, house.aircon(directive.endpoint.endpoint_id)


def _with_state(made: Json, air: Aircon) -> Json:
    return {"context": {"properties": state_of(air)}, **made}


def _discover(directive: Directive, desk: Desk) -> Json:
    house = desk.open_house(directive.token)
    told = desk.grants is not None and desk.grants.has(house.account_id)
    found = [endpoint(air, proactive=told) for air in house.aircons()[:MAX_ENDPOINTS]]
    return event(DISCOVERY, "Discover.Response", desk.new_id(), about=directive, payload={"endpoints": found})


def _accept_grant(directive: Directive, desk: Desk) -> Json:
    """Every failure here has the one error that Amazon knows for it."""
    try:
        grant = _AcceptGrant.model_validate(directive.payload).grant
        house = desk.open_house(directive.token)
        if desk.grants is None:
            raise GrantRefusedError("events are not sent here")
        desk.grants.accept(house.account_id, house.session_id, grant.code)
    except (ValidationError, ApiError, CloudError) as fault:
        text = "the grant cannot be read" if isinstance(fault, ValidationError) else str(fault)
        return error("ACCEPT_GRANT_FAILED", text, desk.new_id(), about=directive)
    return event(AUTHORIZATION, "AcceptGrant.Response", desk.new_id(), about=directive)


def _set_target(house: House, air: Aircon, payload: Json) -> Aircon:
    wanted = _SetTarget.model_validate(payload)
    if wanted.schedule is not None:
        raise _WrongTargetError("UNWILLING_TO_SET_SCHEDULE")
    if wanted.lower is not None or wanted.upper is not None:
        two = wanted.target is None
        raise _WrongTargetError("DUAL_SETPOINTS_UNSUPPORTED" if two else "TRIPLE_SETPOINTS_UNSUPPORTED")
    target = _Degrees.model_validate(wanted.target)
    return actions.hold(house, air, to_celsius(target.value, target.scale))


def _adjust_target(house: House, air: Aircon, payload: Json) -> Aircon:
    delta = _Adjust.model_validate(payload).delta
    return actions.shift(house, air, to_kelvins(delta.value, delta.scale))


def _set_mode(house: House, air: Aircon, payload: Json) -> Aircon:
    word = _SetMode.model_validate(payload).mode.value
    if word == "ECO":
        return actions.follow_advice(house, air)
    mode = MODE_OF.get(word)
    if mode is None:
        raise UnsupportedModeRefusal(word[:40])
    return actions.switch_mode(house, air, mode)


def _resume_schedule(_house: House, _air: Aircon, _payload: Json) -> Aircon:
    raise _WrongTargetError("UNWILLING_TO_SET_SCHEDULE")


_ACTS: Final[Mapping[tuple[str, str], _Act]] = {
    (THERMOSTAT, "SetTargetTemperature"): _set_target,
    (THERMOSTAT, "AdjustTargetTemperature"): _adjust_target,
    (THERMOSTAT, "SetThermostatMode"): _set_mode,
    (THERMOSTAT, "ResumeSchedule"): _resume_schedule,
    (POWER, "TurnOn"): lambda house, air, _: actions.turn_on(house, air),
    (POWER, "TurnOff"): lambda house, air, _: actions.turn_off(house, air),
}


def _refuse(refusal: VoiceRefusal, directive: Directive, desk: Desk) -> Json:
    more: Json = {}
    if isinstance(refusal, OutOfRangeRefusal):
        limits = {"minimumValue": celsius(MIN_SETPOINT_C), "maximumValue": celsius(MAX_SETPOINT_C)}
        more = {"validRange": limits}
    if isinstance(refusal, WrongModeRefusal):
        more = {"currentDeviceMode": "OTHER"}
    return error(ERROR_OF[type(refusal)], str(refusal), desk.new_id(), about=directive, **more)


def _fail(fault: Exception, directive: Directive, desk: Desk) -> Json:
    kind = next((kind for each, kind in _ERROR_OF_FAULT.items() if isinstance(fault, each)), _OTHER_FAULT)
    return error(kind, str(fault)[:200], desk.new_id(), about=directive)
