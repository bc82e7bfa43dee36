"""`ac-advisor lake replay` and `lake upkeep` as a person runs them."""

import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_restore import OtherLogError
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry
from infra.local.cli import commands
from infra.local.lake_replay import ReplayError
from infra.local.listings import NothingThereError

MakeTelemetry = Callable[..., Telemetry]

START = datetime(2025, 7, 1, 22, 0, tzinfo=UTC)
DEVICES = ("dev-1", "dev-2", "dev-3")
READINGS = 200
"""Of each device, a minute apart: two days."""

ALL = ("--from", "2025-07-01", "--to", "2025-07-03")


@pytest.fixture
def data_dir(tmp_path: Path, make_telemetry: MakeTelemetry) -> Path:
    """A stack that was: single readings, a large commit, and some corrected, all in log and lake."""
    folder = tmp_path / "data"
    readings = [
        make_telemetry(device_id=device_id, sampled_at=START + minute * timedelta(minutes=1), seq=2 * minute)
        for minute in range(READINGS)
        for device_id in DEVICES
    ]
    with closing(SqliteReadingLog(folder / "ingest.sqlite")) as log:
        for reading in readings[:30]:
            log.commit(IngestCommit([reading]))
        log.commit(IngestCommit(readings[30:]))
        log.commit(IngestCommit([each.model_copy(update={"setpoint_c": 30.0}) for each in readings[5:8]]))
        LakeSealer(log, ParquetLake(folder / "lake" / "telemetry"), SealPolicy(1, 1.0)).seal()
    return folder


def run(*arguments: object) -> dict[str, Any]:
    with capture_logs():
        said = CliRunner().invoke(commands, ["lake", *map(str, arguments), "--json"], catch_exceptions=False)
    facts: dict[str, Any] = json.loads(said.output)
    return facts


def lake_of(data_dir: Path) -> ParquetLake:
    return ParquetLake(data_dir / "lake" / "telemetry")


def logged(log: SqliteReadingLog) -> dict[int, Telemetry]:
    return {each.position: each.reading for each in log.read_after(0)}


def test_a_lost_log_comes_back_from_the_lake_place_by_place(data_dir: Path, tmp_path: Path) -> None:
    with closing(SqliteReadingLog(data_dir / "ingest.sqlite")) as log:
        lost, standings = logged(log), log.standings()
        superseded = {position for position in lost if position in range(6, 9)}
    assert run("replay", *ALL, "--into", "log", "--data-dir", data_dir) == {"readings": 0}
    for path in data_dir.glob("ingest.sqlite*"):
        path.rename(tmp_path / path.name)

    assert run("replay", *ALL, "--into", "log", "--data-dir", data_dir) == {"readings": len(lost) - 3}
    assert run("replay", *ALL, "--into", "log", "--data-dir", data_dir) == {"readings": 0}

    with closing(SqliteReadingLog(data_dir / "ingest.sqlite")) as log:
        assert logged(log) == {place: lost[place] for place in lost if place not in superseded}
        assert log.head() == log.sealed() == max(lost)
        for device_id, before in standings.items():
            assert log.standings()[device_id] == replace(before, missing=READINGS - 1)
        newest = log.latest("dev-1")
        assert newest is not None
        assert newest.sampled_at == START + (READINGS - 1) * timedelta(minutes=1)
        assert log.commit(IngestCommit([newest.model_copy(update={"setpoint_c": 18.0})])) == max(lost) + 1


def test_what_came_meanwhile_stays_the_newest(data_dir: Path, make_telemetry: MakeTelemetry) -> None:
    """In a log that has lost its old readings, and has taken in a correction of one since."""
    later = make_telemetry(device_id="dev-1", sampled_at=START, setpoint_c=18.0)
    with closing(SqliteReadingLog(data_dir / "ingest.sqlite")) as log:
        log.prune(log.sealed(), timedelta(0))
        while log.catch_up():
            log.prune(log.sealed(), timedelta(0))
        left = len(logged(log))
        assert left < READINGS
        log.commit(IngestCommit([later]))

    restored = run("replay", *ALL, "--into", "log", "--data-dir", data_dir)["readings"]

    with closing(SqliteReadingLog(data_dir / "ingest.sqlite")) as log:
        assert restored == len(DEVICES) * READINGS - left
        assert log.between("dev-1", START, START + timedelta(seconds=1))[0].setpoint_c == 18.0
        assert log.sealed() < log.head()  # the correction is still to be sealed
        LakeSealer(log, lake_of(data_dir), SealPolicy(1, 1.0)).seal()
    rows = lake_of(data_dir).scan().to_pylist()
    assert len(rows) == len(DEVICES) * READINGS
    assert rows[0]["setpoint_c"] == 18.0


