"""The player: lets a simulated fleet live, and its devices talk over real MQTT."""

from collections.abc import Callable, Iterable

from device_sim.fleet import Fleet
from device_sim.packing import Packer
from device_sim.publisher import FleetPublisher
from edge.contract import Desired

MAX_UNACKNOWLEDGED = 400
"""Messages on their way to the broker before the devices wait [messages]."""


class Player:
    """Steps a fleet and carries what its devices say and hear.

    Args:
        fleet: The homes.
        connect: Connects their devices.
        require_running: Raises when nobody is there any more who would listen.

    Attributes:
        fleet: The homes.
        packer: Counts the distinct readings sent.
        heard: Command ids that devices have received.
    """

    def __init__(
        self,
        fleet: Fleet,
        connect: Callable[[Callable[[str, Desired], None]], FleetPublisher],
        require_running: Callable[[], None],
    ) -> None:
        self.fleet = fleet
        self.packer = Packer(readings_per_message=12)
        self.heard: set[str] = set()
        self.publisher = connect(self._hear)
        self._require_running = require_running

    def play(self, steps: int) -> None:
        """Let `steps` steps pass; every reading of them is on its way when this returns."""
        for _ in range(steps):
            self._send(self.packer.add(self.fleet.step()))
        self._send(self.packer.flush())
        for device_id in self.fleet.take_changed():
            self.publisher.publish_reported(device_id, self.fleet.reported(device_id))

    def pump(self, timeout_s: float) -> None:
        """Carry what waits, for at most `timeout_s` [s] when nothing does.

        Raises:
            LocalError: Nobody is there any more who would listen.
        """
        self._require_running()
        self.publisher.pump(timeout_s)

    def _send(self, messages: Iterable[tuple[str, bytes]]) -> None:
        for device_id, payload in messages:
            while self.publisher.unacknowledged > MAX_UNACKNOWLEDGED:
                self.pump(0.05)
            self.publisher.publish_telemetry(device_id, payload)
        self.pump(0)

    def _hear(self, device_id: str, desired: Desired) -> None:
        if desired.command_id is not None:
            self.heard.add(desired.command_id)
        self.fleet.command(device_id, desired)
