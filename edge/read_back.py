"""Read-back: a device that was told something must say that it did it, else it is told again, a few times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.contract import Desired, DeviceId
from edge.shadow_sync import SETTINGS, DeviceShadow, Settings

PATIENCE = timedelta(seconds=30)
"""How long a device may take to confirm, by the wall's clock: messages travel in real time."""

MAX_SENDS = 3
"""How often a command is sent at most, the first time included; each one may beep."""


@dataclass(frozen=True, slots=True)
class _Sent:
    granted: Desired
    at: datetime
    sends: int


def is_confirmed(shadow: DeviceShadow, granted: Desired) -> bool:
    """Whether the device does what it was told.

    An echoed `command_id` is not enough: some units take an impossible setpoint silently for another.
    """
    reported = Settings.of(shadow.reported)
    if reported.covers(Settings.of(granted)):
        return True
    echoed = granted.command_id is not None and granted.command_id == shadow.reported.command_id
    return echoed and not any(_contradicts(reported, granted, name) for name in SETTINGS)


def _contradicts(reported: Settings, granted: Desired, name: str) -> bool:
    said, asked = getattr(reported, name), getattr(granted, name)
    return said is not None and asked is not None and said != asked


class ReadBack:
    """What devices were told in this run and have not confirmed yet."""

    def __init__(self) -> None:
        self._sent: dict[DeviceId, _Sent] = {}

    def told(self, device_id: DeviceId, granted: Desired, at: datetime) -> None:
        """A device is told `granted`: once more, or as something new."""
        last = self._sent.get(device_id)
        sends = last.sends + 1 if last is not None and last.granted == granted else 1
        self._sent[device_id] = _Sent(granted, at, sends)

    def drop(self, device_id: DeviceId) -> None:
        """Nothing is expected of this device any more."""
        self._sent.pop(device_id, None)

    def overdue(self, at: datetime) -> Iterator[tuple[DeviceId, Desired, bool]]:
        """Devices whose patience is over: what they were told, and whether they may be told again."""
        for device_id, sent in list(self._sent.items()):
            if at >= sent.at + PATIENCE:
                yield device_id, sent.granted, sent.sends < MAX_SENDS
