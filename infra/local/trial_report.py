"""What `ac-advisor models` says of trials: where they stand, in which homes, what harm was seen."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from cloud.config import CloudSettings
from cloud.ports.records import TrialRecord
from cloud.rollout.cohort import HomePlace, tries, was_drawn
from cloud.rollout.desk import RolloutSettings
from cloud.rollout.judge import SHADOW_DAYS
from cloud.serving import Profile, Serving
from cloud.wiring.state import has_state, open_state


def trial_of(data_dir: Path, version: str) -> dict[str, Any] | None:
    """The trial of a version as the advisor keeps it; None if it never had one."""
    settings = CloudSettings(data_dir=data_dir)
    if not has_state(settings):
        return None
    with closing(open_state(settings)) as store:
        serving = Serving(store, 0)
        trial, profiles = serving.trial(version), serving.profiles()
    return None if trial is None else _told(trial, [*profiles.values()])


def in_a_line(trial: dict[str, Any]) -> str:
    """The trial for a list of versions."""
    homes = f"{trial['homes_trying']} of {trial['homes']} homes"
    last = trial["ended"] or trial["newest_look"] or "not judged yet"
    return f"{trial['stage']} beside {trial['beside']}, day {trial['days']}, {homes}: {last}"


def _told(trial: TrialRecord, profiles: list[Profile]) -> dict[str, Any]:
    budget = RolloutSettings().budget
    places = {place.home_id: place for place in map(HomePlace.of, profiles)}
    looked = trial.looked or trial.since.date()
    days = max((looked - trial.since.date()) // timedelta(days=1), 0)
    longest = budget.looks if trial.stage == "canary" else SHADOW_DAYS
    return {
        "stage": trial.stage,
        "beside": trial.champion,
        "since": trial.since.isoformat(),
        "days": f"{days} of {longest}",
        "homes": len(places),
        "homes_drawn": sum(was_drawn(trial, home) for home in places),
        "homes_trying": sum(tries(trial, place) for place in places.values()),
        "withdrawn_from": trial.withdrawn,
        "budget": f"{100 * budget.alpha:.0f} % false alarms in {budget.looks} daily looks",
        "harm_seen": trial.seen,
        "newest_look": trial.reason,
        "ended": trial.ended,
    }
