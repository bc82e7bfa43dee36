"""The advisor's trials: which challenger the registry has on trial, and what became of it.

The registry is asked in a thread of its own: who decides does not wait for one on the network.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import structlog

from cloud.advisor_panel import Trial
from cloud.advisor_seat import Advisors
from cloud.advisor_worker import AdvisorWorker
from cloud.champion import Champion, package_reservoir
from cloud.energy import usable_energy_hours
from cloud.errors import CloudError, RejectedError
from cloud.gate.sanity import unfitness
from cloud.ports.models import ModelRegistry, Note, StoredVersion
from cloud.rollout.desk import RolloutDesk, TrialStage
from cloud.rollout.gross import LOOK_EVERY
from cloud.wiring.registry import PATIENCE_S

BY = "advisor"
"""By whom a trial's moves are in the registry's history."""

Move: TypeAlias = Callable[[ModelRegistry], None]

Admit: TypeAlias = Callable[[StoredVersion, Champion], Champion]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Challenger:
    """A version that may be tried."""

    stage: TrialStage
    models: Champion


class NotFitError(RejectedError):
    """A version may not be tried."""

    def __init__(self, why: str) -> None:
        super().__init__(f"not fit to be tried: {why}")


def examined(stored: StoredVersion, serving: Champion) -> Champion:
    """The models of a version, if they may be tried beside `serving`.

    Raises:
        NotFitError: They may not.
    """
    try:
        models = Champion.from_stored(stored)
    except RejectedError as error:
        raise NotFitError(str(error)) from error
    why = unfitness(models, serving, usable_energy_hours(package_reservoir()), time.thread_time)
    if why is not None:
        raise NotFitError(why)
    return models


class ChallengerWatch:
    """Sees the challenger of a registry, rejects what may not be tried, and makes the moves of trials.

    Args:
        registry: Where it looks.
        admit: Gives the models of a version, or says by `NotFitError` why they may not be tried.
    """

    def __init__(self, registry: ModelRegistry, admit: Admit = examined) -> None:
        self._registry = registry
        self._admit = admit
        self._look: threading.Thread | None = None
        self._moves: list[Move] = []
        self._found: Challenger | None = None
        self._complaint = ""

    def challenger(self, serving: Champion) -> Challenger | None:
        """Who is on trial, as of the last look that is over; the first one is waited for.

        Homes that try it must not have another version meanwhile, because the advisor was started anew.
        """
        patience_s = None if self._look is None else PATIENCE_S
        if self._look is None or not self._look.is_alive():
            self._look = threading.Thread(target=self._turn, args=(serving,), daemon=True)
            self._look.start()
        self._look.join(patience_s)
        return self._found

    def make(self, move: Move, *, ends: bool) -> None:
        """Let a move be made at the next look; if it `ends` the trial nobody is on trial until then."""
        self._moves.append(move)
        if ends:
            self._found = None

    def _turn(self, serving: Champion) -> None:
        try:
            while self._moves:
                self._make(self._moves[0])
                self._moves.pop(0)
            self._found = self._seen(serving)
            self._complaint = ""
        except CloudError as error:
            if str(error) != self._complaint:
                log.warning("challenger_not_followed", reason=str(error))
            self._complaint = str(error)

    def _make(self, move: Move) -> None:
        try:
            move(self._registry)
        except RejectedError as error:  # somebody else has decided otherwise meanwhile
            log.warning("move_refused", reason=str(error))

    def _seen(self, serving: Champion) -> Challenger | None:
        version, stages, known = self._registry.resolve("challenger"), self._registry.stages(), self._found
        if version is None and "waiting" in stages.values():
            version = self._take_up(next(name for name, stage in stages.items() if stage == "waiting"))
            stages = self._registry.stages()
        if known is not None and stages.get(known.models.version) == "champion":
            return known  # it was promoted: its homes keep it until all have it
        stage = None if version is None else stages.get(version)
        if version is None or stage not in ("shadow", "canary"):
            return None
        if known is not None and known.models.version == version:
            return known if known.stage == stage else Challenger(stage, known.models)
        try:
            return Challenger(stage, self._admit(self._registry.load(version), serving))
        except RejectedError as error:
            log.error("challenger_refused", version=version, reason=str(error))  # noqa: TRY400 (one clear line)
            self._registry.put(version, "rejected", Note(BY, str(error)))
            return None

    def _take_up(self, waiting: str) -> str | None:
        """Let who waited be tried, unless it was judged against a champion that does not serve any more."""
        judged_against, champion = self._registry.lineage(waiting).parent, self._registry.resolve("champion")
        if judged_against == champion:
            self._registry.put(waiting, "shadow", Note(BY, "nobody else is on trial any more"))
            return waiting
        why = f"it was judged against {judged_against}, and {champion} serves now"
        self._registry.put(waiting, "retired", Note(BY, why))
        return None


@dataclass(slots=True)
class Trials:
    """Keeps the worker's trial as the registry has it, and the registry as the trial went.

    Attributes:
        watch: Sees the challenger.
        desk: Begins and judges trials.
        make: Advisors of a version.
        glanced: When the day that goes on was looked at last, in the worker's clock.
    """

    watch: ChallengerWatch
    desk: RolloutDesk
    make: Callable[[Champion], Advisors]
    glanced: datetime | None = None

    def follow(self, worker: AdvisorWorker, serving: Champion) -> None:
        """Do what is to be done now; called about once a second."""
        trial = worker.trial
        if trial is not None and trial.fault is not None:
            self._reject(worker, trial, trial.fault, {})
            return
        found = self.watch.challenger(serving)
        if found is None or found.models.version == serving.version:
            if trial is not None:
                worker.try_out(None)
            return
        if trial is None or (trial.record.version, trial.record.stage) != (found.models.version, found.stage):
            trial = self._begin(worker, found, serving)
        self._judge(worker, trial)

    def _begin(self, worker: AdvisorWorker, found: Challenger, serving: Champion) -> Trial:
        record = self.desk.begin(found.models.version, serving.version, found.stage, worker.now)
        trial = Trial(record, self.make(found.models))
        worker.try_out(trial)
        return trial

    def _judge(self, worker: AdvisorWorker, trial: Trial) -> None:
        if self.glanced is None or worker.now - self.glanced >= LOOK_EVERY:
            self.glanced = worker.now
            trial.record = self.desk.glance(trial.record, worker.profiles, worker.days_so_far)
        before = trial.record
        trial.record, found = self.desk.judge(before, worker.profiles, worker.now)
        version, note = before.version, Note(BY, found.reason, dict(found.document))
        if trial.record.ended is not None:
            self._reject(worker, trial, trial.record.ended, dict(found.document))
        elif found.way == "withdraw":
            worker.try_out(trial)
        elif found.way == "pass" and before.stage == "shadow":
            self.watch.make(lambda registry: registry.put(version, "canary", note), ends=False)
        elif found.way == "pass":
            over = before.champion
            self.watch.make(lambda registry: registry.promote(version, note, over=over), ends=False)

    def _reject(self, worker: AdvisorWorker, trial: Trial, why: str, document: dict[str, str]) -> None:
        """Everybody is with the champion again, and it is written down why."""
        self.desk.end(trial.record, why)
        worker.try_out(None)
        version, note = trial.record.version, Note(BY, f"rolled back: {why}", document)
        self.watch.make(lambda registry: registry.put(version, "rejected", note), ends=True)
