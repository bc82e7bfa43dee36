"""The quick way of ingest against the contract's own model: the same verdicts, the same values."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typing_extensions import override

import cloud.ingest
from cloud.ingest import ingest
from cloud.ports.ingest import InboundMessage, Registration, Registrations
from cloud.reading_decoder import MANY, decode, instants
from edge.contract import Telemetry, read_telemetry

NOW = datetime(2025, 7, 1, 12, 1, tzinfo=UTC)
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-100, 30_000),
    st.sampled_from(
        [-0.0, 0, 1, 5, 35, 60, -40, -60, 100, 3600, 20_000, 1e-320, 1e308, 10**30, 2**63, 2**64]
    ),
)
STRANGE = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=4), st.lists(st.none(), max_size=1), st.just({})
)
TIMES = st.one_of(
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat().replace("+00:00", "Z")),
    st.builds(
        "{}-{}-{}{}{}:{}:{}{}{}".format,
        st.sampled_from(["2025", "2024", "0001", "0000", "9999", "1969"]),
        st.sampled_from(["02", "07", "12", "13", "00"]),
        st.sampled_from(["01", "28", "29", "31", "00"]),
        st.sampled_from(["T", "T", "t", " ", "_", "W"]),
        st.sampled_from(["00", "23", "24"]),
        st.sampled_from(["00", "59", "60"]),
        st.sampled_from(["00", "59", "60"]),
        st.sampled_from(["", ".", ".5", ".123", ".1239", ".123999", ".9999999", ",123", ".12+"]),
        st.sampled_from(["Z", "z", "", "+02:00", "-23:59", "+24:00", "+0200", "+02", "-00:00", "+00:00Z"]),
    ),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "schema_version": st.sampled_from([1, None, 2, 1.0, True, "1"]),
    "device_id": st.sampled_from(["dev-1", "dev-2", "", "no spaces", "ü", "a" * 129, "dev-1\n"]),
    "sampled_at": TIMES,
    "interval_s": NUMBERS | st.none(),
    "seq": st.integers(-1, 2**65) | NUMBERS,
    "mode": st.sampled_from(["off", "cool", "heat", "dry", "fan", "auto", "Cool", ""]),
    "fan": st.sampled_from(["auto", "low", "medium", "high", "off", None]),
    "setpoint_c": NUMBERS | st.none(),
    "indoor_dry_bulb_c": NUMBERS | st.none(),
    "indoor_rh_pct": NUMBERS,
    "outdoor_dry_bulb_c": NUMBERS,
    "electric_power_w": NUMBERS,
    "energy_total_kwh": NUMBERS,
    "compressor_ratio": NUMBERS,
    "motion": st.booleans() | st.none() | st.just(1),
    "changed_by": st.sampled_from(["remote", "app", "voice", "schedule", "advisor", "unknown", "cat", None]),
    "advice_id": st.text(max_size=5) | st.none() | st.sampled_from(["\ud800", "\x00", "a\\b"]),
    "firmware": STRANGE,
}
GOOD: dict[str, Any] = {
    "device_id": "dev-1",
    "sampled_at": "2025-07-01T12:00:00Z",
    "mode": "cool",
    "setpoint_c": 24,
    "indoor_dry_bulb_c": 25.5,
}


@st.composite
def elements(draw: st.DrawFn) -> Any:  # noqa: ANN401 (any JSON)
    """A good reading of which some fields were drawn, and some are strange or missing."""
    element = dict(GOOD)
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=4, unique=True)):
        element[name] = draw(STRANGE if draw(st.integers(0, 9)) == 0 else FIELDS[name])
    if draw(st.integers(0, 9)) == 0:
        element.pop(draw(st.sampled_from(sorted(element))))
    return draw(STRANGE) if draw(st.integers(0, 19)) == 0 else element


PAYLOADS = st.builds(
    lambda document, ascii_only, before: (
        before + json.dumps(document, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    ),
    elements() | st.lists(elements(), max_size=4),
    st.booleans(),
    st.sampled_from([b"", b" ", b"\n", b"\x0b"]),
)


class Everybody(Registrations):
    """Whoever asks is behind `gw-1` and consents."""

    @override
    def find(self, device_id: str) -> Registration:
        return Registration("gw-1", share_presence=True)

    @override
    def was_deleted(self, device_id: str) -> bool:
        return False


@given(
    st.lists(PAYLOADS | st.binary(max_size=8), min_size=1, max_size=4),
    st.sampled_from(["dev-1/telemetry", "gw-1/batch"]),
)
@example([json.dumps(GOOD).encode()[:-1] + b",}", b"[]", b"[[]]", b"{}", b"[" * 3000], "gw-1/batch")
@example([json.dumps([GOOD] * number).encode() for number in (500, 501)], "gw-1/batch")
@example([json.dumps(GOOD | {"advice_id": "\ud800"}).encode()], "gw-1/batch")
@example([json.dumps(GOOD | {"advice_id": "ü"}, ensure_ascii=False).encode("latin-1")], "gw-1/batch")
@example(
    [json.dumps(GOOD | {"device_id": name}).encode() for name in ("no spaces", "", "a" * 129)], "gw-1/batch"
)
@example([json.dumps(GOOD).encode()[:-1] + b',"x":' + b"[" * 300 + b"]" * 300 + b"}"], "gw-1/batch")
@settings(max_examples=400, deadline=None)
def test_the_quick_way_and_the_models_say_the_same(payloads: list[bytes], sender: str) -> None:
    messages = [InboundMessage(f"dt/ac/{sender}", payload) for payload in payloads]

    quick = ingest(messages, Everybody(), NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cloud.ingest, "decode", lambda _payload: None)
        by_models = ingest(messages, Everybody(), NOW)

    assert list(quick.readings) == list(by_models.readings)
    assert quick.dead_letters == by_models.dead_letters
    assert [repr(each) for each in quick.readings] == [repr(each) for each in by_models.readings]  # types too


@given(st.lists(TIMES, max_size=3), st.sampled_from([0, MANY]))
@example(["2025-07-01T12:00:00+0200"], MANY)
@example(["2025-07-01T12:00:00.12+02"], MANY)
@example(["0001-01-01T00:00:00+23:59"], MANY)
@settings(max_examples=400, deadline=None)
def test_many_instants_at_once_are_read_as_one_by_one(texts: list[str], others: int) -> None:
    texts = [*texts, *["2025-07-01T12:00:00Z"] * others]

    times_ms = instants(texts)

    for text, time_ms in zip(texts, times_ms, strict=True):
        readings, _ = read_telemetry(json.dumps(GOOD | {"sampled_at": text}).encode())
        expected = [round(1000 * reading.sampled_at.timestamp()) for reading in readings]
        assert ([] if time_ms is None else [time_ms]) == expected


def test_what_devices_usually_say_goes_the_quick_way(make_telemetry: Any) -> None:  # noqa: ANN401
    reading: Telemetry = make_telemetry(seq=1, fan="low", changed_by="app", motion=True)

    assert decode(json.dumps([GOOD]).encode()) is not None
    assert decode(reading.model_dump_json().encode()) is not None
    assert decode(reading.model_dump_json(exclude_unset=True).encode()) is not None
