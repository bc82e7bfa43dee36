"""SIGKILL anywhere between training, trial and promotion: the registry is whole, somebody always serves."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest

from cloud.adapters.lake_files import LocalFiles
from cloud.adapters.model_seal import Seal
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.champion import Champion
from cloud.model_retention import ALIASES
from cloud.ports.models import Note
from cloud.rollout.desk import RolloutDesk, RolloutSettings
from cloud.serving import Serving

STAGES = ("champion", "shadow", "canary")
KEY = "a key that nobody would ever guess, of a test"

NURSERY = """
import logging, os, sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import structlog

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.champion import Champion, package_reservoir
from cloud.config import CloudSettings
from cloud.faulty_days import no_faulty_days
from cloud.finetuning import Round
from cloud.gate.verdict import Verdict
from cloud.model_retention import Retention
from cloud.ports.models import Note, StoredVersion
from cloud.rollout.desk import RolloutDesk, RolloutSettings
from cloud.training import TrainingParams, train
from cloud.trees import TreeParams
from cloud.wiring.registry import open_registry, serving_champion
from cloud.wiring.trial import ChallengerWatch
from infra.local.model_reports import pruned
from infra.local.training_data import TrainingData
from infra.local.training_job import keep, lineage_of, next_name

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
HOME, PHASES = Path(sys.argv[1]), open(sys.argv[2], "a", buffering=1)
NOTE = Note("a mortal", "as long as it lives")
SMALL = TreeParams(trees=2, leaves=4, threads=1)
PARAMS = TrainingParams(SMALL, SMALL)
HOURS = package_reservoir()


def phase(name):
    PHASES.write(f"{os.getpid()} {name}\\n")


def roll_out(registry, version, champion):
    # as the advisor does: what it decides is stored before it is moved
    desk = RolloutDesk(SqliteStateStore(HOME / "state.sqlite"), RolloutSettings())
    now = datetime.now(UTC)
    phase("waiting")
    registry.put(version, "waiting", NOTE)
    for stage in ("shadow", "canary"):
        phase(stage)
        registry.put(version, stage, NOTE)
        trial = desk.begin(version, champion, stage, now)
    phase("all")
    if int(version[-1]) % 2:
        registry.promote(version, NOTE, over=champion)
    else:
        desk.end(trial, "harm")
        registry.put(version, "rejected", NOTE)


def go_on(registry):
    # as an advisor that is started anew: it takes up who waits, and goes on with who is on trial
    serving = serving_champion(registry)
    watch = ChallengerWatch(registry, lambda stored, _: Champion.from_stored(stored))
    found = watch.challenger(serving)
    if found is None:
        return
    desk = RolloutDesk(SqliteStateStore(HOME / "state.sqlite"), RolloutSettings())
    version = found.models.version
    trial = desk.begin(version, serving.version, found.stage, datetime.now(UTC))
    desk.end(trial, trial.ended or "its advisor was killed")
    registry.put(version, "rejected", NOTE)


def live():
    registry = open_registry(CloudSettings(data_dir=HOME))
    go_on(registry)
    while True:
        phase("train")
        champion = serving_champion(registry)
        version = next_name(registry, "train")
        challenger = replace(train(HOURS, PARAMS, version), presence=champion.presence)
        verdict = Verdict(promote=True, reason="a test")
        made = Round(challenger, verdict, {"figure": 1.0}, len(HOURS), refitted=False)
        data = TrainingData(HOURS, no_faulty_days(), 1, None, None)
        lineage = lineage_of(made, data, "train", PARAMS, champion.version)
        phase("register and promote")
        if os.urandom(1)[0] % 2:
            keep(registry, lineage, made)
        else:
            registry.add(StoredVersion(lineage, challenger.to_files()), NOTE)
            roll_out(registry, version, champion.version)
        phase("roll back")
        if registry.resolve("champion") == version:
            registry.roll_back(NOTE, of=version)
        phase("prune")
        pruned(HOME, Retention(newest=2, days=0), NOTE, dry_run=False)


for _ in sys.stdin:
    mortal = os.fork()
    if mortal == 0:
        live()
    os.waitpid(mortal, 0)
    print("buried", flush=True)
