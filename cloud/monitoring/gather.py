"""Gathering: reads by ports what a round of monitoring goes by."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from cloud.drift.cohorts import cohorts_of
from cloud.errors import NotFoundError
from cloud.monitoring.facts import DeviceFacts, FleetFacts, first_day, largest
from cloud.ports.models import ModelCatalogue
from cloud.ports.records import TrialRecord
from cloud.ports.state import StateStore
from cloud.serving import Profile, Serving
from cloud.training_schedule import Entry, Looked, TrainingSchedule
from edge.contract import DeviceId

LOOKED_WITHIN: Final = timedelta(days=2)
"""What a look saw before that is old news."""

JOURNAL: Final = 200
"""Entries that are looked at: a job that fails is tried again every hour, so these are four days at least."""

UNSETTLED: Final = ("begun", "failed", "given up")
"""How outcomes in the journal begin after which nothing has been learnt."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where facts come from.

    Attributes:
        state: Homes, advice, days, what the advisor and the training schedule keep.
        models: The registry.
        newest: When each device's newest reading was taken.
        now: The wall clock (UTC).
        clock: What time it is for the fleet: the wall clock's, or that of the newest reading.
    """

    state: StateStore
    models: ModelCatalogue
    newest: Callable[[], Mapping[DeviceId, datetime]]
    now: Callable[[], datetime]
    clock: Literal["wall", "telemetry"] = "wall"


def gather(sources: Sources) -> FleetFacts:
    """All facts of now.

    Raises:
        UnavailableError: A store does not answer.
        RejectedError: The registry was altered.
    """
    serving, newest, at = Serving(sources.state, 0), sources.newest(), sources.now()
    profiles = serving.profiles()
    heard = [newest[device_id] for device_id in profiles if device_id in newest]
    fleet_at = max(heard, default=at) if sources.clock == "telemetry" else at
    devices = {name: _device(serving, profile, newest, fleet_at) for name, profile in profiles.items()}
    champion, trial = sources.models.resolve("champion"), serving.trial()
    serves = {each.advice.champion for each in devices.values() if each.advice is not None}
    progress, _ = serving.progress()
    schedule = TrainingSchedule(sources.state, sources.now)
    looked = schedule.read()[0].looked
    return FleetFacts(
        at=at,
        fleet_at=fleet_at,
        devices=devices,
        cohorts=largest(cohorts_of({name: each.installation for name, each in profiles.items()})),
        model_ages=_ages(sources.models, serves, at, fleet_at),
        champion=champion,
        trial=_told(trial),
        advised_up_to=progress.watermark,
        trained_at=_trained_at(schedule.journal(JOURNAL)),
        drift=_drift(looked, at),
    )


def _device(
    serving: Serving, profile: Profile, newest: Mapping[DeviceId, datetime], fleet_at: datetime
) -> DeviceFacts:
    name = profile.device_id
    days = serving.days(name, first_day(fleet_at))
    return DeviceFacts(profile.autonomy, newest.get(name), serving.advice(name), tuple(days))


def _told(trial: TrialRecord | None) -> str | None:
    return None if trial is None or trial.ended is not None else f"{trial.version} ({trial.stage})"


def _ages(
    models: ModelCatalogue, versions: Iterable[str], at: datetime, fleet_at: datetime
) -> dict[str, timedelta]:
    """The shipped version's data are of no fleet: it is as old as its service here."""
    ages = dict[str, timedelta]()
    for version in versions:
        try:
            lineage = models.lineage(version)
        except NotFoundError:  # pruned meanwhile
            continue
        if lineage.kind == "base":
            began = [move.at for move in models.history() if move.aliases.get("champion") == version]
            ages[version] = at - min(began, default=at)
        else:
            ages[version] = fleet_at - lineage.data_end
    return ages


def _trained_at(journal: Sequence[Entry]) -> datetime | None:
    """When a look last went well; one whose job has failed has not. None: nobody looks here."""
    settled = [entry.at for entry in journal if not entry.outcome.startswith(UNSETTLED)]
    return max(settled, default=journal[0].at if journal else None)


def _drift(looked: Looked | None, at: datetime) -> Mapping[str, Mapping[str, float]]:
    found = defaultdict[str, dict[str, float]](dict)
    if looked is not None and at - looked.at <= LOOKED_WITHIN:
        for key, value in looked.values.items():
            trigger, cohort, subject = key.split("/", 2)
            found[cohort]["/".join(filter(None, (trigger, subject)))] = value
    return found
