"""`ac-advisor deadletters` on the files of a stack, which may run meanwhile."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from click.testing import CliRunner, Result

from cloud import admission
from cloud.adapters.dynamodb_state import DynamoDbStateStore
from cloud.adapters.lake_batches import LakeBatches
from cloud.adapters.memory_telemetry import MemoryRegistrations
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.ingest import ingest
from cloud.ports.ingest import InboundMessage, Registration
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit
from cloud.wiring.lake import lake_files, open_lake, utc_now
from edge.contract import Telemetry
from infra.local.cli import commands
from tests.moto_account import make_bucket

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
MakeTelemetry = Callable[..., Telemetry]


def refuse(data_dir: Path, *messages: InboundMessage, at: datetime = NOON) -> None:
    known = MemoryRegistrations({"dev-1": Registration(None, share_presence=False)})
    with closing(SqliteReadingLog(data_dir / "ingest.sqlite")) as log:
        log.commit(ingest(messages, known, at))


def register(data_dir: Path, device_id: str) -> None:
    record = DeviceRecord(device_id=device_id)
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as store:
        store.transact([Put(device_pk(device_id), "device", record.model_dump(mode="json"))])


def stranger(minute: int) -> InboundMessage:
    at = (NOON + timedelta(minutes=minute)).isoformat()
    sent = {"device_id": "dev-2", "sampled_at": at, "mode": "off", "indoor_dry_bulb_c": 25, "seq": minute}
    return InboundMessage("dt/ac/dev-2/telemetry", json.dumps(sent).encode())


def run(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(commands, ["deadletters", *arguments, "--data-dir", str(data_dir)])


def facts(done: Result) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def test_lists_explains_and_replays_after_the_fix(tmp_path: Path) -> None:
    refuse(tmp_path, InboundMessage("dt/ac/dev-1/telemetry", b"{"), at=NOON - timedelta(hours=1))
    refuse(tmp_path, stranger(1))

    listed = facts(run(tmp_path, "--json"))
    assert listed["matching"] == 2
    assert [letter["principal"] for letter in listed["letters"]] == ["dev-2", "dev-1"]
    (strange,) = facts(run(tmp_path, "list", "--reason", "unknown device", "--json"))["letters"]
    assert facts(run(tmp_path, "list", "--since", "2025-07-01T12:00", "--json"))["matching"] == 1
    letter_id = strange["letter_id"][:8]

    explained = facts(run(tmp_path, "explain", letter_id, "--json"))
    assert explained["payload"]["device_id"] == "dev-2"
    assert "devices add dev-2" in explained["fix"]
    assert explained["now"] == "still refused: unknown device"
    refused = run(tmp_path, "replay", letter_id, "--json")
    assert (refused.exit_code, facts(refused)["still_refused"]) == (1, 1)

    register(tmp_path, "dev-2")
    assert facts(run(tmp_path, "explain", letter_id, "--json"))["now"] == "a replay would be accepted"
    done = run(tmp_path, "replay", "--reason", "unknown device", "--json")
    assert (done.exit_code, facts(done)["replayed"], facts(done)["readings"]) == (0, 1, 1)

    again = run(tmp_path, "replay", letter_id)
    assert again.exit_code != 0
    assert "has been replayed already" in str(again.exception)
    assert facts(run(tmp_path, "--json"))["matching"] == 1
    assert facts(run(tmp_path, "list", "--state", "all", "--json"))["matching"] == 2
    with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as log:
        assert [logged.reading.device_id for logged in log.read_after(0)] == ["dev-2"]


def test_on_aws_they_come_back_into_the_lake(
    s3_endpoint: str,
    make_dynamodb_state: Callable[[Callable[[], datetime]], DynamoDbStateStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the tasks' settings, on moto."""
    bucket, state = uuid4().hex, make_dynamodb_state(utc_now)
    make_bucket(boto3.client("s3"), bucket)
    told = {"READINGS": "lake", "LAKE": f"s3://{bucket}/telemetry", "STATE": f"dynamodb://{state._table}"}
    for name, value in told.items():
        monkeypatch.setenv(f"CLOUD_{name}", value)
    settings, known = CloudSettings(data_dir=tmp_path), MemoryRegistrations()
    lake = open_lake(settings)
    LakeBatches(lake, lake_files(settings)).keep([ingest([stranger(1), stranger(2)], known, NOON)])

    refused = run(tmp_path, "replay", "--all", "--json")
    admission.admit(state, DeviceRecord(device_id="dev-2"))
    done = run(tmp_path, "replay", "--all", "--json")

    assert (refused.exit_code, facts(refused)["still_refused"]) == (1, 2)
    assert (done.exit_code, facts(done)["replayed"], facts(done)["readings"]) == (0, 2, 2)
    assert facts(run(tmp_path, "--json"))["matching"] == 0
    assert facts(run(tmp_path, "list", "--state", "replayed", "--json"))["matching"] == 2
    assert [row["seq"] for row in open_lake(settings).scan().to_pylist()] == [1, 2]


@pytest.mark.parametrize(("arguments", "says"), [
    (["replay"], "say which"),
    (["replay", "abc", "--all"], "say which"),
    (["replay", "ffffff"], "no dead letter 'ffffff'"),
    (["explain", ""], "several dead letters"),
])  # fmt: skip
def test_says_in_one_line_what_is_wrong(tmp_path: Path, arguments: list[str], says: str) -> None:
    refuse(tmp_path, stranger(1), stranger(2))

    done = run(tmp_path, *arguments)

    assert done.exit_code != 0
    assert says in done.output + str(done.exception)


def test_a_folder_without_a_stack_is_said_to_be_one(tmp_path: Path) -> None:
    assert "there is no data" in str(run(tmp_path, "list").exception)
    assert not any(tmp_path.iterdir())


def test_killed_at_any_moment_a_replay_loses_and_doubles_nothing(tmp_path: Path) -> None:
    minutes = 400
    refuse(tmp_path, *map(stranger, range(minutes)))
    register(tmp_path, "dev-2")
    command = [sys.executable, "-m", "infra.local", "deadletters", "replay", "--all"]
    command += ["--data-dir", str(tmp_path)]

    kills = 0
    with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as log:
        for after in (30, 120, 250):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            while log.head() < after and process.poll() is None:
                time.sleep(0.002)
            process.kill()
            kills += process.wait() == -9
            log.commit(IngestCommit([_own_reading(after)], received_at=NOON))  # ingest goes on beside it
        assert kills == 3
        assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0

        readings = [logged.reading for logged in log.read_after(0)]
        minutes_seen = sorted(reading.seq or 0 for reading in readings if reading.device_id == "dev-2")
        assert minutes_seen == list(range(minutes))
        assert len(readings) == minutes + 3
        assert log.missing("dev-2") == 0
        assert all(letter.replayed_at for letter in log.letters(limit=minutes))


def test_a_log_of_an_earlier_version_is_taken_on(tmp_path: Path) -> None:
    refuse(tmp_path, stranger(1))
    with closing(sqlite3.connect(tmp_path / "ingest.sqlite")) as old:
        old.execute("ALTER TABLE dead_letters DROP COLUMN replayed_at_ms")
    register(tmp_path, "dev-2")

    assert run(tmp_path, "replay", "--all").exit_code == 0


def _own_reading(number: int) -> Telemetry:
    at = NOON + timedelta(days=1, minutes=number)
    return Telemetry(device_id="dev-1", sampled_at=at, mode="off", indoor_dry_bulb_c=20.0)
