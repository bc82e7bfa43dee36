"""Seasons: a fleet's telemetry straight into a table, without MQTT, to train the base models."""

import time
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import structlog
from numpy.typing import NDArray

from device_sim.fleet import Fleet
from device_sim.machine.thermostat import CHANGED_BY
from device_sim.policy import Policy
from device_sim.wire.readings import StepReadings

SCHEMA = pa.schema(
    [
        ("schema_version", pa.int64()),
        ("device_id", pa.string()),
        ("sampled_at", pa.timestamp("ms", tz="UTC")),
        ("interval_s", pa.float64()),
        ("seq", pa.int64()),
        ("mode", pa.string()),
        ("fan", pa.string()),
        ("setpoint_c", pa.float64()),
        ("indoor_dry_bulb_c", pa.float64()),
        ("indoor_rh_pct", pa.float64()),
        ("outdoor_dry_bulb_c", pa.float64()),
        ("electric_power_w", pa.float64()),
        ("energy_total_kwh", pa.float64()),
        ("compressor_ratio", pa.float64()),
        ("motion", pa.bool_()),
        ("changed_by", pa.string()),
        ("advice_id", pa.string()),
    ]
)
"""The fields of the contract's telemetry, in its order."""

_NUMBERS = (
    "setpoint_c",
    "indoor_dry_bulb_c",
    "indoor_rh_pct",
    "outdoor_dry_bulb_c",
    "electric_power_w",
    "energy_total_kwh",
    "compressor_ratio",
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Grid:
    """Columns of a season `(steps, homes)`, of which some rows are no readings."""

    kept: NDArray[np.bool_]

    def column(self, values: list[NDArray[np.generic]]) -> NDArray[np.generic]:
        """One column in the order of devices, then time."""
        return np.stack(values).T[self.kept]


def simulate_telemetry(fleet: Fleet, days: int, policy: Policy) -> pa.Table:
    """Let `days` pass under `policy`, and return what the lake would then hold.

    Readings that the contract refuses (a sensor just powered on) are left out, and lost ones. Prints the
    speed as the log event `season_simulated` with `home_steps_per_s`.

    Args:
        fleet: It is stepped.
        days: How long [d].
        policy: Who commands the devices.

    Returns:
        A table of `SCHEMA`, sorted by device and time.

    Raises:
        SeasonEndedError: The fleet has fewer days left.
    """
    started_s = time.perf_counter()
    steps = play_steps(fleet, days * 86_400 // fleet.spec.step_s, policy)
    table = to_table(steps)
    wall_s = time.perf_counter() - started_s
    home_steps = len(steps) * fleet.spec.homes
    log.info(
        "season_simulated", homes=fleet.spec.homes, days=days, home_steps_per_s=round(home_steps / wall_s)
    )
    return table


def play_steps(fleet: Fleet, steps: int, policy: Policy) -> list[StepReadings]:
    """Let so many steps pass under `policy`; what the devices reported.

    Raises:
        SeasonEndedError: The fleet has fewer left.
    """
    readings: list[StepReadings] = []
    for _ in range(steps):
        for device_id, desired in policy.commands(fleet):
            fleet.command(device_id, desired)
        readings.append(fleet.step())
    return readings


def to_table(steps: list[StepReadings]) -> pa.Table:
    """Readings of one fleet as a table of `SCHEMA`, sorted by device and time."""
    first = steps[0]
    grid = _Grid(~np.stack([step.power_on_fault | step.lost for step in steps]).T)
    times_ms = np.stack([step.sampled_ms for step in steps]).T[grid.kept]
    shape = (len(first), len(steps))
    rows = int(grid.kept.sum())
    homes = np.broadcast_to(np.arange(len(first))[:, None], shape)[grid.kept]
    cooling = grid.column([step.cooling for step in steps])
    columns = {
        "schema_version": pa.array(np.ones(rows, dtype=np.int64)),
        "device_id": _texts(homes, first.device_ids),
        "sampled_at": pa.array(times_ms.astype("datetime64[ms]")),
        "interval_s": pa.array(np.full(rows, float(first.interval_s))),
        "seq": pa.array(grid.column([step.seqs for step in steps])),
        "mode": _texts(cooling, ("off", "cool")),
        "fan": pa.array(np.array([step.fans for step in steps], dtype=object).T[grid.kept], pa.string()),
        "motion": pa.array(grid.column([step.motion for step in steps])),
        "changed_by": _texts(grid.column([step.changed_by for step in steps]), CHANGED_BY),
        "advice_id": pa.array(
            np.array([step.advice_ids for step in steps], dtype=object).T[grid.kept], pa.string()
        ),
    }
    for name in _NUMBERS:
        values = grid.column([getattr(step, name) for step in steps])
        columns[name] = pa.array(values, from_pandas=True)
    table = pa.table([columns[name].cast(SCHEMA.field(name).type) for name in SCHEMA.names], schema=SCHEMA)
    return table if first.condition is None else table.take(_last_of_each_time(homes, times_ms))


def _last_of_each_time(homes: NDArray[np.int64], times_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows in the order of devices, then time; where a clock has said a time again, the later row."""
    order = np.lexsort((np.arange(len(homes)), times_ms, homes))
    home, time_ms = homes[order], times_ms[order]
    overwritten = (home[1:] == home[:-1]) & (time_ms[1:] == time_ms[:-1])
    return np.asarray(order[~np.append(overwritten, np.zeros(1, np.bool_))])


def _texts(codes: NDArray[np.generic], names: tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names)).cast(pa.string())
