from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from infra.local.errors import ProcessFailedError
from infra.local.player import MAX_UNACKNOWLEDGED, Player

if TYPE_CHECKING:
    from device_sim.fleet import Fleet
    from device_sim.publisher import FleetPublisher


class _NoFleet:
    """Nobody lives here."""


class _DeafBroker:
    """Acknowledges nothing."""

    unacknowledged = MAX_UNACKNOWLEDGED + 1
    pumped = 0

    def pump(self, _timeout_s: float) -> None:
        self.pumped += 1


def _player(require_running: Callable[[], None], broker: _DeafBroker) -> Player:
    return Player(cast("Fleet", _NoFleet()), lambda _hear: cast("FleetPublisher", broker), require_running)


def test_waiting_for_processes_ends_at_once_when_they_cannot_be_kept_running() -> None:
    def fail() -> None:
        raise ProcessFailedError("ingest", "ingest.log", "no room")

    broker = _DeafBroker()

    with pytest.raises(ProcessFailedError, match="no room"):
        _player(fail, broker).pump(0.1)
    with pytest.raises(ProcessFailedError, match="no room"):
        _player(fail, broker)._send([("dev-1", b"{}")])
    assert broker.pumped == 0


def test_messages_are_carried_while_they_run() -> None:
    broker = _DeafBroker()

    _player(lambda: None, broker).pump(0.1)

    assert broker.pumped == 1