def test_readings_of_a_span_and_a_device_go_into_a_new_lake_once(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    wanted = ("--from", "2025-07-01T23:00", "--to", "2025-07-02T00:30", "--device", "dev-2")
    for _ in range(2):
        assert run("replay", *wanted, "--into", copy, "--data-dir", data_dir) == {"readings": 90}

    expected = lake_of(data_dir).scan(START + timedelta(hours=1), START + timedelta(hours=2.5))
    assert ParquetLake(copy).scan() == expected.filter(pa.compute.equal(expected["device_id"], "dev-2"))
    assert sum(file.rows for file in ParquetLake(copy).snapshot().listing()) == 90  # not one twice in a file

    run("replay", *ALL, "--into", copy, "--data-dir", data_dir)
    assert ParquetLake(copy).scan() == lake_of(data_dir).scan()


def test_a_lost_lake_comes_back_from_the_log(data_dir: Path, tmp_path: Path) -> None:
    lost = lake_of(data_dir).scan()
    (data_dir / "lake").rename(tmp_path / "lost")

    run("replay", *ALL, "--source", "log", "--into", "lake", "--data-dir", data_dir)

    assert lake_of(data_dir).scan() == lost
    assert lake_of(data_dir).newest_position() == 3 + len(lost)


def test_refuses_what_has_no_meaning(data_dir: Path, tmp_path: Path, make_telemetry: MakeTelemetry) -> None:
    for source, into in [("lake", "lake"), ("lake", "kinesis:s"), ("kinesis:s", "log")]:
        with pytest.raises(ReplayError):
            run("replay", *ALL, "--source", source, "--into", into, "--data-dir", data_dir)
    with pytest.raises(NothingThereError):
        run("replay", *ALL, "--source", "log", "--into", tmp_path / "copy", "--data-dir", tmp_path / "none")

    for commit in (
        [make_telemetry()],
        [make_telemetry(sampled_at=START + n * timedelta(days=9)) for n in range(9)],
    ):
        other = tmp_path / f"other-{len(commit)}"
        with closing(SqliteReadingLog(other / "ingest.sqlite")) as log:
            log.commit(IngestCommit(commit))
        with pytest.raises(OtherLogError):
            run("replay", *ALL, "--source", data_dir / "lake/telemetry", "--into", "log", "--data-dir", other)
        with closing(SqliteReadingLog(other / "ingest.sqlite")) as log:
            assert (list(logged(log).values()), log.sealed()) == (commit, 0)


def test_merges_what_lambdas_have_left(data_dir: Path, make_telemetry: MakeTelemetry) -> None:
    lake = lake_of(data_dir)
    before = lake.scan()
    for minute in range(9):
        at = START + minute * timedelta(minutes=1)
        with closing(SqliteReadingLog(data_dir / "ingest.sqlite")) as log:
            log.commit(IngestCommit([make_telemetry(device_id="dev-1", sampled_at=at, setpoint_c=19.0)]))
            LakeSealer(log, lake, SealPolicy(1, 1.0)).seal()

    assert run("upkeep", "--data-dir", data_dir)["files_merged"] == 10
    assert list(data_dir.glob("lake/**/_quality/*"))
    assert lake_of(data_dir).scan().num_rows == before.num_rows


def test_what_kinesis_still_holds_goes_into_a_lake_once(
    s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_telemetry: MakeTelemetry
) -> None:
    boto3 = pytest.importorskip("boto3")
    from cloud.adapters.kinesis_records import KinesisRecords  # noqa: PLC0415 (imports boto3)

    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", s3_endpoint)
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="replayed", ShardCount=2)
    with closing(SqliteStateStore(tmp_path / "state.sqlite")) as state:
        for device_id in DEVICES:
            record = DeviceRecord(device_id=device_id).model_dump(mode="json")
            state.transact([Put(device_pk(device_id), "device", record)])

    def put(minutes: range) -> None:
        for minute in minutes:
            records = [_record(make_telemetry, device_id, minute) for device_id in DEVICES]
            kinesis.put_records(StreamName="replayed", Records=records)

    put(range(5))
    arrived = sorted(each["ApproximateArrivalTimestamp"] for each in _records(kinesis))
    monkeypatch.setattr("cloud.adapters.kinesis_records.RECORDS_A_CALL", 4)
    with closing(KinesisRecords("replayed")) as stream:
        found = [each for event in stream.events(arrived[6], arrived[-1]) for each in event["Records"]]
    assert len(found) == sum(arrived[6] <= at < arrived[-1] for at in arrived)

    command = ("replay", "--source", "kinesis:replayed", "--into", "lake", "--data-dir", tmp_path)

    day = arrived[0].astimezone(UTC).date()
    whole = ("--from", day - timedelta(days=1), "--to", day + timedelta(days=2))
    assert run(*command, *whole) == {"records": 15}
    assert run(*command, *whole) == {"records": 15}
    put(range(5, 7))
    assert run(*command, *whole) == {"records": 21}

    assert lake_of(tmp_path).scan().num_rows == 21
    with pytest.raises(ReplayError):
        run(*command, *whole, "--device", "dev-1")
    kinesis.close()


def _record(make_telemetry: MakeTelemetry, device_id: str, minute: int) -> dict[str, Any]:
    reading = make_telemetry(device_id=device_id, sampled_at=START + minute * timedelta(minutes=1))
    payload = b64encode(reading.model_dump_json().encode()).decode()
    envelope = {"topic": f"dt/ac/{device_id}/telemetry", "payload": payload}
    return {"Data": json.dumps(envelope).encode(), "PartitionKey": device_id}


def _records(kinesis: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    found = []
    for shard in kinesis.list_shards(StreamName="replayed")["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName="replayed", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found += kinesis.get_records(ShardIterator=iterator)["Records"]
    return found
