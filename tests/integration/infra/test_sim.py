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


def in_process() -> pa.Table:
    """The same season by the plain way: one fleet, one table."""
    fleet = Fleet(FLEET, 2)
    table = simulate_telemetry(fleet, 2, RandomisedSetpoints(fleet))
    return table.select(SCAN_SCHEMA.names).cast(SCAN_SCHEMA)


def test_the_lake_gives_back_the_fleet_s_table(make: Callable[..., tuple[SimPlan, SimReport]]) -> None:
    plan, report = make()

    lake, expected = ParquetLake(plan.lake), in_process()
    assert lake.scan().equals(expected)
    assert report.rows == lake.count_readings() == expected.num_rows
    assert [day.isoformat() for day in lake.days()] == ["2025-07-01", "2025-07-02", "2025-07-03"]


def test_any_engine_reads_it_as_hive_partitions(make: Callable[..., tuple[SimPlan, SimReport]]) -> None:
    plan, _ = make()

    query = f"""
        SELECT * EXCLUDE (position, day, bucket) FROM read_parquet('{plan.lake}/*/*/*.parquet',
        hive_partitioning = true) WHERE strftime(sampled_at AT TIME ZONE 'UTC', '%Y-%m-%d') = day::VARCHAR
        ORDER BY device_id, sampled_at
    """  # noqa: S608 (a folder of this test)
    with duckdb.connect() as connection:
        found = connection.sql(query).to_arrow_table()

    assert found.cast(SCAN_SCHEMA).equals(in_process())


def test_two_processes_make_the_readings_of_one(make: Callable[..., tuple[SimPlan, SimReport]]) -> None:
    plan, report = make(processes=2)

    assert len(plan.chunks()) == 2
    assert ParquetLake(plan.lake).scan().equals(in_process())
    assert report.rows == in_process().num_rows


def test_positions_are_given_once(make: Callable[..., tuple[SimPlan, SimReport]]) -> None:
    plan, report = make(processes=2, policy="habit")

    query = f"SELECT count(DISTINCT position) FROM read_parquet('{plan.lake}/*/*/*.parquet')"  # noqa: S608
    with duckdb.connect() as connection:
        assert connection.sql(query).fetchall() == [(report.rows,)]
    again, _ = make(name="again", processes=2, policy="habit")
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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--climate", "mars"], "no climate 'mars'"),
        (["--weather-file", "FOLDER/missing.epw"], "missing.epw: there is no such file"),
        (["--weather-file", "FOLDER/notes.txt"], "notes.txt: neither EPW"),
        (["--faults", "FOLDER/notes.txt"], "notes.txt: no JSON"),
        (["--faults", "FOLDER/missing.json"], "missing.json: No such file"),
        (["--occupancy", "FOLDER"], "no occupancy statistics in"),
        (["--calibrate", "FOLDER"], "it has no Parquet file"),
        (["--timezone", "Mars/Base"], "no time zone 'Mars/Base'"),
        (["--step-s", "90"], "a step of whole minutes"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(options: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a\nb,c\nd,e,f,g\n")
    command = [sys.executable, "-m", "infra.local", "sim", "--homes", "2", "--out", f"{tmp_path}/made"]
    command += [option.replace("FOLDER", str(tmp_path)) for option in options]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("ac-advisor: ")
    assert said in line
    assert not (tmp_path / "made").exists()
