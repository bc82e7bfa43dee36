"""Runs of the lake that no log has numbered: named by what is in them, so that a copy replaces itself.

A lake replaces a run by the next one of the same number. Numbers of a log say where a run began; those made
here lie above all of them and are a digest of the rows, so nothing but an exact copy is ever replaced.
"""

from hashlib import sha256
from typing import Final

import pyarrow as pa

from cloud.ports.telemetry import Lake
from cloud.reading_columns import LoggedTable

FIRST_NAME: Final = 1 << 62
"""Above every position: a log counts from 1, and arrival times end below it until the year 2109."""


def write_rows(lake: Lake, rows: pa.Table) -> None:
    """Add rows of a file's columns, each with its position; all or nothing, and once however often.

    Raises:
        UnavailableError: Nothing was written, as far as can be told; write the same rows again.
    """
    if rows.num_rows:
        lake.write(_name_of(rows), LoggedTable(rows))


def _name_of(rows: pa.Table) -> int:
    sink = pa.BufferOutputStream()
    whole = rows.combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole)
    return FIRST_NAME + int.from_bytes(sha256(sink.getvalue()).digest()[:8], "big") % FIRST_NAME
