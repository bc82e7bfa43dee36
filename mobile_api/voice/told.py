"""Told: what a vendor was told last of a person's devices; what differs from what is so now is told next.

Nothing is queued. So nothing is lost when a process dies, what was overtaken before it could be told is never
told, and a report comes twice only when the process dies between the vendor's answer and the note of it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias

from pydantic import Field

from cloud.ports.records import Record
from cloud.ports.state import ABSENT, Delete, Put, StateStore
from mobile_api.records import account_pk
from mobile_api.voice.house import Aircon

Vendor: TypeAlias = Literal["alexa", "google"]
Value: TypeAlias = bool | int | float | str

DEADBAND: Final[Mapping[str, float]] = {
    "temperature": 0.2,
    "thermostatTemperatureAmbient": 0.2,
    "rangeValue": 2.0,
    "humidityAmbientPercent": 2.0,
    "thermostatHumidityAmbient": 2.0,
}
"""What is measured is told when it has moved so far [K, percentage points], not with every reading."""


class ToldDevice(Record):
    """A device as a vendor knows it: a digest of what it was said to be, and its last values by name."""

    shape: str
    values: dict[str, Value]


class ToldRecord(Record):
    """What a vendor was told. Key `account#{account_id}` / `{vendor}_told`."""

    devices: dict[str, ToldDevice] = Field(default_factory=dict[str, ToldDevice])


class Reporter(Protocol):
    """The way to tell one vendor."""

    @property
    def vendor(self) -> Vendor:
        """Whom."""
        ...

    def account_ids(self) -> Iterator[str]:
        """Whose changes may be told."""
        ...

    def session_id(self, account_id: str) -> str | None:
        """The sign-in by which an account is linked; None when it is not."""
        ...

    def forget(self, account_id: str) -> None:
        """Tell nothing more of an account."""
        ...

    def tell(self, account_id: str, airs: list[Aircon]) -> None:
        """Tell what has changed since it was told last.

        Args:
            account_id: Whose.
            airs: All devices of the account, as they are now.

        Raises:
            VendorUnreachableError: It could not be told, or not all of it; try again later.
            GrantRefusedError: The vendor does not know us; the same.
            ConflictError: Another process tells the same at the moment.
        """
        ...


@dataclass(slots=True)
class Ledger:
    """What a vendor was told of an account, written anew with each report that it takes."""

    state: StateStore
    account_id: str
    vendor: Vendor
    devices: dict[str, ToldDevice] = field(default_factory=dict[str, ToldDevice])
    _version: int = ABSENT

    @classmethod
    def read(cls, state: StateStore, account_id: str, vendor: Vendor) -> "Ledger":
        """What it was told; nothing at first."""
        item = state.get(account_pk(account_id), told_sk(vendor))
        if item is None:
            return cls(state, account_id, vendor)
        known = ToldRecord.model_validate(item.body).devices
        return cls(state, account_id, vendor, dict(known), item.version)

    def note(self, told: Mapping[str, ToldDevice | None]) -> None:
        """Keep what was told of devices (by id); None: that they are gone.

        Raises:
            ConflictError: Somebody else has told something meanwhile, or the account was unlinked.
        """
        kept = {**self.devices, **told}
        self.devices = {device_id: each for device_id, each in kept.items() if each is not None}
        body = ToldRecord(devices=self.devices).model_dump(mode="json")
        self.state.transact(
            [Put(account_pk(self.account_id), told_sk(self.vendor), body, if_version=self._version)]
        )
        self._version += 1


def told_sk(vendor: Vendor) -> str:
    """Where it is kept, below the account."""
    return f"{vendor}_told"


def forget_told(account_id: str, vendor: Vendor) -> Delete:
    """The write after which everything is told anew, if it is told."""
    return Delete(account_pk(account_id), told_sk(vendor))


def shape_of(description: Mapping[str, Any]) -> str:
    """A digest of what a device is said to be."""
    text = json.dumps(description, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def changed(before: Mapping[str, Value], now: Mapping[str, Value]) -> frozenset[str]:
    """The names of values that have come or moved."""
    return frozenset(name for name, value in now.items() if _moved(name, before.get(name), value))


def _moved(name: str, before: Value | None, now: Value) -> bool:
    if name in DEADBAND and isinstance(before, float | int) and isinstance(now, float | int):
        return abs(now - before) >= DEADBAND[name] - 1e-9  # a step of just so much, in binary
    return before != now
