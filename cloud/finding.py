"""Finding: a gateway in a home says which devices it hears; they wait behind it until its people let them in.

Nothing that a gateway says moves a device: an id comes from the gateway's own and from what it hears, and a
record that is there already is left alone, but for a waiting one's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from cloud.admission import first_writes
from cloud.ports.deletion import is_asked_to_go
from cloud.ports.records import BEHIND, DeviceRecord, device_pk, gateway_pk
from cloud.ports.state import Item, StateStore, every
from edge.contract import DeviceId, FoundDevice
from edge.contract.claim import MAX_FOUND, found_id

WAITS: Final = timedelta(days=7)
"""How long a device is remembered that its gateway does not hear any more and nobody has let in."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FindingDesk:
    """Keeps what gateways have found.

    Attributes:
        store: The serving state.
        now: The clock (UTC).
    """

    store: StateStore
    now: Callable[[], datetime]

    def take(self, gateway_id: DeviceId, found: Sequence[FoundDevice]) -> list[DeviceId]:
        """Have devices wait behind the gateway that says that it hears them.

        What comes from a gateway that is in no home is left alone (nobody could let anything in), so is what
        is being deleted, and what goes beyond `MAX_FOUND` that wait.

        Args:
            gateway_id: Who says so, as the broker has made sure.
            found: What it hears.

        Returns:
            Those that are new.

        Raises:
            ConflictError: Something was changed at the same moment; what is said again is taken again.
            UnavailableError: The serving state does not answer.
        """
        if not self._is_in_a_home(gateway_id):
            return []
        new: list[DeviceId] = []
        room = MAX_FOUND - self._waiting(gateway_id)
        for each in found:
            device = _record(gateway_id, each)
            item = self.store.get(device_pk(device.device_id), "device")
            if item is not None:
                self._renew(item, device)
            elif len(new) < room and not is_asked_to_go(self.store, device.device_id):
                self.store.transact(first_writes(device, self.now() + WAITS))
                new.append(device.device_id)
        if new:
            log.info("devices_found", gateway_id=gateway_id, devices=len(new))
        return new

    def _is_in_a_home(self, gateway_id: DeviceId) -> bool:
        """A registered device is no gateway, whatever it says."""
        if self.store.get(device_pk(gateway_id), "device") is not None:
            return False
        gateway = self.store.get(gateway_pk(gateway_id), "gateway")
        return gateway is not None and gateway.body.get("home_id") is not None

    def _waiting(self, gateway_id: DeviceId) -> int:
        """How many it has found that wait: they alone are forgotten in time."""
        behind = every(self.store, gateway_pk(gateway_id), BEHIND)
        return sum(item.expires_at is not None for item in behind)

    def _renew(self, item: Item, device: DeviceRecord) -> None:
        """It is heard still; written once a day at most."""
        known = DeviceRecord.model_validate(item.body)
        is_own = (known.gateway_id, known.home_id, known.source) == (device.gateway_id, None, device.source)
        if not is_own or item.expires_at is None:
            return
        if known != device or item.expires_at - self.now() < WAITS - timedelta(days=1):
            self.store.transact(first_writes(device, self.now() + WAITS, item.version))


def _record(gateway_id: DeviceId, found: FoundDevice) -> DeviceRecord:
    return DeviceRecord(
        device_id=found_id(gateway_id, found.source),
        gateway_id=gateway_id,
        name=found.name,
        modes=tuple(mode for mode in dict.fromkeys(found.modes) if mode != "off") or None,
        source=found.source,
    )
