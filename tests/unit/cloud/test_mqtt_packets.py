import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.adapters.mqtt_packets import (
    CONNACK,
    MalformedPacketError,
    acknowledgements,
    connect,
    first_packet,
    publishes,
    subscribe,
)

SIZES = st.sampled_from([0, 1, 100, 120, 127, 128, 300, 16_383, 16_384, 131_072])


def string(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def packet(kind: int, body: bytes) -> bytes:
    """As MQTT 3.1.1 section 2.2.3 says it, digit by digit."""
    digits, rest = [], len(body)
    while rest > 127:
        digits.append(rest % 128 + 128)
        rest //= 128
    return bytes([kind, *digits, rest]) + body


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    topic = draw(st.binary(min_size=1, max_size=20))
    payload = draw(st.binary(min_size=1, max_size=3)) * draw(SIZES)
    packet_id = draw(st.sampled_from([b"", b"\x00\x01", b"\xff\xff"]))
    return topic, payload, packet_id


@given(st.lists(messages(), max_size=6), st.lists(st.integers(1, 200_000), max_size=6))
def test_finds_every_message_wherever_the_stream_is_cut(
    sent: list[tuple[bytes, bytes, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(
        packet(0x32 if packet_id else 0x31, string(topic) + packet_id + payload) + b"\xd0\x00"
        for topic, payload, packet_id in sent
    )
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    found, rest = [], b""
    for first, last in zip(places, [*places[1:], len(stream)], strict=True):
        rest += stream[first:last]
        some, read = publishes(rest)
        found += some
        rest = rest[read:]

    assert found == sent
    assert len(rest) <= 2  # a ping's answer, which can wait


@pytest.mark.parametrize("data", [
    b"\x32\x03\x00\x09abcdef",  # the topic is longer than the packet
    b"\x32\xff\xff\xff\xff\x01",  # a length of five bytes
])  # fmt: skip
def test_what_is_no_mqtt_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        publishes(data)


def test_gives_the_first_packet_once_it_is_whole() -> None:
    data = b"\x20\x02\x01\x00rest"

    assert [first_packet(data[:size]) for size in range(4)] == [None] * 4
    assert first_packet(data) == (CONNACK, b"\x01\x00", 4)
    assert first_packet(b"\xd0\x00" + data, 2) == (CONNACK, b"\x01\x00", 6)


def test_says_what_the_standard_says() -> None:
    """Bytes by hand, from sections 3.1, 3.8 and 3.4."""
    assert connect("c", "u", "p", 15) == b"\x10\x13\x00\x04MQTT\x04\xc0\x00\x0f\x00\x01c\x00\x01u\x00\x01p"
    assert subscribe(["a/+", "b"]) == b"\x82\x0c\x00\x01\x00\x03a/+\x01\x00\x01b\x01"
    assert acknowledgements([b"\x00\x07", b"\x01\x00"]) == b"\x40\x02\x00\x07\x40\x02\x01\x00"
