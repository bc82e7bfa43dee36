"""The lake on S3 as the settings make it: several writers, and what a plain reader finds there."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from cloud.adapters.s3_files import S3Files
from cloud.config import CloudSettings
from cloud.ports.telemetry import LoggedReading
from cloud.wiring.lake import disk_watch, open_lake
from edge.contract import Telemetry

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
MakeTelemetry = Callable[..., Telemetry]


def test_many_writers_lose_no_run(
    s3_endpoint: str, make_s3_files: Callable[[], S3Files], tmp_path: Path, make_telemetry: MakeTelemetry
) -> None:
    files = make_s3_files()
    settings = CloudSettings(
        data_dir=tmp_path, lake=f"s3://{files.bucket}/telemetry", s3_endpoint_url=s3_endpoint
    )

    def write_own(number: int) -> None:
        lake = open_lake(settings)
        with closing(lake):
            for run in range(5):
                at = NOON + timedelta(minutes=run)
                reading = make_telemetry(device_id=f"dev-{number}", sampled_at=at)
                lake.write(1000 * number + run, [LoggedReading(1000 * number + run, reading)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_own, range(1, 5)))

    with closing(open_lake(settings)) as lake:
        assert lake.count_readings() == 20
        assert lake.snapshot().version == 20
        assert disk_watch(settings, lake).look()["lake"].used_bytes == sum(
            len(files.read(name)) for name in files.names("day=")
        )
    found = [pq.read_table(io.BytesIO(files.read(name))).num_rows for name in files.names("day=2025-07-01/")]
    assert sum(found) == 20
    assert list(tmp_path.iterdir()) == []
