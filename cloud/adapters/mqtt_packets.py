"""MQTT 3.1.1 as far as a subscriber needs it: packets to send, publishes out of a buffer in one go."""

from collections.abc import Sequence
from typing import Final, TypeAlias

CONNACK: Final = 2
SUBACK: Final = 9
PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"

_CONNECT, _PUBLISH, _SUBSCRIBE = 0x10, 0x30, 0x82
_PUBACK: Final = b"\x40\x02"
_SUBSCRIBE_ID: Final = b"\x00\x01"
_QOS: Final = 1
_SHORTEST_PUBLISH: Final = 5
"""Header, length, and a topic of one letter [bytes]; what is shorter at the end of a buffer can wait."""

_MAX_LENGTH_BYTES: Final = 4
"""Of the remaining length (section 2.2.3)."""


class MalformedPacketError(ValueError):
    """What came is no MQTT."""


Publish: TypeAlias = tuple[bytes, bytes, bytes]
"""Topic, payload and packet id, which is empty for a message of QoS 0, that nobody acknowledges."""


def connect(client_id: str, username: str, password: str, keepalive_s: int) -> bytes:
    """Resume the durable session `client_id`, or begin it."""
    flags = 0xC0  # user name and password; the session is not clean
    fields = string("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2, "big")
    return packet(_CONNECT, fields + string(client_id) + string(username) + string(password))


def subscribe(filters: Sequence[str]) -> bytes:
    """Subscribe with QoS 1."""
    wanted = b"".join(string(each) + bytes([_QOS]) for each in filters)
    return packet(_SUBSCRIBE, _SUBSCRIBE_ID + wanted)


def acknowledgements(packet_ids: Sequence[bytes]) -> bytes:
    """A PUBACK for each."""
    return b"".join([_PUBACK + each for each in packet_ids])


def first_packet(data: bytes | bytearray, at: int = 0) -> tuple[int, bytes, int] | None:
    """Kind and body of the packet at `at`, and where the next one is; None while it is not whole."""
    frame = _frame(data, at)
    if frame is None or frame[1] > len(data):
        return None
    return data[at] >> 4, bytes(data[frame[0] : frame[1]]), frame[1]


def publishes(data: bytes) -> tuple[list[Publish], int]:
    """The whole publishes in `data`, and how many bytes were read; other packets are passed over.

    This is the hot path of ingest: lengths of one and two bytes, nearly all, are read here and not by a call.

    Raises:
        MalformedPacketError: It is no MQTT.
    """
    found: list[Publish] = []
    at, end = 0, len(data)
    while at + _SHORTEST_PUBLISH <= end:
        body = at + 2
        following = body + data[at + 1]
        if data[at + 1] & 0x80:
            body = at + 3
            following = body + (data[at + 2] << 7) + data[at + 1] - 128
            if data[at + 2] & 0x80:
                frame = _frame(data, at)
                if frame is None:
                    break
                body, following = frame
        if following > end:
            break
        if data[at] & 0xF0 == _PUBLISH:
            topic_end = body + 2 + (data[body] << 8) + data[body + 1]
            payload = topic_end + 2 if data[at] & 6 else topic_end
            if payload > following:
                raise MalformedPacketError(f"a publish of {following - body} bytes")
            found.append((data[body + 2 : topic_end], data[payload:following], data[topic_end:payload]))
        at = following
    return found, at


def _frame(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends; None while that cannot be told."""
    length = 0
    for place in range(_MAX_LENGTH_BYTES):
        position = at + 1 + place
        if position >= len(data):
            return None
        digit = data[position]
        length |= (digit & 0x7F) << 7 * place
        if digit < 0x80:  # noqa: PLR2004 (the bit that says that more follow)
            return position + 1, position + 1 + length
    raise MalformedPacketError("a remaining length of more than four bytes")


def string(text: str) -> bytes:
    """A string of UTF-8 with its length before it (MQTT 3.1.1, section 1.5.3)."""
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def packet(kind: int, body: bytes) -> bytes:
    """A control packet (MQTT 3.1.1, section 2.2)."""
    length, rest = b"", len(body)
    while True:
        rest, digit = rest >> 7, rest & 0x7F
        length += bytes([digit | (0x80 if rest else 0)])
        if not rest:
            return bytes([kind]) + length + body
