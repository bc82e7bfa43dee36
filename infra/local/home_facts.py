"""Facts of homes for the gate: kind of machine, how slow the walls are as fitted, days drawn by lot."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd

from cloud.advisor_seat import state_of
from cloud.assignment import Assignment
from cloud.config import CloudSettings
from cloud.energy import usable_energy_hours
from cloud.errors import RejectedError
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.finetuning import Known
from cloud.gate.saving import DaysByLot, DeviceDay
from cloud.gate.segments import Traits
from cloud.home_state import load
from cloud.ports.records import DayRecord
from cloud.ports.saving_records import MEASURED_H
from cloud.rollout.cohort import HomePlace
from cloud.savings_desk import EVER
from cloud.serving import Profile, Serving
from cloud.thermal.descriptors import DESCRIPTORS, descriptors
from cloud.thermal.grey_box import fitted_of
from cloud.trees import Floats, matrix
from cloud.wiring.state import open_state

MACHINES = {True: "inverter", False: "single speed", None: "unknown"}

HALF_HOUR = pd.Timedelta(minutes=30)
"""Before its end every hour is of the day in whose middle it lies."""

_SLOW = DESCRIPTORS.index("rc_slow_h")


def facts_of(data_dir: Path, judged: pd.DataFrame) -> Known:
    """What the gate is told of the homes behind the hours that it judges on (columns of `cloud.features`)."""
    with closing(open_state(CloudSettings(data_dir=data_dir))) as store:
        serving = Serving(store, 0)
        profiles = serving.profiles()
        traits = {device_id: _traits(serving, each) for device_id, each in profiles.items()}
        consenting = [each for each in profiles.values() if each.measures_savings]
        days = {each.device_id: serving.days(each.device_id, EVER) for each in consenting}
        assignment = serving.assignment()
    return Known(traits, days_by_lot(judged, consenting, days, assignment))


def days_by_lot(
    hours: pd.DataFrame,
    profiles: Iterable[Profile],
    days: Mapping[str, Sequence[DayRecord]],
    assignment: Assignment,
) -> DaysByLot:
    """Days of homes that consent, with the hours of those of which enough is known.

    Args:
        hours: That no challenger has learnt from, columns of `cloud.features`.
        profiles: Of the devices of these homes.
        days: Kept, of each device.
        assignment: How they were drawn.
    """
    records, places = defaultdict[str, list[DayRecord]](list), dict[str, str]()
    rows, used_kwh = dict[DeviceDay, Floats](), dict[DeviceDay, float]()
    usable = dict(list(usable_energy_hours(hours).groupby("device_id")))
    for profile in profiles:
        records[profile.home_id] += days[profile.device_id]
        places[profile.home_id] = HomePlace.of(profile).degree
        own = usable.get(profile.device_id)
        if own is None:
            continue
        local = (own["hour_end_at"] - HALF_HOUR).dt.tz_convert(profile.installation.timezone).dt.date
        for day, known in own.groupby(local):
            if len(known) >= MEASURED_H:
                rows[profile.device_id, day] = matrix(known, ENERGY_FEATURES)
                used_kwh[profile.device_id, day] = float(known[ENERGY_TARGET].sum())
    return DaysByLot(records, assignment, rows, used_kwh, places)


def _traits(serving: Serving, profile: Profile) -> Traits:
    machine = MACHINES[profile.installation.inverter]
    memory = serving.memory(profile.device_id)
    state = None if memory is None else state_of(memory.advisor)
    if state is None:
        return Traits(machine)
    try:
        box = load(state)[0].grey_box
    except RejectedError:
        return Traits(machine)
    if not box.speaks:
        return Traits(machine)
    return Traits(machine, float(descriptors(fitted_of([box]))[0, _SLOW]))
