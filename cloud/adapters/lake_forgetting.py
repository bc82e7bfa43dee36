"""Rows that may not be in the lake any more: by a digest of their device, up to a place in the log."""

from collections.abc import Mapping
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from cloud.adapters.lake_table import bucket_of

DIGEST_LENGTH = 32
"""Hexadecimal digits; enough that no two devices share a digest."""


def digest_of(device_id: str, buckets: int) -> str:
    """What the lake remembers of a device that it has forgotten, with its bucket in front.

    It keeps the id itself out of the manifest; who knows the id can still compute it.
    """
    return f"{bucket_of(device_id, buckets):02d}-{sha256(device_id.encode()).hexdigest()[:DIGEST_LENGTH]}"


def bucket_name(digest: str) -> str:
    """The partition of a digest's device, below each day."""
    return f"bucket={digest[:2]}"


def without_forgotten(table: pa.Table, forgotten: Mapping[str, int], buckets: int) -> pa.Table:
    """The rows of a file's table that may be in the lake.

    Args:
        table: Has the columns of a file.
        forgotten: By digest of a device, the position up to which it has no rows.
        buckets: Partitions of a day.
    """
    if not forgotten:
        return table
    for device_id in pc.unique(table["device_id"]).to_pylist():
        up_to = forgotten.get(digest_of(device_id, buckets))
        if up_to is not None:
            other = pc.not_equal(table["device_id"], device_id)
            table = table.filter(pc.or_(other, pc.greater(table["position"], up_to)))
    return table
