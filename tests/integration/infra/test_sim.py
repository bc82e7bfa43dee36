"""`ac-advisor sim`: what it writes is what the lake holds when the same homes speak over MQTT."""

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from cloud.adapters.duckdb_hours import hours_frame
from cloud.adapters.lake_table import SCAN_SCHEMA
from cloud.adapters.parquet_lake import ParquetLake
from device_sim.fleet import FaultRates, Fleet, FleetSpec
from device_sim.policy import RandomisedSetpoints
from device_sim.season import simulate_telemetry
from infra.local.sim import SimReport, play_chunk, simulate
from infra.local.sim_plan import MARKER, SimPlan, SimulationError
from infra.local.sim_processes import spread
from infra.local.training_data import longitudes_deg

FLEET = FleetSpec(
    7, seed=3, start=datetime(2025, 7, 1, 7, tzinfo=UTC), split="train", faults=FaultRates(0.01, 0.01, 0.0)
)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., tuple[SimPlan, SimReport]]:
    def simulated(name: str = "made", **changes: object) -> tuple[SimPlan, SimReport]:
        plan = replace(SimPlan(tmp_path / name, FLEET, days=2, policy="randomised"), **changes)  # type: ignore[arg-type]
        return plan, simulate(plan, lambda _done, _total: None)

    return simulated


@pytest.fixture(scope="module")
def expected() -> pa.Table:
    """The same season by the plain way: one fleet, one table."""
    fleet = Fleet(FLEET, 2)
    table = simulate_telemetry(fleet, 2, RandomisedSetpoints(fleet))
    return table.select(SCAN_SCHEMA.names).cast(SCAN_SCHEMA)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimPlan, SimReport]:
    """That season in a lake, to be read only."""
    plan = SimPlan(tmp_path_factory.mktemp("sim") / "made", FLEET, days=2, policy="randomised")
    return plan, simulate(plan, lambda _done, _total: None)


def test_the_lake_gives_back_the_fleet_s_table(made: tuple[SimPlan, SimReport], expected: pa.Table) -> None:
    plan, report = made

    lake = ParquetLake(plan.lake)
    assert lake.scan().equals(expected)
    assert report.rows == lake.count_readings() == expected.num_rows
    assert [day.isoformat() for day in lake.days()] == ["2025-07-01", "2025-07-02", "2025-07-03"]


def test_any_engine_reads_it_as_hive_partitions(made: tuple[SimPlan, SimReport], expected: pa.Table) -> None:
    plan, _ = made

    query = f"""
        SELECT * EXCLUDE (position, day, bucket) FROM read_parquet('{plan.lake}/*/*/*.parquet',
        hive_partitioning = true) WHERE strftime(sampled_at AT TIME ZONE 'UTC', '%Y-%m-%d') = day::VARCHAR
        ORDER BY device_id, sampled_at
    """  # noqa: S608 (a folder of this test)
    with duckdb.connect() as connection:
        found = connection.sql(query).to_arrow_table()

    assert found.cast(SCAN_SCHEMA).equals(expected)


@pytest.fixture(scope="module")
def made_by_two(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimPlan, SimReport]:
    """The same by two processes, to be read only."""
    out = tmp_path_factory.mktemp("sim") / "made_by_two"
    plan = SimPlan(out, FLEET, days=2, policy="randomised", processes=2)
    return plan, simulate(plan, lambda _done, _total: None)


def test_two_processes_make_the_readings_of_one(
    made_by_two: tuple[SimPlan, SimReport], expected: pa.Table
) -> None:
    plan, report = made_by_two

    assert len(plan.chunks()) == 2
    assert ParquetLake(plan.lake).scan().equals(expected)
    assert report.rows == expected.num_rows


def test_positions_are_given_once(
    made_by_two: tuple[SimPlan, SimReport], make: Callable[..., tuple[SimPlan, SimReport]]
) -> None:
    plan, report = made_by_two

    query = f"SELECT count(DISTINCT position) FROM read_parquet('{plan.lake}/*/*/*.parquet')"  # noqa: S608
    with duckdb.connect() as connection:
        assert connection.sql(query).fetchall() == [(report.rows,)]
    again, _ = make(name="again", processes=2)
    runs, runs_again = (
        sorted(
            (file.partition, file.first, file.last)
            for file in ParquetLake(each.lake).snapshot().snapshot.files()
        )
        for each in (plan, again)
    )
    assert runs == runs_again


