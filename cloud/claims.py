"""Claims: the codes by which devices and gateways are paired, given to nobody but who they stand for."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cloud.ports.records import (
    CLAIMS_PK,
    ClaimRecord,
    DeviceRecord,
    GatewayRecord,
    claim_pk,
    device_pk,
    gateway_pk,
)
from cloud.ports.state import ABSENT, Delete, Item, Put, StateStore, Write
from edge.contract import ClaimCode, DeviceId

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""`edge.contract.claim.CODE_PATTERN`: 32 characters, so eight of them are 40 bits."""

CODE_LENGTH = 8
CLAIM_VALID = timedelta(minutes=10)
"""How long a claim code lives."""

LEAST_LEFT = timedelta(minutes=2)
"""A code that ends sooner is not shown again: somebody has to walk to the phone and type it."""


@dataclass(frozen=True, slots=True)
class ClaimDesk:
    """Gives out claim codes.

    Attributes:
        store: The serving state.
        now: The clock (UTC).
    """

    store: StateStore
    now: Callable[[], datetime]

    def answer(self, asker_id: DeviceId, kind: Literal["device", "gateway"]) -> ClaimCode | None:
        """The code for who asks; None for a device that nobody has registered.

        Args:
            asker_id: Who it is, as the broker has made sure.
            kind: What it says that it is; a registered device is no gateway, whatever it says.

        Raises:
            ConflictError: It asked twice at the same moment; ask again.
            UnavailableError: The serving state does not answer.
        """
        device = self.store.get(device_pk(asker_id), "device")
        if device is None and kind == "device":
            return None
        home_id = self._home_of(asker_id, device)
        if home_id is not None:
            return ClaimCode()
        return self.show(asker_id, "gateway" if device is None else "device")

    def show(self, asker_id: DeviceId, kind: Literal["device", "gateway"]) -> ClaimCode:
        """The code for a device or gateway, whoever asks: for the operator, who has let it in.

        Raises:
            ConflictError: It was asked for twice at the same moment; ask again.
            UnavailableError: The serving state does not answer.
        """
        before, now = self.store.get(CLAIMS_PK, asker_id), self.now()
        ends_at = None if before is None else before.expires_at
        if before is not None and ends_at is not None and ends_at - now >= LEAST_LEFT:
            return ClaimCode(code=before.body["code"], expires_at=ends_at)
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        record, ends_at = ClaimRecord(code=code, device_id=asker_id, kind=kind), now + CLAIM_VALID
        version = ABSENT if before is None else before.version
        writes: list[Write] = [
            Put(claim_pk(code), "claim", record.model_dump(), ABSENT, expires_at=ends_at),
            Put(CLAIMS_PK, asker_id, {"code": code}, version, expires_at=ends_at),
        ]
        if before is not None:
            writes.append(Delete(claim_pk(before.body["code"]), "claim"))
        self.store.transact(writes)
        return ClaimCode(code=code, expires_at=ends_at)

    def _home_of(self, asker_id: DeviceId, device: Item | None) -> str | None:
        if device is not None:
            return DeviceRecord.model_validate(device.body).home_id
        gateway = self.store.get(gateway_pk(asker_id), "gateway")
        return None if gateway is None else GatewayRecord.model_validate(gateway.body).home_id