"""
"""Bears one process after the other, each of which trains, registers, promotes, rolls back and prunes."""

PHASES = ("train", "register and promote", "waiting", "shadow", "canary", "all", "roll back", "prune")


def registry(home: Path, later: timedelta = timedelta(0)) -> StoredModelRegistry:
    return StoredModelRegistry(
        LocalFiles(home / "models"), Seal(KEY.encode()), lambda: datetime.now(UTC) + later
    )


@dataclass
class Reader:
    """Asks for the champion all the time, as an advisor that starts again and again would."""

    home: Path
    loads: int = 0
    failures: list[str] = field(default_factory=list[str])
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._stop.wait(0.02):
            try:
                view = registry(self.home)
                champion = view.resolve("champion")
                if champion is not None:
                    view.load(champion)
                    self.loads += 1
            except Exception as error:  # noqa: BLE001 (whatever it is, it is a failure)
                self.failures.append(repr(error))


@dataclass
class Nursery:
    """Mortals, one after the other.

    Attributes:
        home: Their data directory.
        phases: Where each says what it is about to do.
    """

    home: Path
    phases: Path
    process: "subprocess.Popen[str]"

    def kill_one(self, chance: random.Random) -> str:
        """Let one live and kill it in a phase by lot; returns what it was doing."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        begin = self.phases.stat().st_size
        self.process.stdin.write("live\n")
        self.process.stdin.flush()
        turns, wanted = chance.randint(1, 2), chance.choice(PHASES)
        self._wait_for(wanted, turns, begin)
        time.sleep(chance.uniform(0.0, 0.06 if wanted == "train" else 0.02))
        with self.phases.open() as said:
            said.seek(begin)
            pid = int(said.readline().split()[0])
        os.kill(pid, signal.SIGKILL)
        assert self.process.stdout.readline() == "buried\n"
        return self.phases.read_text().splitlines()[-1].split(" ", 1)[1]

    def _wait_for(self, phase: str, turns: int, begin: int) -> None:
        deadline = time.monotonic() + 60
        while self.phases.read_text()[begin:].count(phase) < turns:
            assert time.monotonic() < deadline, f"no {phase} within a minute"
            time.sleep(0.0005)


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    phases = tmp_path / "phases"
    phases.touch()
    command = [sys.executable, "-c", NURSERY, str(tmp_path), str(phases)]
    environment = {**os.environ, "CLOUD_MODELS_KEY": KEY, "OMP_NUM_THREADS": "1"}  # noqa: TID251 (for a child)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
        yield Nursery(tmp_path, phases, process)


def require_whole(home: Path) -> str:
    """Check all that must hold whoever was killed; returns who serves."""
    view = registry(home)
    champion = view.resolve("champion")
    moves = view.history()
    assert champion is not None
    resolved = {alias: view.resolve(alias) for alias in ALIASES}
    assert moves[-1].aliases == {alias: name for alias, name in resolved.items() if name is not None}
    assert [move.number for move in moves] == list(range(1, len(moves) + 1))
    by_stage = {stage: [name for name, own in view.stages().items() if own == stage] for stage in STAGES}
    assert by_stage["champion"] == [champion]
    challenger = view.resolve("challenger")
    assert by_stage["shadow"] + by_stage["canary"] == ([] if challenger is None else [challenger])
    require_trials_agree(home, view)
    for version in view.stages():
        assert Champion.from_stored(view.load(version)).version == version
    return champion


def require_trials_agree(home: Path, view: StoredModelRegistry) -> None:
    """A trial that was ended is not gone on with; one that goes on is of the version that is on trial."""
    if not (home / "state.sqlite").exists():
        return
    store = SqliteStateStore(home / "state.sqlite")
    serving, stages = Serving(store, 0), view.stages()
    for version, stage in stages.items():
        trial = serving.trial(version)
        if stage in ("shadow", "canary") and trial is not None and trial.ended:
            champion = str(view.resolve("champion"))
            desk = RolloutDesk(store, RolloutSettings())
            assert desk.begin(version, champion, stage, datetime.now(UTC)).ended == trial.ended
        if stage == "champion" and trial is not None:
            assert trial.ended is None
    store.close()


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_killed_anywhere_the_registry_is_whole_and_the_old_champion_serves(
    nursery: Nursery, kills: int
) -> None:
    chance, found = random.Random(kills), Counter[str]()  # noqa: S311 (no secret)

    with Reader(nursery.home) as reader:
        for _ in range(kills):
            found[nursery.kill_one(chance)] += 1
            champion = require_whole(nursery.home)
            assert champion.startswith(("base-", "train-"))
    registry(nursery.home, timedelta(hours=2)).remove([], Note("the test", "what the killed have left"))

    print(f"{kills} kills: {dict(found)}; {reader.loads} loads of the champion meanwhile")
    assert reader.failures == []
    assert reader.loads > kills
    folders = {path.name for path in (nursery.home / "models" / "versions").iterdir()}
    assert folders == set(registry(nursery.home).stages())
    coming = registry(nursery.home).history()[-1].number + 1  # somebody may be about to make it
    left = [path.name for path in (nursery.home / "models").rglob("*.new")]
    assert all(name.startswith(f".{coming:012d}.json.") for name in left)
    if kills >= len(PHASES) * 7:
        assert set(found) == set(PHASES)
