"""The base champion: models from simulated homes with randomised setpoints, made once and shipped.

`python -m infra.local.base_champion` makes `cloud/base/` anew, bit for bit, in minutes on two cores.
"""

import io
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from typing_extensions import override

from cloud.adapters.duckdb_hours import hours_frame
from cloud.champion import MANIFEST_FILE, RESERVOIR_FILE
from cloud.energy import usable_energy_hours
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, OVERRIDE_FEATURES, OVERRIDE_TARGET
from cloud.model_integrity import digests
from cloud.ports.models import Lineage
from cloud.presence_training import PresenceParams
from cloud.training import TrainingParams, measure, train
from device_sim.fleet import Fleet, FleetSpec
from device_sim.policy import Policy, RandomisedSetpoints
from device_sim.season import simulate_telemetry
from edge.contract import Desired
from infra.local.presence_fleets import base_presence

CLIMATES = ("hot_dry", "hot_humid", "mild_summer")
STARTS = (datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 20, tzinfo=UTC))
"""Early and late summer: trees do not extrapolate."""

HABIT_DAYS = 14
"""Days before the lots begin: what is too warm is judged from the habit, so there has to be one."""

HOMES = 40
DAYS = HABIT_DAYS + 21
"""Of each of the six fleets; no two of them share homes or weather."""

JUDGED_START = datetime(2025, 6, 28, tzinfo=UTC)
JUDGED_HOMES, JUDGED_DAYS = 30, HABIT_DAYS + 14
"""The fleets that the figures in the manifest come from, one a climate, of the split `validate`."""

RESERVOIR_ROWS = 9000
"""Hours that are shipped for later training [hours]."""

RESERVOIR_COLUMNS = (
    "device_id",
    "hour_end_at",
    *dict.fromkeys((*ENERGY_FEATURES, ENERGY_TARGET, *OVERRIDE_FEATURES, OVERRIDE_TARGET)),
    "other_mode_ratio",
    "exposed",
)
"""What later training needs of an hour."""

DECIMALS = {ENERGY_TARGET: 3, "home_kwh_168h": 3, "home_on_kwh_168h": 3}
"""Numbers of the reservoir are rounded to 2 decimals, these to 3, so that they pack."""

SEED = 1
VERSION = "base-3"


class HabitThenLots(Policy):
    """The habit for `HABIT_DAYS`, then setpoints by lot."""

    def __init__(self, fleet: Fleet) -> None:
        self._until = fleet.now + timedelta(days=HABIT_DAYS)
        self._lots = RandomisedSetpoints(fleet)

    @override
    def commands(self, fleet: Fleet) -> Iterable[tuple[str, Desired]]:
        return self._lots.commands(fleet) if fleet.now >= self._until else ()


def fleet_hours(spec: FleetSpec, days: int) -> pd.DataFrame:
    """Hours of a fleet with a habit and then setpoints by lot."""
    fleet = Fleet(spec, days)
    telemetry = simulate_telemetry(fleet, days, HabitThenLots(fleet))
    return hours_frame(telemetry, {site.device_id: site.longitude_deg for site in fleet.sites})


def base_hours() -> pd.DataFrame:
    """Hours to learn from: every climate, early and late."""
    pairs = [(climate, start) for climate in CLIMATES for start in STARTS]
    specs = [
        FleetSpec(HOMES, SEED + place, start, climate=climate, split="train")
        for place, (climate, start) in enumerate(pairs)
    ]
    return pd.concat([fleet_hours(spec, DAYS) for spec in specs], ignore_index=True)


def judged_hours() -> pd.DataFrame:
    """Hours of other homes in other weather."""
    specs = [
        FleetSpec(JUDGED_HOMES, SEED + place, JUDGED_START, climate=climate, split="validate")
        for place, climate in enumerate(CLIMATES)
    ]
    return pd.concat([fleet_hours(spec, JUDGED_DAYS) for spec in specs], ignore_index=True)


def make_base(folder: Path) -> Lineage:
    """Train and write the shipped champion; returns its lineage, with errors on unseen homes and weather."""
    hours, params = base_hours(), TrainingParams()
    champion = replace(train(hours, params, VERSION), presence=base_presence())
    files = champion.to_files()
    lineage = Lineage(
        version=VERSION,
        parent=None,
        kind="base",
        created_at=STARTS[0],
        data_start=hours["hour_end_at"].min(),
        data_end=hours["hour_end_at"].max(),
        rows=len(usable_energy_hours(hours)),
        homes=hours["device_id"].nunique(),
        parameters={
            "climates": CLIMATES,
            "days": DAYS,
            **asdict(params),
            "presence": asdict(PresenceParams()),
        },
        metrics=measure(champion, judged_hours()),
        seed=SEED,
        files=digests(files),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / RESERVOIR_FILE).write_bytes(reservoir(hours))
    (folder / MANIFEST_FILE).write_text(lineage.model_dump_json(indent=1) + "\n")
    return lineage


def reservoir(hours: pd.DataFrame) -> bytes:
    """A spread of the hours with setpoints by lot, as Parquet; drawn, so that no time of day is preferred."""
    began = hours.groupby("device_id")["hour_end_at"].transform("min")
    by_lot = hours[hours["hour_end_at"] - began >= pd.Timedelta(days=HABIT_DAYS)]
    known = usable_energy_hours(by_lot)[list(RESERVOIR_COLUMNS)]
    picks = np.random.default_rng(SEED).choice(len(known), min(RESERVOIR_ROWS, len(known)), replace=False)
    sample = known.iloc[np.sort(picks)]
    floats = [name for name in sample.select_dtypes("number").columns if name != "device_id"]
    packed = sample.round({name: DECIMALS.get(name, 2) for name in floats}).astype(
        dict.fromkeys(floats, "float32")
    )
    buffer = io.BytesIO()
    packed.to_parquet(buffer, compression="zstd", index=False)
    return buffer.getvalue()


if __name__ == "__main__":
    print(make_base(Path("cloud/base")).model_dump_json(indent=1))  # noqa: T201 (the command's answer)
