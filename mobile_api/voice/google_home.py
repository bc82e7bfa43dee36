"""Google Home: SYNC, QUERY, EXECUTE and DISCONNECT; a request in, a response out, pure but for the house.

A command that is sent and not confirmed is `PENDING`: Google says that it was asked, not that it is done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, ValidationError

from cloud.errors import CloudError, NotFoundError, UnavailableError
from edge.contract import Fan, Mode
from mobile_api.errors import ApiError, ForbiddenError, MalformedBodyError, RateLimitedError
from mobile_api.voice import actions
from mobile_api.voice.google_states import MODE_WORDS, Json, device, states
from mobile_api.voice.house import Aircon, House
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

Intent: TypeAlias = Literal[
    "action.devices.SYNC", "action.devices.QUERY", "action.devices.EXECUTE", "action.devices.DISCONNECT"
]

WEIGHT_K: Final = 0.5
"""How much warmer one step of "a bit" is [K]; Google says -5 to 5 of them."""


_CODE_OF_FAULT: Final[Mapping[type[Exception], str]] = {
    ValidationError: "notSupported",
    NotFoundError: "deviceNotFound",
    ForbiddenError: "authFailure",
    RateLimitedError: "deviceBusy",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, allow_inf_nan=False)


class _Device(_Part):
    id: str


class _Execution(_Part):
    command: str
    params: Json = Field(default_factory=dict)


class _Command(_Part):
    devices: tuple[_Device, ...]
    execution: tuple[_Execution, ...]


class _Payload(_Part):
    devices: tuple[_Device, ...] = ()
    commands: tuple[_Command, ...] = ()


class _Input(_Part):
    intent: Intent
    payload: _Payload = _Payload()


class Asked(_Part):
    """A request of Google's."""

    request_id: str = Field(alias="requestId", min_length=1, max_length=200)
    inputs: tuple[_Input, ...] = Field(min_length=1, max_length=1)


class _OnOff(_Part):
    on: StrictBool


class _Setpoint(_Part):
    setpoint_c: StrictFloat | StrictInt = Field(alias="thermostatTemperatureSetpoint")


class _Relative(_Part):
    degrees_k: StrictFloat | StrictInt | None = Field(None, alias="thermostatTemperatureRelativeDegree")
    weight: StrictInt | None = Field(None, alias="thermostatTemperatureRelativeWeight", ge=-5, le=5)


class _ModeWord(_Part):
    word: str = Field(alias="thermostatMode")


class _Speed(_Part):
    fan: Fan = Field(alias="fanSpeed")


class _SpeedRelative(_Part):
    weight: StrictInt = Field(alias="fanSpeedRelativeWeight", ge=-5, le=5)


_Act: TypeAlias = Callable[[House, Aircon, Json], Aircon]

ERROR_OF: Final[Mapping[type[VoiceRefusal], str]] = {
    IsOffRefusal: "deviceTurnedOff",
    OutOfRangeRefusal: "valueOutOfRange",
    UnsupportedModeRefusal: "notSupported",
    NoAdviceRefusal: "actionNotAvailable",
    UnknownStateRefusal: "deviceNotReady",
    DeclinedRefusal: "actionNotAvailable",
}
"""Google's words for why something was not done; what is missing here has a way of its own."""


@dataclass(slots=True)
class GoogleHome:
    """Answers for one person.

    Attributes:
        house: Their homes.
        reports: Whether changes are told unasked.
        connect: What is done with the devices that a sync tells.
        disconnect: What is done when they unlink.
    """

    house: House
    reports: bool = False
    connect: Callable[[House, Sequence[Json]], None] = field(default=lambda *_: None)
    disconnect: Callable[[str], None] = field(default=lambda _: None)

    def answer(self, asked: Asked) -> Json:
        """The response to a request."""
        (wanted,) = asked.inputs
        match wanted.intent:
            case "action.devices.DISCONNECT":
                self.disconnect(self.house.account_id)
                return {}
            case "action.devices.SYNC":
                payload = self._sync()
            case "action.devices.QUERY":
                payload = {"devices": {each.id: self._query(each.id) for each in wanted.payload.devices}}
            case _:
                payload = {"commands": self._execute(wanted.payload.commands)}
        return {"requestId": asked.request_id, "payload": payload}

    def _sync(self) -> Json:
        try:
            found = [device(air, reports=self.reports) for air in self.house.aircons()]
            self.connect(self.house, found)
        except (ApiError, CloudError) as fault:
            return {"agentUserId": self.house.account_id, "errorCode": _code_of(fault), "devices": []}
        return {"agentUserId": self.house.account_id, "devices": found}

    def _query(self, device_id: str) -> Json:
        try:
            air = self.house.aircon(device_id)
        except (ApiError, CloudError) as fault:
            return {"status": "ERROR", "errorCode": _code_of(fault), "online": False}
        if not air.is_online:
            return {"status": "OFFLINE", "online": False}
        return {"status": "SUCCESS", **states(air)}

    def _execute(self, commands: tuple[_Command, ...]) -> list[Json]:
        return [self._do(each.id, command.execution) for command in commands for each in command.devices]

    def _do(self, device_id: str, executions: tuple[_Execution, ...]) -> Json:
        """All that is asked of one device, until something is not done."""
        made: Json = {"ids": [device_id]}
        try:
            air = self.house.aircon(device_id)
            for each in executions:
                air = _act(self.house, air, each)
        except OfflineRefusal:
            return {**made, "status": "OFFLINE", "errorCode": "offline"}
        except UnconfirmedRefusal:
            return {**made, "status": "PENDING"}
        except (VoiceRefusal, ValidationError, ApiError, CloudError) as fault:
            return {**made, "status": "ERROR", "errorCode": _code_of(fault)}
        return {**made, "status": "SUCCESS", "states": states(air)}


