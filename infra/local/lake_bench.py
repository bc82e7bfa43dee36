"""What a year of telemetry takes and how quickly it is read: `ac-advisor bench lake`.

Simulated homes fill a lake as the running system would: runs that hold a part of a day, merged when their day
is over. The same rows then go into one plain Parquet file in the order in which they came, and the same
questions are asked of both in turns, in one process.
"""

import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from cloud.adapters.parquet_lake import ParquetLake
from device_sim.fleet import Fleet, FleetSpec
from device_sim.policy import HabitSetpoints
from device_sim.season import play_steps, to_table
from infra.local.lake_questions import Answers, ask_both, features_of_lake
from infra.local.plain_file import PlainFile
from infra.local.sim import first_position
from infra.local.sim_plan import SimPlan
from infra.local.sim_processes import spread
from infra.local.training_data import LEAD_DAYS, WINDOW_DAYS

SEED: Final = 7
START: Final = datetime(2025, 1, 1, tzinfo=UTC)
PROCESSES: Final = 2
RUNS_A_DAY: Final = 5
"""Of each process: together more files in a bucket than the lake leaves as they are."""

MONTH_DAYS: Final = 30
SEASON_DAYS: Final = WINDOW_DAYS + LEAD_DAYS
"""What fine-tuning reads [d]."""


@dataclass(frozen=True, slots=True)
class LakeFigures:
    """What the lake takes, and its times beside those of DuckDB on one plain file; medians of some rounds.

    Attributes:
        homes: How many.
        days: So many.
        rows: Readings in the lake.
        files: Parquet files that they are in, after merging.
        bytes_per_reading: What these take on disk.
        plain_bytes_per_reading: What the plain file takes (zstd, everything else as pyarrow has it).
        manifest_bytes: Everything that says which files are the lake.
        written_files: Files of the runs.
        wall_s: From the first simulated step to the last merge [s].
        readings_per_s: Simulated, written and merged in a second of that.
        simulate_s: Sum over the processes [s].
        write_s: Sum over the processes, of tables and files [s].
        merge_s: Beside the others [s].
        write_peak_rss_mb: Of the process that took most [MB].
        open_ms: To learn from the manifest what the lake is.
        home_day_ms: All columns of one home's day.
        home_day_ratio: To the plain file.
        home_month_ms: The same of 30 days.
        home_month_ratio: The same.
        features_days: Length of the season of which features are made.
        features_s: To scan it and make the features of training.
        features_ratio: To DuckDB making them straight from the plain file.
        features_peak_rss_mb: Of this process, before it reads the plain file [MB].
        total_s: A sum and a mean over all rows, by a plain reader of all files of the lake.
        total_ratio: To the plain file.
    """

    homes: int
    days: int
    rows: int
    files: int
    bytes_per_reading: float
    plain_bytes_per_reading: float
    manifest_bytes: int
    written_files: int
    wall_s: float
    readings_per_s: int
    simulate_s: float
    write_s: float
    merge_s: float
    write_peak_rss_mb: float
    open_ms: float
    home_day_ms: float
    home_day_ratio: float
    home_month_ms: float
    home_month_ratio: float
    features_days: int
    features_s: float
    features_ratio: float
    features_peak_rss_mb: float
    total_s: float
    total_ratio: float


@dataclass(frozen=True, slots=True)
class Played:
    """One chunk's day in the lake; times in [s]."""

    day: date
    files: int
    simulate_s: float
    write_s: float


@dataclass(slots=True)
class Filling:
    """How a lake was filled."""

    wall_s: float = 0.0
    merge_s: float = 0.0
    parts: list[Played] = field(default_factory=list[Played])


def measure(homes: int, days: int, progress: Callable[[int, int], None] = lambda *_: None) -> LakeFigures:
    """Fill a lake and ask it.

    Raises:
        SimulationError: A process failed.
        DifferentAnswersError: Lake and plain file do not say the same.
    """
    with tempfile.TemporaryDirectory(prefix="ac-advisor-lake-") as folder:
        plan = SimPlan(Path(folder), FleetSpec(homes, SEED, START, split="demo"), days, processes=PROCESSES)
        filling = fill(plan, progress)
        write_peak_rss_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
        lake, open_ms = _opened(plan.lake)
        sites = {site.device_id: site.longitude_deg for site in Fleet(plan.fleet, 1).sites}
        last = START + timedelta(days=days)
        season = (last - timedelta(days=min(SEASON_DAYS, days)), last)
        features_of_lake(lake, season, sites)  # before the plain file takes memory
        features_peak_rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        plain = PlainFile.of(lake, Path(folder) / "plain.parquet")
        answers = ask_both(lake, plain, season, sites, min(MONTH_DAYS, days))
        figures = _figures(plan, lake, filling, answers)
        return replace(
            figures,
            plain_bytes_per_reading=round(plain.size_bytes / figures.rows, 2),
            write_peak_rss_mb=round(write_peak_rss_mb, 1),
            features_peak_rss_mb=round(features_peak_rss_mb, 1),
            open_ms=round(open_ms, 2),
        )


