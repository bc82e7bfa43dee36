"""The training desk on a lake: looks, trains, finds what a killed job has made, and says why."""

import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.monitoring.round import newest_report
from cloud.ports.models import Note, StoredVersion
from cloud.training_rounds import Wish
from cloud.training_schedule import Job
from cloud.triggers import Memory, by_command
from cloud.wiring.registry import open_registry
from device_sim.fleet import FleetSpec
from infra.local import trainer
from infra.local.cli import commands
from infra.local.listings import NothingThereError
from infra.local.sim import simulate
from infra.local.sim_plan import SimPlan
from infra.local.training_desk import LocalDesk, standing, take_turn_in
from infra.local.training_job import rebuild

START = datetime(2025, 7, 1, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten homes of three weeks."""
    fleet = FleetSpec(10, seed=3, start=START, step_s=900, split="train")
    plan = SimPlan(tmp_path_factory.mktemp("desk") / "homes", fleet, 21)
    simulate(plan, lambda _done, _total: None)
    return plan.out


def test_the_first_look_trains_and_the_next_is_not_due(data_dir: Path) -> None:
    done = take_turn_in(data_dir, None)

    assert done is not None
    assert (done["trigger"], done["update"]) == ("data", "fine_tune")
    assert take_turn_in(data_dir, None) is None
    lineage = open_registry(CloudSettings(data_dir=data_dir)).lineage(done["version"])
    assert (lineage.job, lineage.trigger) == (done["job_id"], "data")
    assert lineage.reason.endswith("hours have come, and nothing was learnt from them yet")
    known = standing(data_dir)
    assert [entry["outcome"] for entry in known["journal"]] == ["begun", done["reason"]]
    assert known["running"] is None


def test_a_hot_fix_by_hand_adds_few_trees_and_can_be_made_again(data_dir: Path) -> None:
    registry = open_registry(CloudSettings(data_dir=data_dir))

    done = take_turn_in(data_dir, Wish("hot_fix", "filters are clogged"))

    assert done is not None
    lineage = registry.lineage(done["version"])
    assert (lineage.kind, lineage.trigger, lineage.reason) == ("hot_fix", "manual", "filters are clogged")
    assert set(rebuild(data_dir, done["version"]).identical.values()) == {True}


def test_what_a_job_had_made_before_it_was_killed_counts(data_dir: Path) -> None:
    desk, registry = LocalDesk(data_dir), open_registry(CloudSettings(data_dir=data_dir))
    decision = by_command("fine_tune", "once", Memory())
    job = Job(job_id="twice", decision=decision, began_at=START)
    champion = registry.load(registry.resolve("champion") or "")
    half = champion.lineage.model_copy(update={"version": "half-made", "job": "twice"})
    registry.add(StoredVersion(half, champion.files), Note("a test", "killed before the gate"))

    made, again = desk.train(job), desk.train(job)

    assert registry.stages()["half-made"] == "retired"
    assert again.version == made.version
    assert again.outcome.endswith("before its job was killed")
    assert sum(registry.lineage(version).job == "twice" for version in registry.stages()) == 2


def test_the_trainer_has_done_what_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "LOOK_S", 0.1)
    stop = threading.Event()
    thread = threading.Thread(target=trainer.run, args=(tmp_path, stop))

    thread.start()
    deadline = time.monotonic() + 60
    while not standing(tmp_path)["journal"] and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    thread.join()

    (entry,) = standing(tmp_path)["journal"]
    assert (entry["outcome"], entry["reason"]) == ("nothing to do", "none of 0 signals is news")
    assert not (tmp_path / "run" / "trainer.ready").exists()
    with closing(SqliteStateStore(tmp_path / "state.sqlite")) as state:
        assert newest_report(state) is not None  # it has monitored beside


def test_where_nothing_has_run_nothing_was_decided_and_nothing_is_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(commands, ["triggers", "--data-dir", str(tmp_path)])

    assert isinstance(done.exception, NothingThereError)
    assert list(tmp_path.iterdir()) == []
