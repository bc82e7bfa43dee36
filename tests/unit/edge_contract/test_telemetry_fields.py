"""DESIGN section 2, the table of the telemetry: each rule by one field changed."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge.contract import Refusal, Telemetry, read_telemetry

MakeReading = Callable[..., dict[str, Any]]
Encode = Callable[..., bytes]

BOUNDS = {
    "interval_s": (1, 3600),
    "setpoint_c": (5, 35),
    "indoor_dry_bulb_c": (-40, 60),
    "indoor_rh_pct": (0, 100),
    "outdoor_dry_bulb_c": (-60, 60),
    "electric_power_w": (0, 20_000),
    "compressor_ratio": (0, 1),
}
"""Lowest and highest value of each quantity, from the table of DESIGN section 2."""

OPTIONAL = [
    "schema_version",
    "interval_s",
    "seq",
    "fan",
    "indoor_rh_pct",
    "outdoor_dry_bulb_c",
    "electric_power_w",
    "energy_total_kwh",
    "compressor_ratio",
    "motion",
    "changed_by",
    "advice_id",
]

NUMBERS = [*BOUNDS, "energy_total_kwh", "seq"]

CHOICES = {
    "mode": ("off", "cool", "heat", "dry", "fan", "auto"),
    "fan": ("auto", "low", "medium", "high"),
    "changed_by": ("remote", "app", "voice", "schedule", "advisor", "unknown"),
}


def accepted(payload: bytes) -> Telemetry:
    readings, refusals = read_telemetry(payload)
    assert refusals == []
    assert len(readings) == 1
    return readings[0]


def refused(payload: bytes) -> Refusal:
    readings, refusals = read_telemetry(payload)
    assert readings == []
    assert len(refusals) == 1
    return refusals[0]


@pytest.mark.parametrize(("field", "bound"), [(name, edge) for name, pair in BOUNDS.items() for edge in pair])
def test_a_bound_belongs_to_its_range(
    field: str, bound: float, make_reading: MakeReading, encode: Encode
) -> None:
    assert getattr(accepted(encode(make_reading(**{field: bound}))), field) == bound


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, math.nextafter(low, -math.inf)) for name, (low, _) in BOUNDS.items()),
        *((name, math.nextafter(high, math.inf)) for name, (_, high) in BOUNDS.items()),
        ("energy_total_kwh", -0.001),
        ("seq", -1),
    ],
)
def test_the_next_number_outside_a_range_is_refused(
    field: str, value: float, make_reading: MakeReading, encode: Encode
) -> None:
    assert refused(encode(make_reading(**{field: value}))).reason.startswith(f"{field}: ")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, False, "24", [24], {"value": 24}])
@pytest.mark.parametrize("field", NUMBERS)
def test_a_number_is_a_finite_json_number(
    field: str, value: object, make_reading: MakeReading, encode: Encode
) -> None:
    assert refused(encode(make_reading(**{field: value}))).reason.startswith(f"{field}: ")


def test_a_number_too_large_for_a_float_is_refused(make_reading: MakeReading, encode: Encode) -> None:
    payload = encode(make_reading(energy_total_kwh=12345)).replace(b"12345", b"1e999")

    assert refused(payload).reason.startswith("energy_total_kwh: ")


def test_a_counter_is_a_whole_number(make_reading: MakeReading, encode: Encode) -> None:
    assert accepted(encode(make_reading(seq=0))).seq == 0
    assert refused(encode(make_reading(seq=1.0))).reason.startswith("seq: ")


@pytest.mark.parametrize(("field", "value"), [(n, v) for n, values in CHOICES.items() for v in values])
def test_every_listed_word_is_accepted(
    field: str, value: str, make_reading: MakeReading, encode: Encode
) -> None:
    assert getattr(accepted(encode(make_reading(**{field: value}))), field) == value


@pytest.mark.parametrize("value", ["Cool", "cool ", "", "turbo", 0, True])
@pytest.mark.parametrize("field", CHOICES)
def test_any_other_word_is_refused(
    field: str, value: object, make_reading: MakeReading, encode: Encode
) -> None:
    assert refused(encode(make_reading(**{field: value}))).reason.startswith(f"{field}: ")


@pytest.mark.parametrize("value", [0, 1, "true", "on"])
def test_motion_is_true_or_false(value: object, make_reading: MakeReading, encode: Encode) -> None:
    assert accepted(encode(make_reading(motion=True))).motion is True
    assert accepted(encode(make_reading(motion=False))).motion is False
    assert refused(encode(make_reading(motion=value))).reason.startswith("motion: ")


@pytest.mark.parametrize("value", [7, True, ["a"]])
def test_an_advice_id_is_a_string(value: object, make_reading: MakeReading, encode: Encode) -> None:
    assert accepted(encode(make_reading(advice_id="a-7"))).advice_id == "a-7"
    assert refused(encode(make_reading(advice_id=value))).reason.startswith("advice_id: ")


@pytest.mark.parametrize("field", OPTIONAL)
def test_null_in_an_optional_field_means_absent(
    field: str, make_reading: MakeReading, encode: Encode
) -> None:
    assert accepted(encode(make_reading(**{field: None}))) == accepted(encode(make_reading(**{field: ...})))


def test_what_is_absent_has_the_documented_default(make_reading: MakeReading, encode: Encode) -> None:
    reading = accepted(encode(make_reading()))

    assert reading.schema_version == 1
    assert reading.interval_s == 300
    assert {getattr(reading, name) for name in OPTIONAL} == {1, 300.0, None}


@pytest.mark.parametrize("field", ["device_id", "sampled_at", "mode", "indoor_dry_bulb_c"])
def test_a_field_that_is_not_optional_must_be_present(
    field: str, make_reading: MakeReading, encode: Encode
) -> None:
    assert refused(encode(make_reading(**{field: ...}))).reason == f"{field}: Field required"


@pytest.mark.parametrize("field", ["device_id", "sampled_at", "mode"])
def test_a_field_that_is_not_optional_is_not_null(
    field: str, make_reading: MakeReading, encode: Encode
) -> None:
    assert refused(encode(make_reading(**{field: None}))).reason.startswith(f"{field}: ")


def test_a_sensor_without_a_value_reports_null(make_reading: MakeReading, encode: Encode) -> None:
    assert accepted(encode(make_reading(indoor_dry_bulb_c=None))).indoor_dry_bulb_c is None


@pytest.mark.parametrize("value", [None, ...])
@pytest.mark.parametrize("mode", ["off", "fan", "dry"])
def test_a_setpoint_may_be_missing_where_none_is_in_force(
    mode: str, value: object, make_reading: MakeReading, encode: Encode
) -> None:
    assert accepted(encode(make_reading(mode=mode, setpoint_c=value))).setpoint_c is None


@pytest.mark.parametrize("value", [None, ...])
@pytest.mark.parametrize("mode", ["cool", "heat", "auto"])
def test_a_setpoint_is_required_where_one_is_in_force(
    mode: str, value: object, make_reading: MakeReading, encode: Encode
) -> None:
    assert "setpoint_c is required" in refused(encode(make_reading(mode=mode, setpoint_c=value))).reason


@pytest.mark.parametrize("device_id", ["a", "A-z_0:9", "a" * 128])
def test_a_device_id_is_what_aws_takes_for_a_thing_name(
    device_id: str, make_reading: MakeReading, encode: Encode
) -> None:
    assert accepted(encode(make_reading(device_id=device_id))).device_id == device_id


@pytest.mark.parametrize(
    "device_id",
    ["", "a" * 129, "ac-1\n", "\nac-1", "ac 1", "ac/1", "ac+1", "ac#", "ac.1", "\u00e4c", 7, True],
)
def test_any_other_device_id_is_refused(device_id: object, make_reading: MakeReading, encode: Encode) -> None:
    assert refused(encode(make_reading(device_id=device_id))).reason.startswith("device_id: ")


@pytest.mark.parametrize("version", [0, 2, -1, 1.5, "1", "2", True, [1]])
def test_an_unknown_schema_version_is_refused(
    version: object, make_reading: MakeReading, encode: Encode
) -> None:
    assert accepted(encode(make_reading(schema_version=1))).schema_version == 1
    assert refused(encode(make_reading(schema_version=version))).reason.startswith("schema_version: ")


def test_an_unknown_field_is_ignored(make_reading: MakeReading, encode: Encode) -> None:
    assert accepted(encode(make_reading(firmware={"v": [1, None]}))) == accepted(encode(make_reading()))


@pytest.mark.parametrize(
    "sampled_at",
    [
        "2025-07-01T12:00:00Z",
        "2025-07-01t12:00:00z",
        "2025-07-01 12:00:00Z",
        "2025-07-01T12:00:00.0Z",
        "2025-07-01T12:00:00+00:00",
        "2025-07-01T12:00:00-00:00",
        "2025-07-01T14:00:00+02:00",
        "2025-07-01T17:45:00+05:45",
        "2025-07-01T02:30:00-09:30",
        "2025-07-02T11:59:00+23:59",
    ],
)
def test_one_instant_is_one_value_whatever_its_offset(
    sampled_at: str, make_reading: MakeReading, encode: Encode
) -> None:
    reading = accepted(encode(make_reading(sampled_at=sampled_at)))

    assert reading.sampled_at == datetime(2025, 7, 1, 12, tzinfo=UTC)
    assert reading.sampled_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("fraction", [".123", ".1234", ".123999", ".123999999", ".1239999999999"])
def test_an_instant_is_cut_to_milliseconds(fraction: str, make_reading: MakeReading, encode: Encode) -> None:
    reading = accepted(encode(make_reading(sampled_at=f"2025-07-01T12:00:00{fraction}+00:00")))

    assert reading.sampled_at == datetime(2025, 7, 1, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "sampled_at",
    [
        "2025-07-01T12:00:00",  # naive
        "2025-07-01T12:00Z",  # RFC 3339 wants the seconds
        "2025-07-01",
        "20250701T120000Z",  # ISO 8601, not RFC 3339
        "2025-07-01T12:00:00,5Z",
        "2025-07-01T12:00:00+0200",
        "2025-07-01T12:00:00+24:00",
        "2025-02-29T12:00:00Z",
        "2025-13-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",  # before year 1 in UTC
        "9999-12-31T23:59:59-01:00",  # after year 9999 in UTC
        "2025-07-01T12:00:00Z\n",
        " 2025-07-01T12:00:00Z",
        "\u0662\u0660\u0662\u0665-07-01T12:00:00Z",  # Arabic-Indic digits
        "now",
        "",
        1_751_371_200,
        1_751_371_200_000,
        1_751_371_200.5,
        "1751371200",
        "1751371200000",
        "1751371200.5",
        True,
        ["2025-07-01T12:00:00Z"],
    ],
)
def test_anything_but_rfc_3339_with_an_offset_is_refused(
    sampled_at: object, make_reading: MakeReading, encode: Encode
) -> None:
    assert refused(encode(make_reading(sampled_at=sampled_at))).reason.startswith("sampled_at: ")


def test_a_reading_cannot_be_changed(make_reading: MakeReading, encode: Encode) -> None:
    reading = accepted(encode(make_reading()))

    with pytest.raises(ValueError, match="frozen"):
        reading.setpoint_c = 20.0  # type: ignore[misc]


def test_a_refusal_never_quotes_what_was_sent(make_reading: MakeReading, encode: Encode) -> None:
    secret = "the person's name"

    assert secret not in refused(encode(make_reading(mode=secret))).reason
    assert secret not in refused(encode(make_reading(sampled_at=secret))).reason
    assert secret not in refused(encode([secret])[1:]).reason
