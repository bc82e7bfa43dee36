"""Alexa Smart Home: whatever is asked of whatever device, the answer is one that Amazon's schema allows."""

from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mobile_api.errors import ForbiddenError
from mobile_api.voice.alexa_directives import Desk, handle_directive, too_slow
from mobile_api.voice.alexa_messages import ErrorType, GeneralError, ThermostatError, error
from tests.unit.mobile_api.voice.alexa_schema import faults_of, needs_validators, sample
from tests.unit.mobile_api.voice.memory_house import TOKEN, MemoryHouse, advice_view, aircon, houses

Json = dict[str, Any]

EXAMPLES, MANY = 300, 6000
"""Generated directives in `make test` and in `make slow`; at least 5,000 are wanted."""


def directive(namespace: str, name: str, *, to: str | None = "dev-1", **payload: Any) -> Json:  # noqa: ANN401 (JSON)
    header = {
        "namespace": namespace,
        "name": name,
        "payloadVersion": "3",
        "messageId": "m-1",
        "correlationToken": "c==",
    }
    made: Json = {"header": header, "payload": payload}
    if to is not None:
        made["endpoint"] = {"scope": {"type": "BearerToken", "token": TOKEN}, "endpointId": to}
    return {"directive": made}


def thermostat(name: str, **payload: Any) -> Json:  # noqa: ANN401 (JSON)
    return directive("Alexa.ThermostatController", name, **payload)


def degrees(value: object, scale: str = "CELSIUS") -> Json:
    return {"value": value, "scale": scale}


def answer(house: MemoryHouse, message: object) -> Json:
    return handle_directive(message, Desk(house.open, lambda: "id-1"))


def kind_of(event: Json) -> str:
    header, payload = event["event"]["header"], event["event"]["payload"]
    return str(payload["type"]) if header["name"] == "ErrorResponse" else str(header["name"])


def value_of(event: Json, name: str) -> Any:  # noqa: ANN401 (JSON)
    found = [each["value"] for each in event["context"]["properties"] if each["name"] == name]
    return found[0] if found else None


def test_a_temperature_is_set_and_the_answer_says_what_was_read_back() -> None:
    house = MemoryHouse()

    event = answer(house, thermostat("SetTargetTemperature", targetSetpoint=degrees(77.0, "FAHRENHEIT")))

    assert kind_of(event) == "Response"
    assert event["event"]["header"]["correlationToken"] == "c=="
    assert [wanted.setpoint_c for _, wanted in house.asked] == [25.0]  # (77 - 32) / 1.8
    assert value_of(event, "targetSetpoint") == degrees(25.0)


def test_warmer_by_fahrenheit_degrees_is_a_difference() -> None:
    house = MemoryHouse()

    answer(house, thermostat("AdjustTargetTemperature", targetSetpointDelta=degrees(-1.8, "FAHRENHEIT")))

    assert [wanted.setpoint_c for _, wanted in house.asked] == [23.0]  # 24 - 1.8 / 1.8


def test_eco_is_the_advice() -> None:
    house = MemoryHouse([aircon(advice=advice_view())])

    event = answer(house, thermostat("SetThermostatMode", thermostatMode={"value": "ECO"}))

    assert house.accepted == ["a-1"]
    assert value_of(event, "thermostatMode") == "ECO"


def test_what_is_so_already_is_not_asked_again() -> None:
    house = MemoryHouse()

    for message in (
        thermostat("SetTargetTemperature", targetSetpoint=degrees(24.0)),
        thermostat("SetThermostatMode", thermostatMode={"value": "COOL"}),
        directive("Alexa.PowerController", "TurnOn"),
    ):
        assert kind_of(answer(house, message)) == "Response"

    assert house.asked == []


