from collections.abc import Callable

import pytest

from cloud.advice import Installation
from cloud.advisor import HomeAdvisor
from cloud.home_state import MAX_DOCUMENT_BYTES, StateRejectedError, dump, load
from cloud.outcome import Models
from cloud.thermal.history import ThermalHistory
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
