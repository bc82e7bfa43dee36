"""`ac-advisor doctor` where a stack has run: what is wrong there, and what to do."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.ports.deletion import deletion_writes
from cloud.ports.telemetry import DeadLetter, IngestCommit
from edge.contract import Telemetry
from infra.local.broker import free_ports
from infra.local.cli import commands
from infra.local.run_folder import RunFolder

NOW = datetime.now(UTC)
MakeTelemetry = Callable[..., Telemetry]
CHECKS = [
    "disk budget of the lake",
    "disk budget of the broker",
    "files of the lake",
    "newest day in the lake",
    "readings on their way to the lake",
    "dead letters",
    "deletions on their way",
]


@pytest.fixture
def log(tmp_path: Path, make_telemetry: MakeTelemetry) -> Iterator[SqliteReadingLog]:
    """Two days of two devices, all in the lake."""
    with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as log:
        for name in ("dev-1", "dev-2"):
            times = [NOW - timedelta(days=ago) for ago in (4, 3)]
            log.commit(IngestCommit([make_telemetry(device_id=name, sampled_at=at) for at in times]))
        LakeSealer(log, ParquetLake(tmp_path / "lake" / "telemetry"), SealPolicy(1, 1.0)).seal()
        yield log


def doctor(data_dir: Path) -> tuple[int, dict[str, Any]]:
    web_port, mqtt_port = free_ports(2)
    ports = ["--web-port", str(web_port), "--mqtt-port", str(mqtt_port)]
    done = CliRunner().invoke(commands, ["doctor", "--data-dir", str(data_dir), *ports, "--json"])
    said: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{\n") :])
    return done.exit_code, said


def only_problem(data_dir: Path) -> tuple[str, str]:
    code, said = doctor(data_dir)
    (problem,) = [(check, text) for check, text in said.items() if not text.startswith("ok")]
    assert code == 1
    return problem


@pytest.mark.usefixtures("log")
def test_all_is_well_and_it_says_what_it_has_found(tmp_path: Path) -> None:
    code, said = doctor(tmp_path)

    assert code == 0
    assert list(said)[-len(CHECKS) :] == CHECKS
    assert said["newest day in the lake"] == f"ok ({(NOW - timedelta(days=3)).date()}, 3 days ago)"
    assert said["dead letters"] == "ok (none open)"


def test_where_nothing_has_run_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    assert not set(CHECKS) & set(doctor(tmp_path / "new")[1])


@pytest.mark.parametrize("damage", ["missing", "cut", "zeros"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, log: SqliteReadingLog, damage: str) -> None:
    first = min((tmp_path / "lake" / "telemetry").glob("day=*/bucket=*/*.parquet"))
    if damage == "missing":
        first.unlink()
    elif damage == "cut":
        first.write_bytes(first.read_bytes()[:-1])
    else:
        first.write_bytes(bytes(first.stat().st_size))

    check, text = only_problem(tmp_path)

    assert check == "files of the lake"
    assert first.name in text
    assert "restore" in text


def test_a_disk_that_is_nearly_used_up(
    tmp_path: Path, log: SqliteReadingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = ParquetLake(tmp_path / "lake" / "telemetry").size_bytes()
    monkeypatch.setenv("CLOUD_DISK_BUDGET_LAKE_BYTES", str(int(used / 0.85)))

    check, text = only_problem(tmp_path)

    assert (check, "CLOUD_RETENTION_DAYS" in text) == ("disk budget of the lake", True)
    assert text.startswith("85.")


def test_readings_that_nobody_moves(
    tmp_path: Path, log: SqliteReadingLog, make_telemetry: MakeTelemetry
) -> None:
    log.commit(IngestCommit([make_telemetry()]))
    assert doctor(tmp_path)[0] == 0  # ingest may be about to

    for path in tmp_path.glob("ingest.sqlite*"):
        os.utime(path, times=(NOW.timestamp() - 600,) * 2)

    assert only_problem(tmp_path)[0] == "readings on their way to the lake"


def test_dead_letters_are_counted_until_they_are_replayed(tmp_path: Path, log: SqliteReadingLog) -> None:
    letters = [DeadLetter(name, NOW, "dt/ac/d/telemetry", "d", "why", None, b"{}") for name in ("a", "b")]
    log.commit(IngestCommit(dead_letters=letters))
    assert only_problem(tmp_path) == (
        "dead letters",
        "2 open: `ac-advisor deadletters` lists them, `deadletters explain ID` says the fix",
    )

    for letter in letters:
        log.settle(letter, NOW, IngestCommit())

    assert doctor(tmp_path)[0] == 0


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(("minutes", "code"), [(9, 0), (11, 1)])
def test_a_deletion_that_is_not_carried_out(tmp_path: Path, minutes: int, code: int) -> None:
    with closing(SqliteStateStore(tmp_path / "state.sqlite")) as state:
        state.transact(deletion_writes("dev-1", datetime.now(UTC) - timedelta(minutes=minutes)))

    found, said = doctor(tmp_path)

    assert found == code
    assert said["deletions on their way"].startswith(
        "ok (4)" if not code else "ingest, advisor, shadow, access"
    )


def test_the_ports_of_who_runs_here_are_no_problem(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.claim()
    with closing(socket.create_server(("127.0.0.1", 0))) as web:
        ports = ["--web-port", str(web.getsockname()[1]), "--mqtt-port", str(free_ports(1)[0])]
        done = CliRunner().invoke(commands, ["doctor", "--data-dir", str(tmp_path), *ports])
        run.release()
        alone = CliRunner().invoke(commands, ["doctor", "--data-dir", str(tmp_path), *ports])

    assert f"runs here as process {os.getpid()}" in done.stdout
    assert "(web page and API)" not in done.stdout
    assert "(web page and API)" in alone.stdout
    assert (done.exit_code, alone.exit_code) == (0, 1)