SET = thermostat("SetTargetTemperature", targetSetpoint=degrees(25.0))
REFUSED: list[tuple[Json, Json, str]] = [
    ({"mode": "off", "setpoint_c": None}, SET, "THERMOSTAT_IS_OFF"),
    ({"is_online": False}, SET, "ENDPOINT_UNREACHABLE"),
    ({"mode": "dry", "setpoint_c": None}, SET, "NOT_SUPPORTED_IN_CURRENT_MODE"),
    (
        {},
        thermostat("SetTargetTemperature", targetSetpoint=degrees(80.0)),
        "TEMPERATURE_VALUE_OUT_OF_RANGE",
    ),
    ({}, thermostat("SetTargetTemperature", targetSetpoint=degrees("warm")), "INVALID_VALUE"),
    ({}, thermostat("SetTargetTemperature"), "INVALID_VALUE"),
    (
        {},
        thermostat("SetTargetTemperature", lowerSetpoint=degrees(20.0), upperSetpoint=degrees(24.0)),
        "DUAL_SETPOINTS_UNSUPPORTED",
    ),
    (
        {},
        thermostat("SetTargetTemperature", targetSetpoint=degrees(22.0), upperSetpoint=degrees(24.0)),
        "TRIPLE_SETPOINTS_UNSUPPORTED",
    ),
    (
        {},
        thermostat("SetTargetTemperature", targetSetpoint=degrees(22.0), schedule={"duration": "PT1H"}),
        "UNWILLING_TO_SET_SCHEDULE",
    ),
    ({}, thermostat("ResumeSchedule"), "UNWILLING_TO_SET_SCHEDULE"),
    (
        {"modes": frozenset({"off", "heat"})},
        thermostat("SetThermostatMode", thermostatMode={"value": "AUTO"}),
        "UNSUPPORTED_THERMOSTAT_MODE",
    ),
    ({}, thermostat("SetThermostatMode", thermostatMode={"value": "ECO"}), "UNWILLING_TO_SET_VALUE"),
    ({}, directive("Alexa.PowerController", "TurnOn", to="dev-2"), "NO_SUCH_ENDPOINT"),
    ({}, directive("Alexa.LockController", "Lock"), "INVALID_DIRECTIVE"),
    ({}, {"directive": {"header": 1}}, "INVALID_DIRECTIVE"),
]


@pytest.mark.parametrize(("state", "message", "kind"), REFUSED)
def test_what_cannot_be_done_is_said_in_alexas_words(state: Json, message: Json, kind: str) -> None:
    house = MemoryHouse([aircon(**state)])

    event = answer(house, message)

    assert kind_of(event) == kind
    assert house.asked == []


def test_sent_but_not_confirmed_is_no_response() -> None:
    event = answer(MemoryHouse(outcome="sent"), SET)

    assert kind_of(event) == "ENDPOINT_UNREACHABLE"
    assert event["event"]["payload"]["message"] == "sent, not confirmed"
    assert kind_of(answer(MemoryHouse(outcome="rejected"), SET)) == "UNWILLING_TO_SET_VALUE"


def test_a_token_that_opens_nothing_and_one_that_may_not() -> None:
    message = directive("Alexa", "ReportState")
    message["directive"]["endpoint"]["scope"]["token"] = "stolen"

    assert kind_of(answer(MemoryHouse(), message)) == "INVALID_AUTHORIZATION_CREDENTIAL"
    assert kind_of(answer(MemoryHouse(fault=ForbiddenError("no")), SET)) == "INSUFFICIENT_PERMISSIONS"


def test_of_a_silent_device_the_last_sample_is_told_with_its_time() -> None:
    event = answer(MemoryHouse([aircon(is_online=False)]), directive("Alexa", "ReportState"))

    assert kind_of(event) == "StateReport"
    assert value_of(event, "connectivity") == {"value": "UNREACHABLE"}
    found = next(each for each in event["context"]["properties"] if each["name"] == "temperature")
    assert found["timeOfSample"] == "2026-07-14T11:58:00.000Z"


@needs_validators
@pytest.mark.parametrize(
    "kind", get_args(GeneralError) + get_args(ThermostatError) + ("ACCEPT_GRANT_FAILED",)
)
def test_every_error_type_has_the_payload_that_amazon_wants(kind: ErrorType) -> None:
    more: Json = {"currentDeviceMode": "OTHER"} if kind == "NOT_SUPPORTED_IN_CURRENT_MODE" else {}

    assert faults_of(error(kind, "why", "id-1", **more)) == []


