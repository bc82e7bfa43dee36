"""Leases: work beside the requests is done by one replica at a time, by another when it has died."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cloud.errors import ConflictError
from cloud.ports.state import ABSENT, Put, StateStore

LEASE: Final = timedelta(seconds=60)
"""A replica that has died is followed by another after that."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do one kind of work, wanted by one replica.

    Attributes:
        name: The work, such as `push`.
        holder: Names the replica.
    """

    name: str
    holder: str = field(default_factory=lambda: secrets.token_hex(8))

    def is_held(self, state: StateStore, now: datetime) -> bool:
        """Whether it is ours for a while yet; it is taken when it is free, and renewed when half is over."""
        item = state.get(f"{self.name}#lease", "lease")
        if item is not None and item.body["holder"] != self.holder:
            return False
        if item is not None and item.expires_at is not None and item.expires_at - now > LEASE / 2:
            return True
        version = ABSENT if item is None else item.version
        wanted = Put(f"{self.name}#lease", "lease", {"holder": self.holder}, version, now + LEASE)
        try:
            state.transact([wanted])
        except ConflictError:
            return False
        return True
