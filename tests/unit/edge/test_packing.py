import json

from hypothesis import given
from hypothesis import strategies as st

from edge.contract import MAX_PAYLOAD_BYTES, MAX_READINGS_PER_MESSAGE
from edge.packing import MAX_JOINED_BYTES, pack, split
from edge.ports import Entry, Parcel, Spooled


def _spooled(*entries: Entry) -> list[Spooled]:
    return [Spooled(position, entry) for position, entry in enumerate(entries, start=1)]


def test_readings_of_all_devices_travel_together() -> None:
    entries = [Entry("dev-1", "readings", b'{"a":1},{"a":2}', 2), Entry("dev-2", "readings", b'{"a":3}', 1)]

    assert pack("gw-1", _spooled(*entries)) == [Parcel("dt/ac/gw-1/batch", b'[{"a":1},{"a":2},{"a":3}]')]


def test_events_and_reports_travel_alone_under_their_device() -> None:
    entries = [Entry("dev-1", "report", b"r"), Entry("dev-2", "event", b"e")]

    assert pack("gw-1", _spooled(*entries)) == [
        Parcel("$aws/things/dev-1/shadow/update", b"r"),
        Parcel("dt/ac/dev-2/event", b"e"),
    ]


def test_a_message_holds_500_readings_at_most() -> None:
    entries = [Entry("dev-1", "readings", b"1,1,1", 3)] * 167  # 501 readings

    batches = [json.loads(parcel.body) for parcel in pack("gw-1", _spooled(*entries))]

    assert [len(batch) for batch in batches] == [498, 3]


def test_split_keeps_to_both_limits_exactly() -> None:
    half = b"1" * (MAX_JOINED_BYTES // 2)
    assert MAX_JOINED_BYTES == 131070  # 128 KiB less the two brackets

    assert [count for count, _ in split([half, half])] == [1, 1]  # the comma is one too many
    assert [count for count, _ in split([half, half[:-1]])] == [2]
    assert [count for count, _ in split([b"1"] * 501)] == [500, 1]


@given(st.lists(st.integers(min_value=1, max_value=MAX_JOINED_BYTES), max_size=60))
def test_nothing_is_lost_and_nothing_is_too_long(sizes: list[int]) -> None:
    readings = [b"1" * size for size in sizes]

    runs = list(split(readings))
    entries = [Entry("dev-1", "readings", run, count) for count, run in runs]
    parcels = pack("gw-1", _spooled(*entries))

    joined = b",".join(parcel.body[1:-1] for parcel in parcels)
    assert joined == b",".join(readings)
    assert all(len(parcel.body) <= MAX_PAYLOAD_BYTES for parcel in parcels)
    assert all(parcel.body.count(b",") < MAX_READINGS_PER_MESSAGE for parcel in parcels)