@needs_validators
@pytest.mark.parametrize(
    "name",
    [
        "ThermostatController/ThermostatController.SetTargetTemperature.SingleMode.request.json",
        "ThermostatController/ThermostatController.SetTargetTemperature.DualMode.request.json",
        "ThermostatController/ThermostatController.SetTargetTemperature.TripleMode.request.json",
        "ThermostatController/ThermostatController.AdjustTargetTemperature.request.json",
        "ThermostatController/ThermostatController.SetThermostatMode.request.json",
        "PowerController/PowerController.TurnOn.request.json",
        "PowerController/PowerController.TurnOff.request.json",
        "Discovery/Discovery.request.json",
        "StateReport/ReportState.json",
        "Authorization/Authorization.AcceptGrant.request.json",
    ],
)
def test_amazons_own_directives_are_understood(name: str) -> None:
    message = sample(name)
    house = MemoryHouse([aircon(device_id="endpoint-001")])

    event = handle_directive(message, Desk(lambda _: house, lambda: "id-1"))

    assert faults_of(event) == []
    assert kind_of(event) not in {"INVALID_DIRECTIVE", "INVALID_VALUE", "INVALID_AUTHORIZATION_CREDENTIAL"}


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-20, 120) | st.integers(-5, 120)
JUNK = st.none() | st.booleans() | st.text(max_size=9) | NUMBERS | st.lists(st.integers(), max_size=2)
SCALES = st.sampled_from(["CELSIUS", "FAHRENHEIT", "KELVIN"]) | st.text(max_size=3)
DEGREES = st.fixed_dictionaries({"value": NUMBERS | JUNK, "scale": SCALES}) | JUNK
PAYLOADS = st.one_of(
    st.fixed_dictionaries({"targetSetpoint": DEGREES}),
    st.fixed_dictionaries({"targetSetpoint": DEGREES}, optional={"upperSetpoint": DEGREES, "schedule": JUNK}),
    st.fixed_dictionaries({"targetSetpointDelta": DEGREES}),
    st.sampled_from(["OFF", "COOL", "HEAT", "AUTO", "ECO", "CUSTOM", "?"]).map(
        lambda word: {"thermostatMode": {"value": word}}
    ),
    st.fixed_dictionaries({"grant": JUNK, "grantee": st.just({"token": TOKEN})}),
    st.fixed_dictionaries({"scope": st.just({"token": TOKEN})}),
    st.dictionaries(st.text(max_size=5), JUNK, max_size=2),
)
NAMES = st.sampled_from(
    [
        ("Alexa.ThermostatController", "SetTargetTemperature"),
        ("Alexa.ThermostatController", "AdjustTargetTemperature"),
        ("Alexa.ThermostatController", "SetThermostatMode"),
        ("Alexa.PowerController", "TurnOn"),
        ("Alexa.PowerController", "TurnOff"),
        ("Alexa.Discovery", "Discover"),
        ("Alexa", "ReportState"),
        ("Alexa.Authorization", "AcceptGrant"),
        ("Alexa.ThermostatController", "ResumeSchedule"),
        ("Alexa.Speaker", "SetVolume"),
    ]
)


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[MemoryHouse, Json]:
    house: MemoryHouse = draw(houses())
    known = [air.device_id for air in house.airs]
    to = draw(st.none() | st.sampled_from([*known, *known, "dev-9", "not one!"]))
    namespace, name = draw(NAMES)
    message = directive(namespace, name, to=to, **draw(PAYLOADS))
    if to is not None and draw(st.sampled_from([False] * 9 + [True])):
        message["directive"]["endpoint"]["scope"]["token"] = draw(st.text(max_size=4))
    return house, message


def check_exchange(exchange: tuple[MemoryHouse, Json]) -> None:
    house, message = exchange

    assert faults_of(answer(house, message)) == []
    assert faults_of(too_slow(message, lambda: "id-1")) == []


@needs_validators
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(exchanges())
def test_every_answer_is_valid(exchange: tuple[MemoryHouse, Json]) -> None:
    check_exchange(exchange)


@needs_validators
@pytest.mark.slow
@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(exchanges())
def test_every_one_of_thousands_of_answers_is_valid(exchange: tuple[MemoryHouse, Json]) -> None:
    check_exchange(exchange)
