"""Registrations as ingest sees them: the serving state, remembered for a moment."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from typing_extensions import override

from cloud.ports.deletion import was_deleted
from cloud.ports.ingest import Registration, Registrations
from cloud.ports.records import device_pk, home_pk
from cloud.ports.state import StateStore

MAX_AGE_S = 2.0
"""How long a claim, a consent or its withdrawal may take to be honoured [s]."""


@dataclass(slots=True)
class CachedRegistrations(Registrations):
    """A view of the serving state; a device that is not known is looked up each time."""

    store: StateStore
    monotonic: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Registration]] = field(
        default_factory=dict[str, tuple[float, Registration]]
    )

    @override
    def find(self, device_id: str) -> Registration | None:
        now = self.monotonic()
        known = self._known.get(device_id)
        if known is not None and now - known[0] <= MAX_AGE_S:
            return known[1]
        registration = self._read(device_id)
        if registration is None:
            self._known.pop(device_id, None)
        else:
            self._known[device_id] = (now, registration)
        return registration

    @override
    def was_deleted(self, device_id: str) -> bool:
        return was_deleted(self.store, device_id)

    def _read(self, device_id: str) -> Registration | None:
        device = self.store.get(device_pk(device_id), "device")
        if device is None:
            return None
        home_id = device.body.get("home_id")
        home = None if home_id is None else self.store.get(home_pk(home_id), "home")
        # Fields of records that were validated when they were written; this is the hot path.
        return Registration(
            gateway_id=device.body.get("gateway_id"),
            share_presence=home is not None and home.body.get("share_presence") is True,
            let_in=home_id is not None or device.body.get("source") is None,
        )
