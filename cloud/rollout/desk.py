"""The desk of trials: begins them, keeps what is known of them, and carries out what is judged.

What it decides is stored before anybody acts on it: a home that left a trial does not come back by a restart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, TypeAlias

import structlog

from cloud.ports.records import ADVISOR_PK, TRIAL_PREFIX, TRIAL_SK, DayRecord, TrialRecord
from cloud.ports.state import Put, StateStore
from cloud.rollout.cohort import HomePlace
from cloud.rollout.gross import gross_harm
from cloud.rollout.judge import Judgement, judge_canary, judge_shadow, newest_whole_day
from cloud.rollout.outcomes import BEFORE_DAYS
from cloud.rollout.sequential import HarmBudget
from cloud.serving import Profile, Serving

TrialStage: TypeAlias = Literal["shadow", "canary"]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """What was agreed before any trial.

    Attributes:
        share_ratio: Of the homes that try a challenger.
        budget: Of false alarms.
    """

    share_ratio: float = 0.2
    budget: HarmBudget = field(default_factory=HarmBudget)


@dataclass(frozen=True, slots=True)
class RolloutDesk:
    """Trials in the serving state.

    Attributes:
        store: Where they are kept.
        settings: What was agreed.
    """

    store: StateStore
    settings: RolloutSettings

    def begin(self, version: str, champion: str, stage: TrialStage, at: datetime) -> TrialRecord:
        """The trial of a version at a stage; one that is known goes on where it stands, or stays ended.

        Beside another champion it begins anew, in the same homes.
        """
        known = Serving(self.store, 0).trial(version)
        if known is not None and (known.ended or (known.champion, known.stage) == (champion, stage)):
            return self._keep(known)
        before = known if known is not None and known.stage == stage else None
        trial = TrialRecord(
            version=version,
            champion=champion,
            stage=stage,
            seed=version,
            share_ratio=max(self.settings.share_ratio, 0.0 if before is None else before.share_ratio),
            since=at,
            withdrawn={} if before is None else before.withdrawn,
        )
        self._keep(trial)
        log.info("trial_begun", version=version, stage=stage, share_ratio=trial.share_ratio)
        return trial

    def end(self, trial: TrialRecord, reason: str) -> TrialRecord:
        """Nobody tries it any more."""
        return self._keep(trial.model_copy(update={"ended": reason}))

    def glance(
        self, trial: TrialRecord, profiles: Sequence[Profile], days: Sequence[DayRecord]
    ) -> TrialRecord:
        """End a trial that does gross harm on the day that goes on; `days` are that of each device."""
        places = {each.device_id: HomePlace.of(each) for each in profiles}
        why = gross_harm(days, places, trial, self.settings.budget)
        return trial if why is None else self.end(trial, why)

    def judge(
        self, trial: TrialRecord, profiles: Sequence[Profile], now: datetime
    ) -> tuple[TrialRecord, Judgement]:
        """Look at the newest whole day, once."""
        last = newest_whole_day(now)
        if trial.ended is not None or last <= trial.since.date() or trial.looked == last:
            return trial, Judgement("go on", "nothing new")
        days = self._days(profiles, trial.since.date())
        places = {each.device_id: HomePlace.of(each) for each in profiles}
        assignment = Serving(self.store, 0).assignment()
        found = (
            judge_shadow(days, trial, last)
            if trial.stage == "shadow"
            else judge_canary(days, places, trial, last, self.settings.budget, assignment)
        )
        changes: dict[str, object] = {"looked": last, "reason": found.reason, "seen": dict(found.document)}
        if found.way == "withdraw":
            changes["withdrawn"] = {**trial.withdrawn, **dict.fromkeys(found.homes, found.reason)}
        if found.way == "end":
            changes["ended"] = found.reason
        log.info("trial_judged", version=trial.version, way=found.way, reason=found.reason)
        return self._keep(trial.model_copy(update=changes)), found

    def _days(self, profiles: Sequence[Profile], since: date) -> list[DayRecord]:
        serving, first = Serving(self.store, 0), date.fromordinal(since.toordinal() - BEFORE_DAYS)
        return [day for profile in profiles for day in serving.days(profile.device_id, first)]

    def _keep(self, trial: TrialRecord) -> TrialRecord:
        body, places = trial.model_dump(mode="json"), (TRIAL_SK, f"{TRIAL_PREFIX}{trial.version}")
        self.store.transact([Put(ADVISOR_PK, place, body) for place in places])
        return trial
