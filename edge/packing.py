"""Packing: what is spooled becomes messages for the cloud, as few and as full as the contract allows."""

from collections.abc import Iterator, Sequence

from edge.contract import MAX_PAYLOAD_BYTES, MAX_READINGS_PER_MESSAGE, DeviceId, topics
from edge.ports import Entry, Parcel, Spooled

MAX_JOINED_BYTES = MAX_PAYLOAD_BYTES - len(b"[]")
"""Longest run of readings joined by commas that fits into a message [bytes]."""


def split(readings: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Readings (JSON, each at most `MAX_JOINED_BYTES`) joined by commas, in runs that fit into a message.

    Yields:
        How many readings the run holds, and the run.
    """
    run: list[bytes] = []
    size = 0
    for reading in readings:
        if run and (size + len(reading) > MAX_JOINED_BYTES or len(run) == MAX_READINGS_PER_MESSAGE):
            yield len(run), b",".join(run)
            run, size = [], 0
        run.append(reading)
        size += len(reading) + len(b",")
    if run:
        yield len(run), b",".join(run)


def pack(gateway_id: DeviceId, spooled: Sequence[Spooled]) -> list[Parcel]:
    """The messages for a window of the spool: events and reports one by one, then readings, all together.

    Among themselves readings keep their order, and so do events and reports.
    """
    readings = [each.entry for each in spooled if not each.is_awaited]
    batches = [
        Parcel(topics.batch(gateway_id), b"[" + b",".join(entry.body for entry in batch) + b"]")
        for batch in _batches(readings)
    ]
    return [_single(each.entry) for each in spooled if each.is_awaited] + batches


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    count = size = 0
    for entry in entries:
        too_many = count + entry.readings > MAX_READINGS_PER_MESSAGE
        if batch and (too_many or size + len(entry.body) > MAX_JOINED_BYTES):
            yield batch
            batch, count, size = [], 0, 0
        batch.append(entry)
        count += entry.readings
        size += len(entry.body) + len(b",")
    if batch:
        yield batch


def _single(entry: Entry) -> Parcel:
    if entry.kind == "event":
        return Parcel(topics.event(entry.device_id), entry.body)
    return Parcel(topics.shadow(entry.device_id, "update"), entry.body)
