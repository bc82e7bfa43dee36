"""Hours by DuckDB: runs the feature definition on telemetry in memory."""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain
from typing import Final

import duckdb
import ibis
import pandas as pd
import pyarrow as pa

from cloud.adapters.lake_table import SCAN_SCHEMA
from cloud.features import COLUMNS, device_hours

_TELEMETRY, _PLACES = "telemetry", "places"
_SITES: Final = pa.schema([("device_id", pa.string()), ("longitude_deg", pa.float64())])


def hours_frame(telemetry: pa.Table, longitudes_deg: Mapping[str, float]) -> pd.DataFrame:
    """The hours of every device in `telemetry`.

    Args:
        telemetry: As `cloud.ports.telemetry.Lake.scan` gives it.
        longitudes_deg: Longitude of each device [°, east positive].

    Returns:
        `cloud.features.COLUMNS`, one row per device-hour, by device and time. The same input gives the same
        bits: one thread, because the sums of several would come in any order.
    """
    frame: pd.DataFrame = part_hours(telemetry, longitudes_deg).to_pandas()
    return frame


def hours_of_parts(parts: Iterable[pa.Table], longitudes_deg: Mapping[str, float]) -> pd.DataFrame:
    """As `hours_frame`, of telemetry that would not fit in memory at once.

    Args:
        parts: As `cloud.ports.telemetry.LakeReader.parts` gives them. Means over windows of time may differ
            from those of the whole in the last bits.
        longitudes_deg: Longitude of each device [°, east positive].
    """
    return joined_hours(part_hours(part, longitudes_deg) for part in parts)


def part_hours(part: pa.Table, longitudes_deg: Mapping[str, float]) -> pa.Table:
    """The hours of one part, by whoever has it; the same part gives the same bits everywhere."""
    sites = pa.table([list(longitudes_deg), list(longitudes_deg.values())], schema=_SITES)
    query, columns = _query(part.schema)
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.execute("SET enable_progress_bar = false")  # it would write into what a caller prints
        engine.execute("SET TimeZone = 'UTC'")
        engine.register(_TELEMETRY, part)
        engine.register(_PLACES, sites)
        return engine.sql(query).to_arrow_table().cast(columns)


def joined_hours(parts: Iterable[pa.Table]) -> pd.DataFrame:
    """The hours of all parts, each as `part_hours` gives it, as those of the whole; in whatever order."""
    nothing = part_hours(SCAN_SCHEMA.empty_table(), {})
    hours = pa.concat_tables(chain([nothing], parts))
    frame: pd.DataFrame = hours.sort_by([(name, "ascending") for name in COLUMNS[:2]]).to_pandas()
    return frame


@cache
def _query(telemetry: pa.Schema) -> tuple[str, pa.Schema]:
    """The feature definition in DuckDB's SQL, and the columns of its answer.

    Writing it takes as long as running it on a fleet's fortnight, and it is the same for every such table.
    """
    readings = ibis.table(ibis.Schema.from_pyarrow(telemetry), name=_TELEMETRY)
    places = ibis.table(ibis.Schema.from_pyarrow(_SITES), name=_PLACES)
    expression = device_hours(readings, places)
    return ibis.to_sql(expression, dialect="duckdb"), expression.schema().to_pyarrow()
