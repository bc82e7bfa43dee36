"""The one feature definition, by DuckDB and by Spark: the same hours. Wants the extra `spark` and Java."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cloud.adapters.duckdb_hours import hours_frame
from cloud.config import CloudSettings
from cloud.features import COLUMNS, device_hours
from cloud.wiring.lake import open_lake
from device_sim.fleet import Fleet, FleetSpec
from infra.local.sim import simulate
from infra.local.sim_plan import SimPlan

pytestmark = [pytest.mark.slow, pytest.mark.spark]
FLEET = FleetSpec(4, seed=3, start=datetime(2025, 7, 1, 7, tzinfo=UTC), step_s=300, split="train")
DAYS = 10


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="PySpark comes with the extra `spark`")
    if which("java") is None:
        pytest.skip("Spark wants Java 17, which is not installed")
    made = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield made
    made.stop()


@pytest.mark.filterwarnings("default")
def test_spark_makes_the_same_hours(session: Any, tmp_path: Path) -> None:  # noqa: ANN401 (Spark's)
    plan = SimPlan(tmp_path / "homes", FLEET, DAYS)
    simulate(plan, lambda _done, _total: None)
    telemetry = open_lake(CloudSettings(data_dir=plan.out, lake="")).scan()
    longitudes_deg = {site.device_id: site.longitude_deg for site in Fleet(FLEET, DAYS).sites}

    expected = hours_frame(telemetry, longitudes_deg)
    found = _by_spark(session, telemetry, longitudes_deg, tmp_path)

    assert len(expected) == FLEET.homes * DAYS * 24
    assert list(found.columns) == list(COLUMNS)
    assert found["device_id"].tolist() == expected["device_id"].tolist()
    ends = pd.to_datetime(found["hour_end_at"], utc=True)
    assert ends.tolist() == pd.to_datetime(expected["hour_end_at"], utc=True).tolist()
    for name in COLUMNS[2:]:
        one, other = (frame[name].astype("float64").to_numpy() for frame in (expected, found))
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-9, err_msg=name)


def _by_spark(
    session: Any,  # noqa: ANN401 (Spark's)
    telemetry: pa.Table,
    longitudes_deg: dict[str, float],
    folder: Path,
) -> pd.DataFrame:
    """By Spark, from Parquet files as it would read a lake."""
    import pyarrow.parquet as pq  # noqa: PLC0415 (beside the only use)

    sites = {"device_id": list(longitudes_deg), "longitude_deg": list(longitudes_deg.values())}
    engine = ibis.pyspark.connect(session)
    read = []
    for name, table in (("telemetry", telemetry), ("sites", pa.table(sites))):
        path = folder / f"{name}.parquet"
        pq.write_table(table, path, coerce_timestamps="us", allow_truncated_timestamps=True)
        read.append(engine.read_parquet(str(path), table_name=name))
    frame: pd.DataFrame = engine.execute(device_hours(*read))
    return frame.sort_values(["device_id", "hour_end_at"], ignore_index=True)
