"""Examples: one good value of each schema in the description, for readers and testers to send.

They are made from the schema: what the field itself gives as `examples`, else what people call things here,
else the first value that fits. A test checks that every example fits its schema.
"""

import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_AT = "2026-07-14T12:00:00Z"
_BY_NAME: dict[str, Any] = {
    "account_id": "a-5f0c2d7e9b1a4c36",
    "advised_kwh": 3.9,
    "advice_id": "25.5-cool-auto-1",
    "autonomy": "suggest",
    "auth": "tBHItJI5svbpez7KI4CCXg",
    "code": "K7QM2XPA",
    "command_id": "c-1784030400000-0000005f0c2d7e9b",
    "currency": "EUR",
    "device_id": "ac-living-room",
    "device_ids": ["ac-living-room"],
    "electric_power_w": 640.0,
    "email": "ann@example.org",
    "expected_saving_kwh": 1.1,
    "expected_saving_money": 0.33,
    "from": "2026-07-13T12:00:00Z",
    "gateway_id": "gw-7f3a",
    "habit_kwh": 5.0,
    "habit_setpoint_c": 24.0,
    "home_id": "h-5f0c2d7e9b1a4c36",
    "indoor_dry_bulb_c": 24.6,
    "indoor_rh_pct": 52.0,
    "known_fields": ["device_id", "mode", "sampled_at"],
    "latitude_deg": 45.46,
    "letter_id": "5f0c2d7e9b1a4c365f0c2d7e9b1a4c36",
    "longitude_deg": 9.19,
    "max_setpoint_c": 28.0,
    "min_setpoint_c": 20.0,
    "mode": "cool",
    "name": "Living room",
    "notice_probability": 0.04,
    "outdoor_dry_bulb_c": 31.2,
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "password": "correct horse battery",
    "publisher": "ac-living-room",
    "reason": "Nobody has minded 25.5 °C in the afternoon.",
    "resolution_s": 300,
    "saving_interval_kwh": [0.7, 1.5],
    "saving_interval_money": [0.21, 0.45],
    "setpoint_c": 25.5,
    "tariff_by_hour": [0.2] * 16 + [0.35] * 5 + [0.2] * 3,
    "timezone": "Europe/Rome",
    "to": _AT,
    "until": "2036-07-14T22:00:00Z",
    "verdict": "accept",
    "waiting_ids": ["ac-bedroom"],
}
"""What things are called in this house; used where it fits the field's type."""

_BY_FORMAT = {
    "date-time": _AT,
    "date": "2026-07-14",
    "uri": "https://example.org/",
    "email": "ann@example.org",
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def example_of(schema: Json, definitions: Mapping[str, Json], name: str = "") -> Any:  # noqa: ANN401 (JSON)
    """A value that fits `schema`; `name` is the field's, and helps to find a telling one."""
    if "$ref" in schema:
        return example_of(_resolved(schema, definitions), definitions, name)
    if "examples" in schema:
        return schema["examples"][0]
    if name in _BY_NAME and _fits(_BY_NAME[name], schema, definitions):
        return _BY_NAME[name]
    given = schema.get("const", schema.get("default", next(iter(schema.get("enum", ())), None)))
    if given is not None:
        return given
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        if choice.get("type") != "null":
            return example_of(choice, definitions, name)
    return _by_type(schema, definitions)


def _resolved(schema: Json, definitions: Mapping[str, Json]) -> Json:
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _fits(value: Any, schema: Json, definitions: Mapping[str, Json]) -> bool:  # noqa: ANN401 (JSON)
    """Whether a known value is of one of the types and in the range that the schema allows."""
    schema = _resolved(schema, definitions)
    if "anyOf" in schema:
        return any(_fits(value, choice, definitions) for choice in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    if not isinstance(value, _TYPES.get(schema.get("type", ""), ())):
        return False
    return _in_range(value, schema)


def _in_range(value: Any, schema: Json) -> bool:  # noqa: ANN401 (JSON)
    if isinstance(value, str):
        of_format: bool = schema.get("format") == ("date-time" if value.endswith("Z") else None)
        return of_format and re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, list):
        return bool(len(value) >= schema.get("minItems", 0))
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _by_type(schema: Json, definitions: Mapping[str, Json]) -> Any:  # noqa: ANN401 (JSON)
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        fields = schema.get("properties", {}).items()
        return {name: example_of(field, definitions, name) for name, field in fields}
    if kind == "array":
        items = schema.get("prefixItems") or [schema.get("items", {})]
        return [example_of(item, definitions) for item in items]
    if kind == "string":
        return _BY_FORMAT.get(schema.get("format", ""), "text".ljust(schema.get("minLength", 0), "x"))
    if kind in {"number", "integer"}:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        return min(max(low, 1), schema.get("maximum", max(low, 1)))
    return {"boolean": False}.get(str(kind))
