"""`ac-advisor sim`: a simulated fleet's telemetry straight into a lake, without broker, edge or ingest.

Each chunk of homes lives alone through the whole season, in one of several processes that share nothing, and
is written once a day, so memory does not grow with homes or days. How the fleet is divided changes no
reading.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cloud.adapters.parquet_lake import ParquetLake
from device_sim.fleet import Fleet, FleetSpec
from device_sim.policy import HabitSetpoints, Policy, RandomisedSetpoints
from device_sim.season import play_steps, to_table
from infra.local.sim_homes import record_homes
from infra.local.sim_plan import MARKER, SimPlan, SimulationError
from infra.local.sim_processes import spread


@dataclass(frozen=True, slots=True)
class Written:
    """One chunk's day in the lake.

    Attributes:
        rows: Readings.
        simulate_s: Time of the simulation [s].
        write_s: Time of making the table and its files [s].
    """

    rows: int
    simulate_s: float
    write_s: float


@dataclass(frozen=True, slots=True)
class SimReport:
    """What a simulation made; times are wall time, of all processes together where a sum is named.

    Attributes:
        out: The data directory.
        homes: How many.
        days: Length of the season [d].
        rows: Readings in the lake.
        files: Parquet files.
        size_bytes: Of these files.
        wall_s: From the start to the last file [s].
        simulate_s: Sum over the processes [s].
        write_s: Sum over the processes, of tables and files [s].
        home_steps_per_s: Steps of homes that were simulated and written in a second.
    """

    out: str
    homes: int
    days: int
    rows: int
    files: int
    size_bytes: int
    wall_s: float
    simulate_s: float
    write_s: float
    home_steps_per_s: int


def simulate(plan: SimPlan, progress: Callable[[int, int], None]) -> SimReport:
    """Make the telemetry, and the homes that `ac-advisor train` must know.

    Args:
        plan: What to make.
        progress: Is told how many of how many parts are written.

    Raises:
        SimulatorError: There is no such fleet, or a file that it needs cannot be read.
        SimulationError: The directory is somebody else's, or a process failed.
    """
    began = time.perf_counter()
    plan.require_inputs()
    _empty(plan)
    chunks = plan.chunks()
    for chunk in chunks:
        record_homes(plan.out, Fleet(chunk, 1, plan.weather()).sites)
    parts, written = len(chunks) * len(list(plan.runs())), []
    for done in spread(play_chunk, [(plan, chunk) for chunk in chunks], plan.processes):
        written.append(done)
        progress(len(written), parts)
    return _report(plan, written, time.perf_counter() - began)


def play_chunk(plan: SimPlan, chunk: FleetSpec) -> Iterator[Written]:
    """Let a chunk live through the season and write it day by day."""
    fleet = Fleet(chunk, plan.days, plan.weather())
    policy: Policy = RandomisedSetpoints(fleet) if plan.policy == "randomised" else HabitSetpoints()
    lake = ParquetLake(plan.lake)
    for run in plan.runs():
        began = time.perf_counter()
        readings = play_steps(fleet, len(run), policy)
        simulated = time.perf_counter()
        table = to_table(readings)
        lake.write_table(first_position(plan, chunk, run), table)
        yield Written(table.num_rows, simulated - began, time.perf_counter() - simulated)


def first_position(plan: SimPlan, chunk: FleetSpec, run: range) -> int:
    """Of a chunk's steps in the log, as if the whole fleet's day came home by home into one log."""
    home = chunk.first_home - plan.fleet.first_home
    return 1 + run.start * plan.fleet.homes + home * len(run)


def _empty(plan: SimPlan) -> None:
    """Make the directory, or empty it if it is a simulation's; anybody else's is left alone.

    Raises:
        SimulationError: It holds something else, or cannot be written.
    """
    try:
        if plan.out.exists() and any(plan.out.iterdir()):
            if not (plan.out / MARKER).is_file():
                raise SimulationError(f"{plan.out} holds something else: choose another directory with --out")
            shutil.rmtree(plan.out)
        plan.out.mkdir(parents=True, exist_ok=True)
        (plan.out / MARKER).write_text(plan.to_json())
    except OSError as error:
        raise SimulationError(f"cannot write to {plan.out}: {error.strerror or error}") from error


def _report(plan: SimPlan, written: Sequence[Written], wall_s: float) -> SimReport:
    sizes = [file.stat().st_size for file in plan.lake.rglob("*.parquet")]
    return SimReport(
        out=str(plan.out),
        homes=plan.fleet.homes,
        days=plan.days,
        rows=sum(each.rows for each in written),
        files=len(sizes),
        size_bytes=sum(sizes),
        wall_s=round(wall_s, 3),
        simulate_s=round(sum(each.simulate_s for each in written), 3),
        write_s=round(sum(each.write_s for each in written), 3),
        home_steps_per_s=round(plan.fleet.homes * plan.steps / wall_s),
    )
