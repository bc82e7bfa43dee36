"""DESIGN section 2: what one MQTT payload may be, and what becomes of the parts that it may not be."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from edge.contract import MAX_PAYLOAD_BYTES, MAX_READINGS_PER_MESSAGE, Refusal, read_telemetry

MakeReading = Callable[..., dict[str, Any]]
Encode = Callable[..., bytes]


def only_refusal(payload: bytes) -> Refusal:
    readings, refusals = read_telemetry(payload)
    assert readings == []
    assert len(refusals) == 1
    return refusals[0]


def padded(document: bytes, size_bytes: int) -> bytes:
    return document + b" " * (size_bytes - len(document))


def test_an_object_is_one_reading(make_reading: MakeReading, encode: Encode) -> None:
    readings, refusals = read_telemetry(encode(make_reading()))

    assert [reading.device_id for reading in readings] == ["ac-1"]
    assert refusals == []


def test_an_array_is_its_readings_in_order(make_reading: MakeReading, encode: Encode) -> None:
    readings, refusals = read_telemetry(b" \n" + encode([make_reading(seq=seq) for seq in (3, 1, 2)]))

    assert [reading.seq for reading in readings] == [3, 1, 2]
    assert refusals == []


def test_an_empty_array_is_no_reading_and_no_fault() -> None:
    assert read_telemetry(b"[]") == ([], [])


def test_each_element_is_judged_alone_and_refused_with_its_index(
    make_reading: MakeReading, encode: Encode
) -> None:
    elements = [make_reading(seq=0), make_reading(mode="x"), make_reading(seq=2), None, make_reading(seq=4)]

    readings, refusals = read_telemetry(encode(elements))

    assert [reading.seq for reading in readings] == [0, 2, 4]
    assert [refusal.index for refusal in refusals] == [1, 3]
    assert json.loads(refusals[0].element) == elements[1]
    assert refusals[1].element == b"null"


@pytest.mark.parametrize("element", [None, 1, "x", True, [], [[{}]], {}])
def test_an_element_that_is_no_reading_spoils_only_itself(
    element: object, make_reading: MakeReading, encode: Encode
) -> None:
    readings, refusals = read_telemetry(encode([make_reading(), element]))

    assert len(readings) == 1
    assert [refusal.index for refusal in refusals] == [1]


def test_a_reading_inside_a_second_array_is_refused(make_reading: MakeReading, encode: Encode) -> None:
    assert only_refusal(encode([[make_reading()]])).index == 0


@pytest.mark.parametrize("bad", [False, True])
def test_500_elements_are_judged_and_501_are_one_dead_letter(
    *, bad: bool, make_reading: MakeReading, encode: Encode
) -> None:
    elements = [make_reading(seq=seq) for seq in range(MAX_READINGS_PER_MESSAGE)]
    if bad:
        elements[7]["mode"] = "x"

    readings, refusals = read_telemetry(encode(elements))
    refusal = only_refusal(encode([*elements, make_reading()]))

    assert (len(readings), len(refusals)) == ((499, 1) if bad else (500, 0))
    assert refusal.index is None
    assert refusal.reason == "501 readings in one message, at most 500"


def test_128_kb_are_read_and_one_byte_more_is_one_dead_letter(
    make_reading: MakeReading, encode: Encode
) -> None:
    longest = padded(encode([make_reading()]), MAX_PAYLOAD_BYTES)

    assert MAX_PAYLOAD_BYTES == 131_072
    assert len(read_telemetry(longest)[0]) == 1
    assert only_refusal(longest + b" ").reason == "payload of 131073 bytes, at most 131072"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"\x00",
        b"hello",
        b"{",
        b"[",
        b'{"device_id":',
        b"[{}",
        b"[] []",
        b"[],",
        b"[{},]",
        b"\x0b[]",  # a vertical tab is no JSON white space
        b"\xef\xbb\xbf[]",  # RFC 8259 section 8.1: no byte order mark
        b"\xff\xfe[\x00]\x00",
        b"[\x00]\x00",  # UTF-16
        b"{'device_id': 'ac-1'}",
    ],
)
def test_a_payload_that_is_not_json_is_one_dead_letter(payload: bytes) -> None:
    refusal = only_refusal(payload)

    assert refusal.index is None
    assert refusal.element == payload


@pytest.mark.parametrize("payload", [b"null", b"1", b'"x"', b"true", b"{}"])
def test_json_that_is_no_reading_is_one_dead_letter(payload: bytes) -> None:
    assert only_refusal(payload).index is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le"])
@pytest.mark.parametrize("as_array", [False, True])
def test_json_in_another_encoding_than_utf_8_is_one_dead_letter(
    encoding: str, *, as_array: bool, make_reading: MakeReading
) -> None:
    document = [make_reading()] if as_array else make_reading()

    assert only_refusal(json.dumps(document).encode(encoding)).index is None


@pytest.mark.parametrize("broken", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"])
@pytest.mark.parametrize("as_array", [False, True])
def test_a_payload_with_broken_utf_8_is_one_dead_letter(
    broken: bytes, *, as_array: bool, make_reading: MakeReading, encode: Encode
) -> None:
    reading = make_reading(advice_id="BROKEN")
    document = [make_reading(), reading] if as_array else reading

    assert only_refusal(encode(document).replace(b"BROKEN", broken)).index is None


def test_an_unpaired_surrogate_spoils_only_its_element(make_reading: MakeReading, encode: Encode) -> None:
    readings, refusals = read_telemetry(encode([make_reading(), make_reading(advice_id="\ud800")]))

    assert len(readings) == 1
    assert [refusal.index for refusal in refusals] == [1]


def test_the_last_of_two_equal_keys_counts_alone_and_in_an_array(
    make_reading: MakeReading, encode: Encode
) -> None:
    twice = b'{"mode":"fan",' + encode(make_reading(mode="dry"))[1:]

    for payload in (twice, b"[" + twice + b"]", b"[null," + twice + b"]"):
        assert [reading.mode for reading in read_telemetry(payload)[0]] == ["dry"]


def test_an_integer_too_long_for_a_parser_spoils_at_most_its_element(
    make_reading: MakeReading, encode: Encode
) -> None:
    payload = encode([make_reading(), make_reading(seq=12345), make_reading(firmware=12345)])

    readings, refusals = read_telemetry(payload.replace(b"12345", b"9" * 5000))

    assert [refusal.index for refusal in refusals] == [1]
    assert len(readings) == 2


def test_a_bare_nan_spoils_only_its_element(make_reading: MakeReading, encode: Encode) -> None:
    readings, refusals = read_telemetry(encode([make_reading(), make_reading(setpoint_c=float("nan"))]))

    assert len(readings) == 1
    assert [refusal.index for refusal in refusals] == [1]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("as_array", [False, True])
def test_nesting_of_any_depth_is_refused_and_never_raises(
    opening: str, *, as_array: bool, make_reading: MakeReading, encode: Encode
) -> None:
    good = encode(make_reading())
    closing = {"[": "]", '{"a":': "}"}[opening]
    for depth in (100, 200, 201, *range(850, 1010), 20_000):
        nested = f"{opening * depth}null{closing * depth}".encode()
        deep = good[:-1] + b',"firmware":' + nested + b"}"
        readings, refusals = read_telemetry(b"[" + good + b"," + deep + b"]" if as_array else deep)

        assert len(readings) + len(refusals) >= 1
        assert len(refusals) <= 1


def test_an_element_nested_too_deeply_spoils_only_itself(make_reading: MakeReading, encode: Encode) -> None:
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]

    readings, refusals = read_telemetry(encode([make_reading(), make_reading(firmware=deep)]))

    assert len(readings) == 1
    assert [refusal.index for refusal in refusals] == [1]
