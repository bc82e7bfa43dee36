"""Hours by DuckDB: runs the feature definition on telemetry in memory."""

from collections.abc import Iterable, Mapping
from itertools import chain

import ibis
import pandas as pd
import pyarrow as pa

from cloud.adapters.lake_table import SCAN_SCHEMA
from cloud.features import COLUMNS, device_hours


def hours_frame(telemetry: pa.Table, longitudes_deg: Mapping[str, float]) -> pd.DataFrame:
    """The hours of every device in `telemetry`.

    Args:
        telemetry: As `cloud.ports.telemetry.Lake.scan` gives it.
        longitudes_deg: Longitude of each device [°, east positive].

    Returns:
        `cloud.features.COLUMNS`, one row per device-hour, by device and time. The same input gives the same
        bits: one thread, because the sums of several would come in any order.
    """
    frame: pd.DataFrame = _hours(telemetry, longitudes_deg).to_pandas()
    return frame


def hours_of_parts(parts: Iterable[pa.Table], longitudes_deg: Mapping[str, float]) -> pd.DataFrame:
    """As `hours_frame`, of telemetry that would not fit in memory at once.

    Args:
        parts: As `cloud.ports.telemetry.LakeReader.parts` gives them. Means over windows of time may differ
            from those of the whole in the last bits.
        longitudes_deg: Longitude of each device [°, east positive].
    """
    nothing = SCAN_SCHEMA.empty_table()
    hours = pa.concat_tables([_hours(part, longitudes_deg) for part in chain([nothing], parts)])
    frame: pd.DataFrame = hours.sort_by([(name, "ascending") for name in COLUMNS[:2]]).to_pandas()
    return frame


def _hours(telemetry: pa.Table, longitudes_deg: Mapping[str, float]) -> pa.Table:
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
        return engine.to_pyarrow(expression)
    finally:
        engine.disconnect()