def read(message: Json) -> Asked:
    """A request of Google's.

    Raises:
        MalformedBodyError: It is none.
    """
    try:
        return Asked.model_validate(message)
    except ValidationError as error:
        raise MalformedBodyError("the body is no request of Google Home") from error


def too_slow(asked: Asked) -> Json:
    """The answer when something behind does not answer in time; what was asked may be sent.

    Raises:
        UnavailableError: SYNC is answered with the account, which is not known.
    """
    if asked.inputs[0].intent == "action.devices.SYNC":
        raise UnavailableError("no answer in time")
    payload: Json = {"errorCode": "transientError"}
    if asked.inputs[0].intent == "action.devices.QUERY":
        payload["devices"] = {}
    if asked.inputs[0].intent == "action.devices.DISCONNECT":
        return {}
    return {"requestId": asked.request_id, "payload": payload}


def _act(house: House, air: Aircon, execution: _Execution) -> Aircon:
    act = ACTS.get(execution.command.removeprefix("action.devices.commands."))
    if act is None:
        raise UnsupportedModeRefusal(execution.command[:80])
    return act(house, air, execution.params)


def _code_of(fault: Exception) -> str:
    if isinstance(fault, WrongModeRefusal):
        return "inDryMode" if "'dry'" in str(fault) else "inFanOnlyMode"
    if isinstance(fault, VoiceRefusal):
        return ERROR_OF[type(fault)]
    return next((code for kind, code in _CODE_OF_FAULT.items() if isinstance(fault, kind)), "transientError")


def _turn(house: House, air: Aircon, params: Json) -> Aircon:
    on = _OnOff.model_validate(params).on
    return actions.turn_on(house, air) if on else actions.turn_off(house, air)


def _hold(house: House, air: Aircon, params: Json) -> Aircon:
    return actions.hold(house, air, float(_Setpoint.model_validate(params).setpoint_c))


def _shift(house: House, air: Aircon, params: Json) -> Aircon:
    wanted = _Relative.model_validate(params)
    if wanted.degrees_k is not None:
        return actions.shift(house, air, float(wanted.degrees_k))
    if wanted.weight is None:
        raise UnsupportedModeRefusal("relative")
    return actions.shift(house, air, WEIGHT_K * wanted.weight)


def _switch(house: House, air: Aircon, params: Json) -> Aircon:
    word = _ModeWord.model_validate(params).word
    if word == "eco":
        return actions.follow_advice(house, air)
    if word == "on":
        return actions.turn_on(house, air)
    mode: Mode | None = next((mode for mode, own in MODE_WORDS.items() if own == word), None)
    if mode is None:
        raise UnsupportedModeRefusal(word[:40])
    return actions.switch_mode(house, air, mode)


def _blow(house: House, air: Aircon, params: Json) -> Aircon:
    return actions.blow(house, air, _Speed.model_validate(params).fan)


def _blow_more(house: House, air: Aircon, params: Json) -> Aircon:
    return actions.blow_more(house, air, _SpeedRelative.model_validate(params).weight)


ACTS: Final[Mapping[str, _Act]] = {
    "OnOff": _turn,
    "ThermostatTemperatureSetpoint": _hold,
    "TemperatureRelative": _shift,
    "ThermostatSetMode": _switch,
    "SetFanSpeed": _blow,
    "SetFanSpeedRelative": _blow_more,
}
"""What can be asked; a range of two setpoints is not among it."""
