from collections.abc import Callable
from dataclasses import replace

import pytest

from cloud.advice import Installation
from cloud.advisor import HomeAdvisor
from cloud.home_state import MAX_DOCUMENT_BYTES, StateRejectedError, dump, load
from cloud.outcome import Models
from cloud.thermal.grey_box import MACHINE_NUMBERS, GreyBox
from cloud.thermal.history import ThermalHistory
from cloud.thermal.model import PARAMETERS
from edge.contract import Telemetry


@pytest.fixture
def advisor(
    models: Models, installation: Installation, make_reading: Callable[..., Telemetry]
) -> HomeAdvisor:
    advisor = HomeAdvisor(models, installation)
    for reading in range(8 * 24 * 2):
        advisor.observe(make_reading(reading / 2, indoor_dry_bulb_c=24.0 + reading % 5 / 10))
    return advisor


def test_a_state_gives_back_the_same_home(
    advisor: HomeAdvisor, models: Models, installation: Installation
) -> None:
    again = HomeAdvisor.restore(models, installation, advisor.state())

    assert again.state() == advisor.state()


def test_a_state_is_stored_in_few_bytes(advisor: HomeAdvisor) -> None:
    state = advisor.state()

    assert len(state) < int.from_bytes(state[:4], "little") / 2


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{}",
        b'{"version":1,"home":{},"hours":{}}',  # as it was stored before states were compressed
        b'{"version":0}',
        (10).to_bytes(4, "little") + b"\xff" * 10,
        (MAX_DOCUMENT_BYTES + 1).to_bytes(4, "little") + b"\x00",
    ],
)
def test_damaged_bytes_are_refused(damaged: bytes, models: Models, installation: Installation) -> None:
    with pytest.raises(StateRejectedError):
        HomeAdvisor.restore(models, installation, damaged)


def test_a_state_that_was_cut_short_is_refused(
    advisor: HomeAdvisor, models: Models, installation: Installation
) -> None:
    with pytest.raises(StateRejectedError):
        HomeAdvisor.restore(models, installation, advisor.state()[:-9])


def test_damaged_thermal_history_is_refused(advisor: HomeAdvisor) -> None:
    home, hours, thermal = load(advisor.state())

    class Damaged(ThermalHistory):
        def to_bytes(self) -> bytes:
            return b"\x07"

    with pytest.raises(StateRejectedError, match="thermal history"):
        load(dump(home, hours, Damaged()))
    assert dump(home, hours, thermal) == advisor.state()


def test_recovery_goes_by_the_slower_of_both_where_the_grey_box_is_trusted(advisor: HomeAdvisor) -> None:
    home, *_ = load(advisor.state())
    home.recovery.falls_k_h = [2.0]
    box = GreyBox([0.0] * len(PARAMETERS), [1.0] * MACHINE_NUMBERS, trusted=False, fall_k_h=0.5)
    own_k_h = home.recovery.fall_k_h

    home.grey_box = box
    assert home.fall_k_h == own_k_h
    home.grey_box = replace(box, trusted=True)
    assert home.fall_k_h == 0.5
    home.grey_box = replace(box, trusted=True, fall_k_h=9.0)
    assert home.fall_k_h == own_k_h
