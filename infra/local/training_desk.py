"""The training desk of one machine: looks at the newest weeks of the lake, and trains in this process."""

import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cloud.adapters.duckdb_hours import hours_frame
from cloud.advice import Installation
from cloud.champion import Champion
from cloud.config import CloudSettings
from cloud.drift.cohorts import FLEET, cohorts_of, region_of
from cloud.drift.faults import comparable, faults
from cloud.drift.signals import LOOK_DAYS, Fleet, look
from cloud.energy import usable_energy_hours
from cloud.faulty_days import flagged_days, joined, no_faulty_days, odd_outdoor_days, without
from cloud.ports.models import Lineage, ModelRegistry, Note
from cloud.serving import Serving
from cloud.training import MIN_ROWS
from cloud.training_rounds import Made, Wish, take_turn
from cloud.training_schedule import Job, Learnt, TrainingSchedule
from cloud.trees import MAX_TREES
from cloud.triggers import Memory, Signal
from cloud.wiring.lake import open_lake
from cloud.wiring.registry import open_registry, serving_champion
from cloud.wiring.state import open_state
from infra.local.training_data import LEAD_DAYS
from infra.local.training_job import JOB, Occasion, Outcome, run_job

MOST_HOMES: Final = 400
"""So many homes are looked at, drawn by a digest of their ids: more would tell the same in more time."""

ENOUGH: Final = 2 * MIN_ROWS
"""Hours from which on a fleet may be learnt from for the first time: half of them are held out [hours]."""

NEW_SHARE: Final = 0.5
"""New hours, over those that the newest job has learnt from, which ask for another one [ratio]."""

ORPHAN: Final = "its job was killed before it was judged"


