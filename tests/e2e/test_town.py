import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.home_state import load
from cloud.ports.records import DEVICES_PK, device_pk
from infra.local.broker import free_ports
from infra.local.lake_count import rows_in_lake, seal
from infra.local.town import Town, TownPlan


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    web_port, mqtt_port = free_ports(2)
    plan = TownPlan(tmp_path / "town", web_port, mqtt_port, homes=8, days=12, seed=7)
    town = Town(plan, dict(os.environ))  # noqa: TID251 (handed to children)
    yield town
    town.close()


def _kill(town: Town, name: str) -> None:
    """Kill a process that serves; one that is still coming up after the last kill is waited for first."""
    process = town.stack.supervisor.worker(name)
    while not process.is_ready():
        town.idle(0.05)
    process.kill()


def _require_all_there(town: Town) -> None:
    town.catch_up()
    data_dir = town.stack.settings.data_dir
    seal(data_dir, town.stack.supervisor.worker("ingest"))
    assert town.published == rows_in_lake(data_dir) + town.lockstep.refused()


def test_everything_published_is_in_the_lake_once_though_ingest_edge_and_broker_are_killed(
    town: Town,
) -> None:
    town.open()
    victims = {2: "ingest", 4: "ingest", 6: "edge", 8: "broker"}

    for day in town.live(10):
        if day in victims:
            _kill(town, victims.pop(day))

    assert victims == {}
    _require_all_there(town)
    restarts = {name: town.stack.supervisor.worker(name).restarts for name in ("ingest", "edge", "broker")}
    assert restarts["ingest"] >= 2  # on a busy machine one may have to be started once more
    assert restarts["edge"] >= 1
    assert restarts["broker"] >= 1


def test_the_demo_says_what_it_did_and_keeps_its_promises(tmp_path: Path) -> None:
    summary_path = tmp_path / "summary.json"
    web_port, mqtt_port = free_ports(2)
    command = [sys.executable, "-m", "infra.local", "demo", "--exit", "--json", str(summary_path)]
    sizes = ["--homes", "12", "--learning-days", "7", "--search-days", "1", "--advised-days", "2"]
    places = [
        "--data-dir",
        str(tmp_path / "demo"),
        "--web-port",
        str(web_port),
        "--mqtt-port",
        str(mqtt_port),
    ]

    done = subprocess.run(
        [*command, *sizes, *places], capture_output=True, text=True, check=False, timeout=240
    )

    assert done.returncode == 0, done.stderr
    summary = json.loads(summary_path.read_text())
    kept = summary["readings_in_lake"] + summary["readings_dead_lettered"]
    assert summary["readings_published"] == kept == 12 * 10 * 288
    assert summary["readings_dead_lettered"] > 0
    assert summary["advice_served"] > 0
    assert len(summary["model_versions"]) == 3
    assert summary["seconds_to_first_advice"] < 60
    assert "At habit" in done.stdout or "at habit" in done.stdout
    assert min(_hours_foreseen(tmp_path / "demo")) > 24


def _hours_foreseen(data_dir: Path) -> Iterator[int]:
    """How many hours of weather each device's advisor knew ahead when it decided last."""
    state = SqliteStateStore(data_dir / "state.sqlite")
    for pointer in state.query(DEVICES_PK):
        item = state.get(device_pk(pointer.sk), "advisor_state")
        assert item is not None
        home, *_ = load(base64.b64decode(item.body["advisor"]))
        yield len(home.forecast)
    state.close()
