"""The committed JSON Schema: what the model generates, and in agreement with it wherever a schema can speak.

JSON Schema cannot say, and the differential test below therefore does not ask:
  * that 1.0 is no integer (`seq`): the specification calls the two numbers equal;
  * that a date exists (30 February, second 60, hour 24, an offset of 24:00, year 0): the pattern only looks;
  * that an instant stays inside the years 1 to 9999 when it is converted to UTC;
  * NaN and Infinity, which are not JSON and cannot reach a schema;
  * the sizes of a payload, and that arrays hold at most 500 readings: these are rules of `read_telemetry`;
  * which of two equal keys counts.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError, validators
from pydantic import BaseModel
from pydantic import ValidationError as ModelError

import edge.contract.schema
from edge.contract.quantities import INSTANT_PATTERN
from edge.contract.schema.documents import MODELS, documents

COMMITTED = Path(edge.contract.schema.__file__).parent


def _ecma_pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    """`$` as ECMA-262 has it, which JSON Schema refers to: Python's also matches before a last newline."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"does not match {pattern}")


EcmaValidator = cast(
    "type[Draft202012Validator]",
    validators.extend(Draft202012Validator, {"pattern": _ecma_pattern}),  # type: ignore[no-untyped-call]
)

GOOD: dict[str, dict[str, Any]] = {
    "telemetry.json": {
        "device_id": "ac-1",
        "sampled_at": "2025-07-01T12:00:00Z",
        "mode": "cool",
        "setpoint_c": 24.0,
        "indoor_dry_bulb_c": 25.5,
    },
    "event.json": {
        "device_id": "ac-1",
        "event_id": "e-1",
        "occurred_at": "2025-07-01T12:00:00Z",
        "kind": "boot",
    },
    "shadow_desired.json": {"setpoint_c": 25.0, "expires_at": "2025-07-01T12:00:00Z"},
    "shadow_reported.json": {"setpoint_c": 25.0, "changed_by": "app"},
    "claim_request.json": {},
    "claim_code.json": {"code": "ABCD2345"},
    "claim_devices.json": {"devices": [{"device_id": "ac-1", "quiet_hours": [1320, 360]}]},
}

INSTANTS = (
    "2025-07-01T12:00:00Z",
    "2025-07-01t12:00:00.123456z",
    "2025-07-01 12:00:00+02:00",
    "2025-07-01T12:00:00",
    "2025-07-01T12:00Z",
    "2025-07-01T12:00:00Z\n",
    "2025-07-01",
    "1751371200",
)
IDS = ("ac-1", "A:_-9", "ac-1\n", "ac 1", "", "a" * 128, "a" * 129)
TEMPERATURES = (-60, -40, 5, 35, 60, -60.001, -40.001, 4.999, 35.001, 60.001)

LIKELY: dict[str, tuple[object, ...]] = {
    "sampled_at": INSTANTS,
    "occurred_at": INSTANTS,
    "expires_at": INSTANTS,
    "device_id": IDS,
    "event_id": IDS,
    "schema_version": (0, 1, 2, 1.0, True, "1"),
    "seq": (-1, 0, 1),
    "mode": ("off", "cool", "heat", "dry", "fan", "auto", "turbo"),
    "fan": ("auto", "low", "medium", "high", "turbo"),
    "changed_by": ("remote", "app", "voice", "schedule", "advisor", "unknown", "nobody"),
    "requested_by": ("remote", "app", "voice", "schedule", "advisor", "unknown"),
    "kind": (
        *("setpoint_changed", "fault", "boot", "window_open", "window_closed", "command_result"),
        *("device", "gateway", "x"),
    ),
    "code": ("ABCD2345", "ABCD2345\n", "ABCD234", "ABCD23456", "abcd2345", "ABCD1O0I"),
    "detail": ({}, {"a": None}, [], "a"),
    "setpoint_c": TEMPERATURES,
    "indoor_dry_bulb_c": TEMPERATURES,
    "outdoor_dry_bulb_c": TEMPERATURES,
    "interval_s": (0.999, 1, 3600, 3600.001),
    "indoor_rh_pct": (-0.001, 0, 100, 100.001),
    "electric_power_w": (-0.001, 0, 20_000, 20_000.001),
    "energy_total_kwh": (-0.001, 0, 1e300),
    "compressor_ratio": (-0.001, 0, 1, 1.001),
}
"""Values around each rule, so that a difference is found in hundreds of examples, not in millions."""

ODD: tuple[object, ...] = (None, True, False, 24, "24", "cool", [], [None], {})

ANYTHING: st.SearchStrategy[object] = (
    st.sampled_from(ODD)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('ac-1/"\n\u20ac', max_size=10)
)


@st.composite
def changed(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A good message with up to three fields changed or taken away."""
    document = dict(GOOD[name])
    fields = sorted(MODELS[name].model_fields)
    for field in draw(st.lists(st.sampled_from([*fields, "firmware"]), max_size=3)):
        if draw(st.booleans()):
            document[field] = draw(st.sampled_from((*LIKELY.get(field, ()), *ODD)) | ANYTHING)
        else:
            document.pop(field, None)
    return document


def accepts(model: type[BaseModel], document: object) -> bool:
    try:
        model.model_validate_json(json.dumps(document))
    except ModelError:
        return False
    return True


def validator(name: str) -> Draft202012Validator:
    return EcmaValidator(json.loads((COMMITTED / name).read_text(encoding="utf-8")))


def test_the_committed_schemas_are_the_generated_ones() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.glob("*.json")}

    assert committed == dict(documents()), "run: python -m edge.contract.schema"


@pytest.mark.parametrize("name", MODELS)
def test_a_schema_is_one_and_accepts_the_smallest_good_message(name: str) -> None:
    schema = validator(name)

    Draft202012Validator.check_schema(schema.schema)
    schema.validate(GOOD[name])
    assert accepts(MODELS[name], GOOD[name])


@pytest.mark.parametrize("name", MODELS)
def test_schema_and_model_agree_on_each_likely_value_of_each_field(name: str) -> None:
    schema = validator(name)
    for field in MODELS[name].model_fields:
        missing = {key: value for key, value in GOOD[name].items() if key != field}
        candidates = [missing, *(missing | {field: v} for v in (*LIKELY.get(field, ()), *ODD))]
        for document in candidates:
            assert schema.is_valid(document) == accepts(MODELS[name], document), document


@pytest.mark.parametrize("name", MODELS)
@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_schema_and_model_agree(name: str, data: st.DataObject) -> None:
    document = data.draw(changed(name))
    assume(not isinstance(document.get("seq"), float))
    for instant in ("sampled_at", "occurred_at", "expires_at"):
        at = document.get(instant)
        assume(not isinstance(at, str) or at in INSTANTS or not re.match(INSTANT_PATTERN, at))

    assert validator(name).is_valid(document) == accepts(MODELS[name], document)


@pytest.mark.parametrize("name", MODELS)
def test_every_quantity_says_its_unit(name: str) -> None:
    suffixes = {"_c": "Cel", "_pct": "%", "_w": "W", "_kwh": "kW.h", "_ratio": "1", "_s": "s"}
    properties = json.loads((COMMITTED / name).read_text(encoding="utf-8"))["properties"]

    for field, schema in properties.items():
        unit = next((unit for suffix, unit in suffixes.items() if field.endswith(suffix)), None)
        if unit is not None:
            assert [variant["unit"] for variant in schema.get("anyOf", [schema]) if "unit" in variant] == [
                unit
            ]
