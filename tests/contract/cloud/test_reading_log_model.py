"""However a log is stored, it says the same as its twin in memory, whatever is done to it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.adapters import sqlite_log
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry
from tests.contract.cloud.any_log import MINUTE, NOON, AnyLog

Action: TypeAlias = list[tuple[str, int, float]] | Literal["catch up"] | int
"""Readings (device, minute, setpoint) to commit, one round of catching up, or a place to seal up to."""

EVERY_LOG_ACTION = st.one_of(
    st.lists(
        st.tuples(st.sampled_from(["dev-1", "dev-2"]), st.integers(0, 9), st.sampled_from([24.0, 25.0])),
        max_size=8,
    ),
    st.just("catch up"),
    st.integers(0, 40),  # seal up to here
)


@given(st.lists(EVERY_LOG_ACTION, max_size=12), st.integers(1, 6), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_however_it_is_stored_the_log_says_the_same_as_its_memory_twin(
    actions: list[Action], batch_rows: int, max_batch_rows: int
) -> None:
    memory = MemoryReadingLog()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_log, "BATCH_ROWS", batch_rows)
        patch.setattr(sqlite_log, "MAX_BATCH_ROWS", max_batch_rows)
        patch.setattr(sqlite_log, "MAX_UNPACK_ROWS", 2)
        sqlite = SqliteReadingLog(Path(folder) / "ingest.sqlite")
        for action in actions:
            act(memory, action)
            act(sqlite, action)
            assert said(sqlite) == said(memory)
        sqlite.close()


def act(log: AnyLog, action: Action) -> None:
    if isinstance(action, int):
        log.record_sealed(min(action, log.head()))
    elif isinstance(action, str):
        log.catch_up()
    else:
        readings = [
            Telemetry(
                device_id=device_id,
                sampled_at=NOON + minute * MINUTE,
                mode="cool",
                setpoint_c=setpoint_c,
                indoor_dry_bulb_c=25.5,
            )
            for device_id, minute, setpoint_c in action
        ]
        log.commit(IngestCommit(readings, received_at=NOON))


def said(log: AnyLog) -> list[object]:
    devices = ("dev-1", "dev-2")
    return [
        log.head(),
        log.read_after(0),
        log.read_after(3, 4),
        list(log.read_run(log.sealed(), log.head(), 100)),
        [log.latest(device_id) for device_id in devices],
        [log.between(device_id, NOON + MINUTE, NOON + 8 * MINUTE) for device_id in devices],
    ]
