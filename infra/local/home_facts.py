"""Facts of homes for the gate: kind of machine, how slow the walls are as fitted, days measured by lot."""

from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from cloud.advisor_seat import state_of
from cloud.assignment import Arm
from cloud.config import CloudSettings
from cloud.energy import usable_energy_hours
from cloud.errors import RejectedError
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.finetuning import Known
from cloud.gate.saving import SavingPair
from cloud.gate.segments import Traits
from cloud.home_state import load
from cloud.serving import Profile, Serving
from cloud.thermal.descriptors import DESCRIPTORS, descriptors
from cloud.thermal.grey_box import fitted_of
from cloud.trees import matrix
from cloud.wiring.state import open_state

MACHINES = {True: "inverter", False: "single speed", None: "unknown"}

_SLOW = DESCRIPTORS.index("rc_slow_h")


MEASURED_H = 20
"""Hours of a day that must be usable for its electricity to be compared [h]."""


def facts_of(data_dir: Path, judged: pd.DataFrame) -> Known:
    """What the gate is told of the homes behind the hours that it judges on (columns of `cloud.features`)."""
    with closing(open_state(CloudSettings(data_dir=data_dir))) as store:
        serving = Serving(store, 0)
        profiles = serving.profiles()
        traits = {device_id: _traits(serving, each) for device_id, each in profiles.items()}
        measured = {device_id: _arms(serving, device_id) for device_id in profiles}
    zones = {device_id: each.installation.timezone for device_id, each in profiles.items()}
    return Known(traits, pairs_of(judged, measured, zones))


def pairs_of(
    hours: pd.DataFrame, arms: Mapping[str, Mapping[date, Arm]], zones: Mapping[str, str]
) -> list[SavingPair]:
    """Each habit day that was drawn, beside the nearest advised day of the same device.

    Args:
        hours: That no challenger has learnt from, columns of `cloud.features`.
        arms: By device and local day, as they were lived.
        zones: Time zone of each device.
    """
    found = []
    for device_id, own in usable_energy_hours(hours).groupby("device_id"):
        name = str(device_id)
        if "habit" not in arms.get(name, {}).values():
            continue
        local = (own["hour_end_at"] - pd.Timedelta(minutes=30)).dt.tz_convert(zones[name]).dt.date
        days = {day: rows for day, rows in own.groupby(local) if len(rows) >= MEASURED_H}
        found += _device_pairs(name, days, arms[name])
    return found


def _device_pairs(
    device_id: str, days: Mapping[Any, pd.DataFrame], arms: Mapping[date, Arm]
) -> list[SavingPair]:
    advised = [day for day in days if arms.get(day) == "advised"]
    found = []
    for day in (day for day in days if arms.get(day) == "habit" and advised):
        near = min(advised, key=lambda other: (abs((other - day).days), other))
        rows = [matrix(days[each], ENERGY_FEATURES) for each in (day, near)]
        spent = [float(days[each][ENERGY_TARGET].sum()) for each in (day, near)]
        found.append(SavingPair(device_id, rows[0], rows[1], spent[0] - spent[1]))
    return found


def _arms(serving: Serving, device_id: str) -> dict[date, Arm]:
    return {day.day: day.arm for day in serving.days(device_id, date(1970, 1, 2))}


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