def test_training_knows_the_homes(make: Callable[..., tuple[SimPlan, SimReport]]) -> None:
    plan, _ = make(policy="habit")

    known = longitudes_deg(plan.out)
    assert known == {site.device_id: site.longitude_deg for site in Fleet(FLEET, 1).sites}
    hours = hours_frame(ParquetLake(plan.lake).scan(), known)
    assert hours["device_id"].nunique() == FLEET.homes


def test_its_own_directory_is_emptied_and_no_other(
    make: Callable[..., tuple[SimPlan, SimReport]], tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").touch()
    make(days=1)
    plan, report = make(fleet=replace(FLEET, homes=2), days=1)

    assert ParquetLake(plan.lake).count_readings() == report.rows
    assert json.loads((plan.out / MARKER).read_text())["fleet"]["homes"] == 2
    with pytest.raises(SimulationError, match="choose another directory"):
        make(name="foreign")
    assert [each.name for each in foreign.iterdir()] == ["thesis.tex"]


def test_a_failed_process_is_said_and_all_end(tmp_path: Path) -> None:
    plan = SimPlan(tmp_path / "made", FLEET, days=1, processes=2, weather_file=tmp_path / "gone.epw")
    children = len(multiprocessing.active_children())

    with pytest.raises(SimulationError, match=r"no weather from .*gone\.epw"):
        list(spread(play_chunk, [(plan, chunk) for chunk in plan.chunks()], plan.processes))
    assert len(multiprocessing.active_children()) == children


WRONG = {
    "no climate 'mars'": ["--climate", "mars"],
    "missing.epw: there is no such file": ["--weather-file", "FOLDER/missing.epw"],
    "notes.txt: neither EPW": ["--weather-file", "FOLDER/notes.txt"],
    "notes.txt: no JSON": ["--faults", "FOLDER/notes.txt"],
    "missing.json: No such file": ["--faults", "FOLDER/missing.json"],
    "no occupancy statistics in": ["--occupancy", "FOLDER"],
    "it has no Parquet file": ["--calibrate", "FOLDER"],
    "no time zone 'Mars/Base'": ["--timezone", "Mars/Base"],
    "a step of whole minutes": ["--step-s", "90"],
}

IN_ONE_PROCESS = """
import io, json, sys
from contextlib import redirect_stderr
from infra.local.cli import main

ends = []
for sys.argv in json.loads(sys.argv[1]):
    with redirect_stderr(io.StringIO()) as said:
        try:
            main()
        except SystemExit as end:
            ends.append((end.code, said.getvalue()))
print(json.dumps(ends))
"""
"""The command itself, again and again: most of what it takes to say what is wrong is its imports."""

Ends = dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of files that are not what they should be."""
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "notes.txt").write_text("a\nb,c\nd,e,f,g\n")
    return folder


@pytest.fixture(scope="module")
def ends(folder: Path) -> Ends:
    """How the command ends with each of the wrong options: exit code and stderr."""
    arguments = [
        ["ac-advisor", "sim", "--homes", "2", "--out", f"{folder}/made"]
        + [option.replace("FOLDER", str(folder)) for option in options]
        for options in WRONG.values()
    ]
    command = [sys.executable, "-c", IN_ONE_PROCESS, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    return dict(zip(WRONG, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("said", WRONG)
def test_what_is_wrong_is_said_in_one_line(ends: Ends, folder: Path, said: str) -> None:
    code, stderr = ends[said]

    assert code == 1
    (line,) = stderr.strip().splitlines()
    assert line.startswith("ac-advisor: ")
    assert said in line
    assert not (folder / "made").exists()


def test_what_is_wrong_ends_the_process_with_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.local", "sim", "--climate", "mars", "--out", f"{tmp_path}/made"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ac-advisor: no climate 'mars'")
    assert done.stderr.count("\n") == 1
