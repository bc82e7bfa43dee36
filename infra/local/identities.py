"""Identities: who may connect to the broker; kept in one file that only its owner can read."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from infra.local.broker import Account, Identity

SERVICES = ("ingest", "shadow", "advisor")
"""The cloud's own processes."""

GATEWAY_ID = "gw-1"
"""The gateway of one machine."""


def new_password() -> str:
    """A password that nobody has to remember: 128 random bits."""
    return secrets.token_urlsafe(16)


def site_name(gateway_id: str) -> str:
    """The gateway's user name on the site; names are unique over both accounts."""
    return f"{gateway_id}@site"


class IdentityFile:
    """The identities of one data directory.

    Attributes:
        path: JSON, mode 0600.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> tuple[Identity, ...]:
        """Everybody; on first use the services and the gateway are made."""
        if not self.path.exists():
            self._write(_first_identities())
        entries = json.loads(self.path.read_text())
        return tuple(Identity(**{**entry, "devices": tuple(entry["devices"])}) for entry in entries)

    def require(self, name: str) -> Identity:
        """One identity that is known to be there."""
        return next(identity for identity in self.all() if identity.name == name)

    def add_devices(self, device_ids: Iterable[str], *, behind_gateway: bool) -> tuple[Identity, ...]:
        """New devices, native on the cloud or on the site behind the gateway; known ones stay as they are."""
        identities = {identity.name: identity for identity in self.all()}
        wanted = tuple(device_ids)
        for device_id in wanted:
            if device_id not in identities:
                account: Account = "site" if behind_gateway else "cloud"
                identities[device_id] = Identity(device_id, new_password(), account, "device")
        if behind_gateway:
            gateway = identities[GATEWAY_ID]
            devices = tuple(dict.fromkeys((*gateway.devices, *wanted)))
            identities[GATEWAY_ID] = Identity(GATEWAY_ID, gateway.password, "cloud", "gateway", devices)
        self._write(tuple(identities.values()))
        return tuple(identities[device_id] for device_id in wanted)

    def _write(self, identities: Iterable[Identity]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps([asdict(identity) for identity in identities], indent=1))
        temporary.replace(self.path)


def _first_identities() -> tuple[Identity, ...]:
    return (
        *(Identity(name, new_password(), "cloud", "service") for name in SERVICES),
        Identity(GATEWAY_ID, new_password(), "cloud", "gateway"),
        Identity(site_name(GATEWAY_ID), new_password(), "site", "service"),
    )
