"""What was pruned, or removed for good, is not in free pages either, whatever SQLite does by default."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.errors import UnavailableError
from cloud.ports.state import Delete, Put
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry

T0 = datetime(2025, 7, 1, tzinfo=UTC)
MakeTelemetry = Callable[..., Telemetry]


def occurrences(folder: Path, word: str) -> int:
    return sum(path.read_bytes().count(word.encode()) for path in folder.iterdir())


@pytest.mark.parametrize("devices", [40, 120])
def test_a_pruned_reading_is_not_in_the_file_any_more(
    tmp_path: Path, make_telemetry: MakeTelemetry, devices: int
) -> None:
    """By rows, and by columns that were turned into rows."""
    with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as log:
        for hour in range(60):
            at = T0 + timedelta(hours=hour)
            said = [
                make_telemetry(device_id=f"d{number}", sampled_at=at, advice_id=f"advice-{hour:02d}-")
                for number in range(devices)
            ]
            log.record_sealed(log.commit(IngestCommit(said)))
        while log.catch_up():
            pass
        log.prune(log.head(), timedelta(hours=9))

    assert [occurrences(tmp_path, f"advice-{hour:02d}-") for hour in (50, 59)] == [devices, devices]
    assert [occurrences(tmp_path, f"advice-{hour:02d}-") for hour in range(50)] == [0] * 50


def test_a_removed_and_an_expired_item_are_gone_from_file_and_journal_after_a_scrub(tmp_path: Path) -> None:
    with closing(SqliteStateStore(tmp_path / "state.sqlite")) as store:
        store.transact([Put("p", name, {"said": f"{name}-secret" * 500}) for name in ("goes", "stays")])
        store.transact([Put("p", "expired", {"said": "expired-secret"}, expires_at=T0)])
        store.transact([Put("p", "goes", {"said": "short"}), Delete("p", "nothing")])
        store.transact([Delete("p", "goes")])
        assert occurrences(tmp_path, "goes-secret")

        store.scrub()

        assert occurrences(tmp_path, "goes-secret") == 0
        assert occurrences(tmp_path, "expired-secret") == 0
        assert occurrences(tmp_path, "stays-secret")
        assert store.query("p")


def test_a_scrub_that_a_reader_keeps_from_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.adapters.sqlite_state.BUSY_TIMEOUT_S", 0.05)
    with closing(SqliteStateStore(tmp_path / "state.sqlite")) as store:
        store.transact([Put("p", "goes", {})])
        with store._connection() as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM items").fetchall()
            store.transact([Delete("p", "goes")])

            with pytest.raises(UnavailableError, match="somebody reads"):
                store.scrub()
            reader.execute("COMMIT")

        store.scrub()
        assert (tmp_path / "state.sqlite-wal").stat().st_size == 0
