from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from device_sim.fleet import Fleet, FleetSpec
from device_sim.player import MOST_WAITING, Pace, Player
from edge.contract import Desired

if TYPE_CHECKING:
    from device_sim.wire.publisher import FleetPublisher


class NobodyListensError(Exception):
    """Whoever should acknowledge is gone for good."""


class DeafBroker:
    """Acknowledges nothing."""

    def __init__(self) -> None:
        self.unacknowledged = 0
        self.pumped = 0

    def publish(self, _device_id: str, _message: object) -> None:
        self.unacknowledged += 1

    def publish_reported(self, _device_id: str, _reported: object) -> None:
        self.unacknowledged += 1

    def pump(self, _timeout_s: float = 0.0) -> None:
        self.pumped += 1


@pytest.fixture
def fleet() -> Fleet:
    start = datetime(2026, 6, 1, tzinfo=UTC)
    return Fleet(FleetSpec(homes=2, seed=3, start=start, climate="hot_dry", split="demo"), 1)


@pytest.fixture
def broker() -> DeafBroker:
    return DeafBroker()


@pytest.fixture
def player(fleet: Fleet, broker: DeafBroker) -> Player:
    player = Player(fleet, {}, ("127.0.0.1", 1), Pace(readings_per_message=12))
    player._publisher.close()
    player._publisher = cast("FleetPublisher", broker)
    return player


def test_what_devices_have_gathered_goes_out_at_the_end(player: Player, broker: DeafBroker) -> None:
    player.play(6)

    assert player.packer.distinct_readings == 2 * 6
    assert broker.unacknowledged == 2 + 2  # one message of readings and one report of each device


def test_a_fleet_waits_while_too_much_is_unacknowledged_until_somebody_stops_it(
    player: Player, broker: DeafBroker
) -> None:
    broker.unacknowledged = MOST_WAITING
    asked: list[int] = []

    def stopped() -> bool:
        asked.append(broker.pumped)
        return len(asked) > 5

    player.play(100, stopped)

    assert player.packer.distinct_readings == 2
    assert asked[-1] > 2  # it carried what waited meanwhile


def test_waiting_ends_at_once_when_nobody_is_there_who_would_acknowledge(
    player: Player, broker: DeafBroker
) -> None:
    broker.unacknowledged = MOST_WAITING
    answers = [False, False]

    def stopped() -> bool:
        if answers:
            return answers.pop()
        raise NobodyListensError

    with pytest.raises(NobodyListensError):
        player.play(100, stopped)
    assert player.packer.held_readings == 2


def test_it_remembers_which_commands_have_reached_a_device(player: Player, fleet: Fleet) -> None:
    device_id = fleet.sites[0].device_id
    asked = Desired(mode="cool", setpoint_c=26.5, command_id="c-1", requested_by="app")

    player._hear(device_id, asked)
    player._hear(device_id, asked.model_copy(update={"command_id": None}))

    assert player.heard == {"c-1"}
    assert fleet.step().telemetry(0).setpoint_c == 26.5
