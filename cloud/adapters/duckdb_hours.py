"""Hours by DuckDB: runs the feature definition on telemetry in memory."""

from collections.abc import Mapping

import ibis
import pandas as pd
import pyarrow as pa

from cloud.features import device_hours


def hours_frame(telemetry: pa.Table, longitudes_deg: Mapping[str, float]) -> pd.DataFrame:
    """The hours of every device in `telemetry`.

    Args:
        telemetry: As `cloud.ports.telemetry.Lake.scan` gives it.
        longitudes_deg: Longitude of each device [°, east positive].

    Returns:
        `cloud.features.COLUMNS`, one row per device-hour, by device and time. The same input gives the same
        bits: one thread, because the sums of several would come in any order.
    """
    sites = pa.table(
        {
            "device_id": pa.array(list(longitudes_deg), pa.string()),
            "longitude_deg": pa.array([float(value) for value in longitudes_deg.values()], pa.float64()),
        }
    )
    engine = ibis.duckdb.connect(threads=1)
    try:
        engine.raw_sql("SET enable_progress_bar = false")  # it would write into what a caller prints
        expression = device_hours(ibis.memtable(telemetry), ibis.memtable(sites))
        frame: pd.DataFrame = engine.to_pyarrow(expression).to_pandas()
        return frame
    finally:
        engine.disconnect()
