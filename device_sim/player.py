"""Player: a fleet in time, over the network: its readings go out, its commands come in."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from device_sim.fleet import Fleet
from device_sim.wire.dialects.choice import DialectName, speak
from device_sim.wire.packing import Packer, Sent
from device_sim.wire.publisher import Credentials, FleetPublisher, own_lines, shared_lines
from edge.contract import Desired

MOST_WAITING = 2000
"""Messages that may wait for their PUBACK before the fleet waits too: bounds memory without a broker."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to play.

    Attributes:
        speed: Simulated seconds for each real one; 0 as fast as the broker acknowledges.
        readings_per_message: How many readings a device gathers before it sends.
    """

    speed: float = 0.0
    readings_per_message: int = 1


@dataclass(frozen=True, slots=True)
class Speech:
    """How the devices speak.

    Attributes:
        dialect: Of which make they are.
        connections: How many connections they share; 0 gives each device its own.
        account: A login that may speak for all of them, for shared connections.
    """

    dialect: DialectName = "native"
    connections: int = 0
    account: Credentials = field(default_factory=lambda: Credentials("", ""))


class Player:
    """Plays a fleet against a broker.

    Args:
        fleet: It is stepped.
        identities: Credentials by device id; of no use with shared connections.
        address: Host and MQTT port of the broker.
        pace: How fast.
        speech: In which words.

    Attributes:
        packer: Counts what was sent.
        heard: Ids of the commands that have reached their devices.
    """

    def __init__(
        self,
        fleet: Fleet,
        identities: Mapping[str, Credentials],
        address: tuple[str, int],
        pace: Pace,
        speech: Speech = Speech(),
    ) -> None:
        device_ids = [site.device_id for site in fleet.sites]
        dialects = speak(speech.dialect, device_ids, fleet.sites[0].timezone)
        lines = (
            shared_lines(speech.account, dialects, speech.connections)
            if speech.connections
            else own_lines(identities, dialects)
        )
        self.packer = Packer(pace.readings_per_message, dialects)
        self.heard: set[str] = set()
        self._fleet = fleet
        self._pace = pace
        self._publisher = FleetPublisher(lines, *address, self._hear)

    def connect(self, timeout_s: float = 30.0) -> None:
        """Connect all devices.

        Raises:
            BrokerUnavailableError: Not all of them are connected in time.
        """
        self._publisher.connect(timeout_s)

    def play(self, steps: int, stopped: Callable[[], bool] = lambda: False) -> None:
        """Play up to `steps` steps, or until `stopped`; what devices have gathered goes out at the end.

        `stopped` is asked at every step and while the fleet waits; what it raises ends the play too.
        """
        began_s, period_s = time.monotonic(), self._fleet.spec.step_s / (self._pace.speed or float("inf"))
        for number in range(1, steps + 1):
            if stopped():
                break
            self._report()
            self._publish(self.packer.add(self._fleet.step()))
            self._wait_until(began_s + number * period_s, stopped)
        self._publish(self.packer.flush())
        self._report()
        self._publisher.pump()

    def pump(self, timeout_s: float) -> None:
        """Carry what waits on the network; for up to `timeout_s` [s] when nothing does."""
        self._publisher.pump(timeout_s)

    def finish(self, timeout_s: float = 30.0) -> bool:
        """Send what is late, wait for the last acknowledgements, disconnect; False when some are missing."""
        self._publish(self.packer.flush(final=True))
        complete = self._publisher.drain(timeout_s)
        log.info(
            "fleet_played",
            readings=self.packer.distinct_readings,
            refused_readings=self.packer.refused_readings,
            overwritten_readings=self.packer.overwritten_readings,
            lost_readings=self.packer.lost_readings,
            unacknowledged_messages=self._publisher.unacknowledged,
        )
        self.close()
        return complete

    def close(self) -> None:
        """Disconnect; what is not acknowledged is given up."""
        self._publisher.close()

    def _hear(self, device_id: str, desired: Desired) -> None:
        if desired.command_id is not None:
            self.heard.add(desired.command_id)
        self._fleet.command(device_id, desired)

    def _publish(self, sent: Sent) -> None:
        for device_id, message in sent:
            self._publisher.publish(device_id, message)

    def _report(self) -> None:
        for event in self._fleet.take_events():
            self._publisher.publish_event(event)
        for device_id in self._fleet.take_changed():
            self._publisher.publish_reported(device_id, self._fleet.reported(device_id))

    def _wait_until(self, due_s: float, stopped: Callable[[], bool]) -> None:
        self._publisher.pump()
        while not stopped():
            rest_s = due_s - time.monotonic()
            if rest_s <= 0.0 and self._publisher.unacknowledged <= MOST_WAITING:
                return
            self._publisher.pump(min(max(rest_s, 0.01), 0.2))