def fill(plan: SimPlan, progress: Callable[[int, int], None]) -> Filling:
    """Simulate into the lake, and merge each day when it is over."""
    began, filling, lake = time.perf_counter(), Filling(), ParquetLake(plan.lake)
    chunks, days = plan.chunks(), len(list(plan.runs()))
    passed: Counter[date] = Counter()
    for part in spread(play_runs, [(plan, chunk) for chunk in chunks], plan.processes):
        filling.parts.append(part)
        passed[part.day] += 1
        if passed[part.day] == len(chunks):
            merging = time.perf_counter()
            lake.compact(part.day)
            filling.merge_s += time.perf_counter() - merging
        progress(len(filling.parts), days * len(chunks))
    filling.wall_s = time.perf_counter() - began
    return filling


def play_runs(plan: SimPlan, chunk: FleetSpec) -> Iterator[Played]:
    """Let a chunk live through the season, and write each day in several runs."""
    fleet, lake, policy = Fleet(chunk, plan.days), ParquetLake(plan.lake), HabitSetpoints()
    for steps in plan.runs():
        began = time.perf_counter()
        readings = play_steps(fleet, len(steps), policy)
        simulated = time.perf_counter()
        pieces = list(_pieces(steps, RUNS_A_DAY))
        for piece in pieces:
            told = readings[piece.start - steps.start : piece.stop - steps.start]
            lake.write_table(first_position(plan, chunk, piece), to_table(told))
        day = (plan.fleet.start + (steps.start + 1) * timedelta(seconds=plan.fleet.step_s)).date()
        yield Played(day, len(pieces), simulated - began, time.perf_counter() - simulated)


def _pieces(steps: range, count: int) -> Iterator[range]:
    """Steps in at most so many parts, one after the other."""
    size = -(-len(steps) // count)
    for first in range(steps.start, steps.stop, size):
        yield range(first, min(first + size, steps.stop))


def _opened(root: Path) -> tuple[ParquetLake, float]:
    """The lake as another process finds it, and how long it takes to learn what it is [ms]."""
    began = time.perf_counter()
    lake = ParquetLake(root)
    lake.snapshot()
    return lake, 1000 * (time.perf_counter() - began)


def _figures(plan: SimPlan, lake: ParquetLake, filling: Filling, answers: Answers) -> LakeFigures:
    """The figures; what is measured beside these is 0."""
    files = lake.snapshot().listing()
    rows = sum(file.rows for file in files)
    return LakeFigures(
        homes=plan.fleet.homes,
        days=plan.days,
        rows=rows,
        files=len(files),
        bytes_per_reading=round(lake.size_bytes() / rows, 2),
        plain_bytes_per_reading=0.0,
        manifest_bytes=_folder_bytes(plan.lake / "_manifest"),
        written_files=sum(part.files for part in filling.parts),
        wall_s=round(filling.wall_s, 1),
        readings_per_s=round(rows / filling.wall_s),
        simulate_s=round(sum(part.simulate_s for part in filling.parts), 1),
        write_s=round(sum(part.write_s for part in filling.parts), 1),
        merge_s=round(filling.merge_s, 1),
        write_peak_rss_mb=0.0,
        open_ms=0.0,
        home_day_ms=round(1000 * answers.home_day.lake_s, 2),
        home_day_ratio=answers.home_day.ratio,
        home_month_ms=round(1000 * answers.home_month.lake_s, 2),
        home_month_ratio=answers.home_month.ratio,
        features_days=min(SEASON_DAYS, plan.days),
        features_s=round(answers.features.lake_s, 2),
        features_ratio=answers.features.ratio,
        features_peak_rss_mb=0.0,
        total_s=round(answers.total.lake_s, 3),
        total_ratio=answers.total.ratio,
    )


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
