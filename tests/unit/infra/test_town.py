from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from infra.local.errors import ProcessFailedError
from infra.local.town import Town

if TYPE_CHECKING:
    from device_sim.player import Player
    from infra.local.stack import Stack


class CountingPlayer:
    def __init__(self) -> None:
        self.pumped = 0

    def pump(self, _timeout_s: float) -> None:
        self.pumped += 1


class FailingSupervisor:
    """Cannot keep its processes running."""

    def require_running(self) -> None:
        raise ProcessFailedError("ingest", "ingest.log", "no room")


@pytest.fixture
def player() -> CountingPlayer:
    return CountingPlayer()


@pytest.fixture
def town(player: CountingPlayer) -> Town:
    town = Town.__new__(Town)  # without a stack, which is a handful of processes
    town._player = cast("Player", player)
    town.stack = cast("Stack", SimpleNamespace(supervisor=SimpleNamespace(require_running=lambda: None)))
    return town


def test_messages_are_carried_while_the_processes_run(town: Town, player: CountingPlayer) -> None:
    town._pump(0.1)

    assert player.pumped == 1


def test_nobody_waits_for_processes_that_cannot_be_kept_running(town: Town, player: CountingPlayer) -> None:
    town.stack = cast("Stack", SimpleNamespace(supervisor=FailingSupervisor()))

    with pytest.raises(ProcessFailedError, match="no room"):
        town.idle(60.0)
    with pytest.raises(ProcessFailedError, match="no room"):
        town._has_ended()
    assert player.pumped == 0