@dataclass(slots=True)
class LocalDesk:
    """Lake, registry and serving state below one folder.

    Attributes:
        data_dir: The folder.
        outcome: What the newest job has made.
    """

    data_dir: Path
    outcome: Outcome | None = field(default=None)

    def look(self, memory: Memory, learnt: Learnt | None) -> tuple[Sequence[Signal], int]:
        """All signals, and how many trees a hot-fix could add."""
        champion = serving_champion(self._registry())
        room = MAX_TREES - champion.energy.trees.count
        installations = _some(self._installations())
        hours, faulty = self._hours(installations)
        if not len(hours):
            return [], room
        fleet = _fleet(hours, installations, champion, memory)
        return signals_of(fleet, faulty, learnt), room

    def train(self, job: Job) -> Made:
        """Train, or find what the job had made before it was killed."""
        registry = self._registry()
        if (made := _made_before(registry, job.job_id)) is not None:
            return made
        assert job.decision.update is not None  # noqa: S101 (a job has one)
        occasion = Occasion(job.job_id, job.decision.trigger, job.decision.reason)
        self.outcome = run_job(self.data_dir, job.decision.update, occasion)
        lineage = registry.lineage(self.outcome.version)
        return Made(lineage.version, self.outcome.reason, _learnt(lineage))

    def _registry(self) -> ModelRegistry:
        return open_registry(CloudSettings(data_dir=self.data_dir))

    def _installations(self) -> Mapping[str, Installation]:
        with closing(open_state(CloudSettings(data_dir=self.data_dir))) as store:
            profiles = Serving(store, 0).profiles()
        return {device_id: profile.installation for device_id, profile in profiles.items()}

    def _hours(self, installations: Mapping[str, Installation]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Those that are looked at, and which of their days are faulty."""
        lake = open_lake(CloudSettings(data_dir=self.data_dir)).snapshot()
        newest = max(lake.days(), default=None)
        if newest is None or not installations:
            return pd.DataFrame(), no_faulty_days()
        midnight = datetime(newest.year, newest.month, newest.day, tzinfo=UTC)
        start = midnight - timedelta(days=LOOK_DAYS + LEAD_DAYS)
        known = pa.array(list(installations), pa.string())
        longitudes_deg = {device_id: each.longitude_deg for device_id, each in installations.items()}
        parts, flagged = list[pd.DataFrame](), list[pd.DataFrame]()
        for part in lake.parts(start, midnight + timedelta(days=1)):
            if (some := part.filter(pc.is_in(part["device_id"], known))).num_rows:
                parts.append(hours_frame(some, longitudes_deg))
                flagged.append(flagged_days(some))
        if not parts:
            return pd.DataFrame(), no_faulty_days()
        hours = pd.concat(parts, ignore_index=True)
        hours = hours[hours["hour_end_at"] > start + timedelta(days=LEAD_DAYS)]
        regions = {device_id: region_of(each) for device_id, each in installations.items()}
        return hours, joined([*flagged, odd_outdoor_days(hours, regions)])


def take_turn_in(data_dir: Path, wish: Wish | None) -> dict[str, Any] | None:
    """One turn of the schedule of a data directory; what came of it, None if it was nobody's turn.

    Raises:
        CloudError: The job failed.
    """
    desk = LocalDesk(data_dir)
    with closing(open_state(CloudSettings(data_dir=data_dir))) as store:
        entry = take_turn(TrainingSchedule(store, utc_now), desk, wish)
    if entry is None:
        return None
    return entry.model_dump(mode="json") | ({} if desk.outcome is None else asdict(desk.outcome))


def standing(data_dir: Path) -> dict[str, Any]:
    """The journal and what is remembered, as JSON."""
    with closing(open_state(CloudSettings(data_dir=data_dir))) as store:
        schedule = TrainingSchedule(store, utc_now)
        known, _ = schedule.read()
        journal = [entry.model_dump(mode="json") for entry in schedule.journal()]
    said = known.model_dump(mode="json")
    quiet = said["memory"]["quiet"]
    return {
        "journal": journal,
        "next_look_at": said["next_look_at"],
        "alarms": {key: since for key, since in quiet.items() if key.startswith("faults/")},
        "quiet": quiet,
        "learnt": said["learnt"],
        "running": said["running"],
    }


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def signals_of(fleet: Fleet, faulty: pd.DataFrame, learnt: Learnt | None) -> list[Signal]:
    """Everything that triggers are asked about; what cannot be true is an alarm, and no drift.

    Args:
        fleet: With the hours of faulty days.
        faulty: `cloud.faulty_days.COLUMNS`.
        learnt: What the newest job has learnt from.
    """
    sound, _ = without(fleet.hours, faulty)
    alike, alarms = comparable(fleet.hours, faulty), faults(fleet.cohorts, fleet.hours, faulty)
    return [*of_time(sound, learnt), *look(replace(fleet, hours=alike)), *alarms]


def of_time(hours: pd.DataFrame, learnt: Learnt | None) -> list[Signal]:
    """What has come since the newest job, and how long ago that was, by the fleet's own time."""
    usable = usable_energy_hours(hours)["hour_end_at"]
    if learnt is None:
        words = f"{len(usable)} hours have come, and nothing was learnt from them yet"
        return [_signal("data", len(usable) / ENOUGH, words)]
    new = int((usable > learnt.data_end).sum())
    age_days = (hours["hour_end_at"].max() - learnt.data_end) / timedelta(days=1)
    return [
        _signal("data", new / (NEW_SHARE * learnt.hours), f"{new} new hours after {learnt.hours}"),
        _signal("age", age_days, f"the newest data learnt from are {age_days:.1f} days old"),
    ]


def _signal(trigger: Any, value: float, words: str) -> Signal:  # noqa: ANN401 (pydantic checks it)
    return Signal(trigger=trigger, cohort=FLEET, subject="", value=value, words=words)


def _fleet(
    hours: pd.DataFrame, installations: Mapping[str, Installation], champion: Champion, memory: Memory
) -> Fleet:
    regions = {device_id: region_of(each) for device_id, each in installations.items()}
    return Fleet(hours, cohorts_of(installations), regions, champion, memory.drift_job)


def _some(installations: Mapping[str, Installation]) -> dict[str, Installation]:
    drawn = sorted(installations, key=lambda name: zlib.crc32(name.encode()))[:MOST_HOMES]
    return {device_id: installations[device_id] for device_id in sorted(drawn)}


def _made_before(registry: ModelRegistry, job_id: str) -> Made | None:
    """What a job had made when it was killed; what was not judged yet goes out of the way."""
    orphans = {version for move in registry.history() if move.reason == ORPHAN for version in move.stages}
    for version, stage in registry.stages().items():
        lineage = registry.lineage(version)
        if lineage.job != job_id or version in orphans:
            continue
        if stage != "registered":
            return Made(version, f"{stage}, before its job was killed", _learnt(lineage))
        registry.put(version, "retired", Note(JOB, ORPHAN))
    return None


def _learnt(lineage: Lineage) -> Learnt:
    return Learnt(data_end=lineage.data_end, hours=lineage.rows)
