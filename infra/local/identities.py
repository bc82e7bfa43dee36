"""Identities: who may connect to the broker; kept in one file that only its owner can read."""

import fcntl
import json
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from edge.contract.quantities import DEVICE_ID_PATTERN
from edge.dialects.dialect import is_usable_topic
from edge.home_assistant.place import PLACE_PATTERN
from infra.local.broker import Account, Identity, Role
from infra.local.client_ids import is_reserved
from infra.local.errors import DeviceNameError

BRIDGE_PATTERN = r"[A-Za-z0-9_-]{1,64}"
"""The first level of a bridge's topics, which is its login, too."""

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
    """The identities of one data directory; any number of processes may read and write them.

    Attributes:
        path: JSON, mode 0600.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> tuple[Identity, ...]:
        """Everybody; on first use the services and the gateway are made."""
        if not self.path.exists():
            with self._one_writer():
                self._make()
        return self._read()

    def require(self, name: str) -> Identity:
        """One identity that is known to be there."""
        return next(identity for identity in self.all() if identity.name == name)

    def stamp(self) -> tuple[int, int, int]:
        """Another one whenever the file is another one."""
        state = self.path.stat()
        return state.st_mtime_ns, state.st_size, state.st_ino

    def require_admissible(self, device_ids: Iterable[str], *, behind_gateway: bool) -> None:
        """Look whether devices may be let in under these ids.

        Raises:
            DeviceNameError: One is no device id, or is known as somebody else.
        """
        identities = {identity.name: identity for identity in self.all()}
        account = _account(behind_gateway=behind_gateway)
        for device_id in device_ids:
            known = identities.get(device_id)
            if not re.fullmatch(DEVICE_ID_PATTERN, device_id):
                raise DeviceNameError(device_id, "letters, digits and : _ - are allowed, 128 of them at most")
            if known is not None and known.role != "device":
                raise DeviceNameError(device_id, f"it is a {known.role} of this machine")
            if is_reserved(device_id, [GATEWAY_ID]):
                raise DeviceNameError(device_id, "a process of this machine connects under it")
            if known is not None and known.account != account:
                where = "behind the gateway" if known.account == "site" else "that speaks to the cloud itself"
                raise DeviceNameError(device_id, f"it is known as a device {where}")

    def add_devices(
        self, device_ids: Iterable[str], *, behind_gateway: bool, sources: tuple[str, ...] = ()
    ) -> tuple[Identity, ...]:
        """New devices, native on the cloud or on the site behind the gateway; known ones stay as they are.

        Args:
            device_ids: Their ids.
            behind_gateway: Whether they are on the site.
            sources: Of a device of another make, also of a known one: what it is heard as from now on.
        """
        account = _account(behind_gateway=behind_gateway)
        wanted = tuple(device_ids)
        with self._one_writer():
            self._make()
            identities = {identity.name: identity for identity in self._read()}
            for device_id in wanted:
                if device_id not in identities:
                    identities[device_id] = Identity(device_id, new_password(), account, "device")
                if sources:
                    identities[device_id] = replace(identities[device_id], sources=sources)
            if behind_gateway:
                gateway = identities[GATEWAY_ID]
                devices = tuple(dict.fromkeys((*gateway.devices, *wanted)))
                identities[GATEWAY_ID] = replace(gateway, devices=devices)
            self._write(tuple(identities.values()))
        return tuple(identities[device_id] for device_id in wanted)

    def add_bridge(self, root: str) -> Identity:
        """A login on the site that speaks for devices of another network, below the topic `root`.

        Raises:
            DeviceNameError: It is no topic's first level, or known as somebody else.
        """
        if not re.fullmatch(BRIDGE_PATTERN, root) or not is_usable_topic(root):
            raise DeviceNameError(root, "letters, digits and _ - are allowed, and no topic of ours")
        return self._add_to_site(root, "bridge")

    def add_home_assistant(self, name: str) -> Identity:
        """A login on the site for a Home Assistant and for whoever shows the devices of one home there.

        Raises:
            DeviceNameError: It is no name of a place, or known as somebody else.
        """
        if not re.fullmatch(PLACE_PATTERN, name):
            raise DeviceNameError(name, "letters, digits and _ - are allowed, 64 of them at most")
        return self._add_to_site(name, "home_assistant")

    def _add_to_site(self, name: str, role: Role) -> Identity:
        """A login under a name that nobody else has; one that is there already stays as it is."""
        if is_reserved(name, [GATEWAY_ID]):
            raise DeviceNameError(name, "a process of this machine connects under it")
        with self._one_writer():
            self._make()
            identities = {identity.name: identity for identity in self._read()}
            added = identities.setdefault(name, Identity(name, new_password(), "site", role))
            if added.role != role:
                raise DeviceNameError(name, f"it is a {added.role.replace('_', ' ')} of this machine")
            self._write(tuple(identities.values()))
        return added

    def remove_devices(self, choose: Callable[[], Collection[str]]) -> None:
        """Take devices' logins away, and their places behind the gateway.

        Args:
            choose: Says which, while nobody else can let one in.
        """
        with self._one_writer():
            self._make()
            gone = set(choose())
            before = self._read()
            after = tuple(
                replace(each, devices=tuple(name for name in each.devices if name not in gone))
                for each in before
                if each.role != "device" or each.name not in gone
            )
            if after != before:
                self._write(after)

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        """What two of us add at the same time must both be there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make(self) -> None:
        if not self.path.exists():
            self._write(_first_identities())

    def _read(self) -> tuple[Identity, ...]:
        entries = json.loads(self.path.read_text())
        lists = ("devices", "sources")
        return tuple(
            Identity(**{**entry, **{name: tuple(entry.get(name, ())) for name in lists}}) for entry in entries
        )

    def _write(self, identities: Iterable[Identity]) -> None:
        temporary = self.path.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps([asdict(identity) for identity in identities], indent=1))
        temporary.replace(self.path)


def _account(*, behind_gateway: bool) -> Account:
    return "site" if behind_gateway else "cloud"


def _first_identities() -> tuple[Identity, ...]:
    return (
        *(Identity(name, new_password(), "cloud", "service") for name in SERVICES),
        Identity(GATEWAY_ID, new_password(), "cloud", "gateway"),
        Identity(site_name(GATEWAY_ID), new_password(), "site", "service"),
    )
