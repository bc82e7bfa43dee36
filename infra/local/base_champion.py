"""The base champion: models from simulated homes with randomised setpoints, made once and shipped.

`python -m infra.local.base_champion` makes `cloud/base/` anew, bit for bit, in minutes on two cores.
"""

import io
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from cloud.adapters.duckdb_hours import hours_frame
from cloud.adapters.file_registry import digests
from cloud.champion import MANIFEST_FILE, RESERVOIR_FILE
from cloud.ports.models import Lineage
from cloud.training import TrainingParams, measure, split, train
from device_sim.fleet import Fleet, FleetSpec
from device_sim.policy import RandomisedSetpoints
from device_sim.season import simulate_telemetry

CLIMATES = ("hot_dry", "hot_humid", "mild_summer")
HOMES_PER_CLIMATE = 60
DAYS = 42
SEED = 1
START = datetime(2025, 6, 1, tzinfo=UTC)
RESERVOIR_ROWS = 9000
"""Hours that are shipped for later training: a tenth of a month of the base data [hours]."""

VERSION = "base-1"


def base_hours() -> pd.DataFrame:
    """Hours of the `train` split of every climate, setpoints by lot."""
    frames = []
    for climate in CLIMATES:
        fleet = Fleet(FleetSpec(HOMES_PER_CLIMATE, SEED, START, climate=climate, split="train"), DAYS)
        telemetry = simulate_telemetry(fleet, DAYS, RandomisedSetpoints(fleet))
        longitudes = {site.device_id: site.longitude_deg for site in fleet.sites}
        frame = hours_frame(telemetry, longitudes)
        frame["device_id"] = climate + ":" + frame["device_id"]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def make_base(folder: Path) -> Lineage:
    """Train and write the shipped champion; returns its lineage, with errors on unseen homes and weather."""
    hours = base_hours()
    parts = split(hours)
    params = TrainingParams()
    champion = train(parts.fit, params, VERSION)
    files = champion.to_files()
    lineage = Lineage(
        version=VERSION,
        parent=None,
        kind="base",
        created_at=START,
        data_start=hours["hour_end_at"].min(),
        data_end=hours["hour_end_at"].max(),
        rows=len(parts.fit),
        homes=parts.fit["device_id"].nunique(),
        parameters={"climates": CLIMATES, "days": DAYS, "trees": params.energy.trees},
        metrics=measure(champion, parts.held_out),
        seed=SEED,
        files=digests(files),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / RESERVOIR_FILE).write_bytes(_reservoir(parts.fit))
    (folder / MANIFEST_FILE).write_text(lineage.model_dump_json(indent=1) + "\n")
    return lineage


def _reservoir(hours: pd.DataFrame) -> bytes:
    """A spread of the hours, numbers as 32-bit floats to stay small."""
    known = hours[hours["electric_energy_kwh"].notna() & hours["setpoint_24h_c"].notna()]
    sample = known.iloc[:: max(1, len(known) // RESERVOIR_ROWS)]
    floats = sample.select_dtypes("float64").columns
    buffer = io.BytesIO()
    sample.astype(dict.fromkeys(floats, "float32")).to_parquet(buffer, compression="zstd", index=False)
    return buffer.getvalue()


if __name__ == "__main__":
    print(make_base(Path("cloud/base")).model_dump_json(indent=1))  # noqa: T201 (the command's answer)
