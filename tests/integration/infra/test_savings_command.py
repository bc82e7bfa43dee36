"""`ac-advisor savings`: what a state on disk says of savings, told, drawn, and kept for homes."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.day_count import day_writes
from cloud.measuring_day import keep_assignment
from cloud.ports.records import home_pk
from cloud.ports.saving_records import SAVINGS_SK
from cloud.serving import Serving
from infra.local.savings_command import CarbonFileError, NothingMeasuredError, savings
from tests.unit.cloud.savings.conftest import day_record, home_writes

HOMES, DAYS = 10, 30
NOW = datetime(2026, 7, 20, tzinfo=UTC)
SAVED_KWH = 2.0


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Homes that use 10 kWh at the habit, more on some weekdays, and 2 kWh less when advised."""
    with closing(SqliteStateStore(tmp_path / "state.sqlite")) as store:
        keep_assignment(store, 7, NOW)
        assignment = Serving(store, 0).assignment()
        for home in range(HOMES):
            name, device_id = f"home-{home}", f"dev-{home}"
            store.transact(home_writes(home))
            for number in range(DAYS):
                day = NOW.date() - timedelta(days=40 - number)
                arm = assignment.of(name, day).arm
                kwh = 10.0 + 0.2 * day.weekday() - SAVED_KWH * (arm == "advised")
                store.transact(day_writes(day_record(device_id, day, arm=arm, kwh=kwh)))
    return tmp_path


def test_it_is_told_as_lines_and_as_json_with_co2_where_factors_are_given(
    data_dir: Path, tmp_path: Path
) -> None:
    factors = tmp_path / "factors.json"
    factors.write_text(json.dumps([0.5] * 24))

    lines = CliRunner().invoke(savings, ["--data-dir", str(data_dir)])
    told = CliRunner().invoke(savings, ["--data-dir", str(data_dir), "--carbon", str(factors), "--json"])

    assert lines.exit_code == 0, lines.output
    assert "fleet: 10 homes" in lines.output
    assert "surely saves" in lines.output
    document = json.loads(told.output)
    fleet = document["fleet"]["groups"][0]
    assert fleet["kwh"]["saved"] == pytest.approx(SAVED_KWH, abs=0.05)
    assert fleet["co2_kg"]["saved"] == pytest.approx(SAVED_KWH / 2, abs=0.03)
    assert len(document["homes"]) == HOMES


def test_it_draws_and_keeps_what_homes_are_shown(data_dir: Path, tmp_path: Path) -> None:
    plots = tmp_path / "plots"

    done = CliRunner().invoke(savings, ["--data-dir", str(data_dir), "--plots", str(plots), "--keep"])

    assert done.exit_code == 0, done.output
    assert {path.name for path in plots.iterdir()} == {"savings_groups.png", "savings_homes.png"}
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as store:
        assert store.get(home_pk("home-3"), SAVINGS_SK) is not None


def test_what_is_no_list_of_factors_and_a_state_without_measuring_days_are_refused(
    data_dir: Path, tmp_path: Path
) -> None:
    wrong, empty = tmp_path / "wrong.json", tmp_path / "empty"
    wrong.write_text("[1, 2]")
    empty.mkdir()
    with closing(SqliteStateStore(empty / "state.sqlite")):
        pass

    factors = CliRunner().invoke(savings, ["--data-dir", str(data_dir), "--carbon", str(wrong)])
    nothing = CliRunner().invoke(savings, ["--data-dir", str(empty)])

    assert isinstance(factors.exception, CarbonFileError)
    assert isinstance(nothing.exception, NothingMeasuredError)
