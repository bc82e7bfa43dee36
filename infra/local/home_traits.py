"""Traits of homes that the gate tells apart: what kind of machine, and how slow the walls are as fitted."""

from contextlib import closing
from pathlib import Path

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.advisor_seat import state_of
from cloud.errors import RejectedError
from cloud.gate.segments import Traits
from cloud.home_state import load
from cloud.serving import Profile, Serving
from cloud.thermal.descriptors import DESCRIPTORS, descriptors
from cloud.thermal.grey_box import fitted_of

MACHINES = {True: "inverter", False: "single speed", None: "unknown"}

_SLOW = DESCRIPTORS.index("rc_slow_h")


def traits_of(data_dir: Path) -> dict[str, Traits]:
    """By device; nothing is known of a home before its grey box is trusted."""
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as store:
        serving = Serving(store, 0)
        return {device_id: _traits(serving, each) for device_id, each in serving.profiles().items()}


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
