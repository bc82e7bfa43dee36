"""The door: the broker asks here who a client is, before it gives it a session (NATS auth callout).

The broker's own list of logins cannot say which client id a login may use, so that any login could take over
any session. The door knows both. It serves in a thread beside the broker; while it is away, who is connected
stays so, and nobody new gets in.
"""

import hmac
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from cryptography import x509

from infra.local.nats_tokens import Issuer, claims_of

USER: Final = "door"
ACCOUNT: Final = "DOOR"

_SUBJECT: Final = "$SYS.REQ.USER.AUTH"
_RETRY_S: Final = 0.01
_PATIENCE_S: Final = 0.5
_TIMEOUT_S: Final = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who says to be whom.

    Attributes:
        name: The login; with a certificate, the DNS name in it.
        password: None: it has shown a certificate.
        client_id: The session that it wants.
    """

    name: str
    password: str | None
    client_id: str


@dataclass(frozen=True, slots=True)
class Admission:
    """What a caller gets.

    Attributes:
        account: The broker's account, as the broker calls it.
        permissions: `publish` and `subscribe`, as in the broker's configuration; empty: all.
    """

    account: str
    permissions: Mapping[str, Any]


Judge = Callable[[Caller], Admission | None]


class Door:
    """Answers the broker.

    Args:
        port: The broker's own protocol, on loopback.
        password: Of the door itself.
        judge: Whom to let in.
    """

    def __init__(self, port: int, password: str, judge: Judge) -> None:
        self.issuer = Issuer()
        self.is_open = threading.Event()
        self._port = port
        self._password = password
        self._judge = judge
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Serve, in a thread of its own, whenever the broker is there; it is about to start anew."""
        self.is_open.clear()
        self._closing.clear()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._serve, name="door", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(_TIMEOUT_S)

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), _TIMEOUT_S) as connection:
                    self._converse(connection)
            except (OSError, ValueError):
                self._closing.wait(_RETRY_S)  # the broker is not there yet, or not any more
            finally:
                self.is_open.clear()

    def _converse(self, connection: socket.socket) -> None:
        login = {"user": USER, "pass": self._password, "verbose": False, "name": USER}
        connection.settimeout(_PATIENCE_S)
        lines = _Lines(connection, self._closing)
        lines.line()  # INFO
        connection.sendall(f"CONNECT {json.dumps(login)}\r\nSUB {_SUBJECT} 1\r\nPING\r\n".encode())
        while (line := lines.line()) is not None:
            verb, *words = line.split()
            if verb == b"MSG":
                reply, request = words[2], lines.body(int(words[-1]))
                answer = self._answer(request)
                connection.sendall(b"PUB %s %d\r\n%s\r\n" % (reply, len(answer), answer))
            elif verb == b"PONG":
                self.is_open.set()
            elif verb == b"PING":
                connection.sendall(b"PONG\r\n")
            elif verb == b"-ERR":
                raise ConnectionError(line.decode(errors="replace"))

    def _answer(self, request: bytes) -> bytes:
        asked = claims_of(request)["nats"]
        user, server = asked["user_nkey"], asked["server_id"]["id"]
        try:
            admission = self._judge(_caller(asked))
        except Exception:
            log.exception("door_failed")
            admission = None
        said: dict[str, Any] = {"type": "authorization_response", "version": 2}
        if admission is None:
            said["error"] = "not let in"
        else:
            said["jwt"] = self.issuer.sign(user, admission.account, _user_claims(admission.permissions))
        return self.issuer.sign(user, server, said).encode()


class _Lines:
    """What comes over a connection, line by line."""

    def __init__(self, connection: socket.socket, closing: threading.Event) -> None:
        self._connection = connection
        self._closing = closing
        self._pending = b""

    def line(self) -> bytes | None:
        """The next one; None when it is time to end."""
        while b"\r\n" not in self._pending:
            if not self._more():
                return None
        line, self._pending = self._pending.split(b"\r\n", 1)
        return line

    def body(self, size: int) -> bytes:
        """The next `size` bytes, which a line's end follows."""
        while len(self._pending) < size + 2 and self._more():
            pass
        body, self._pending = self._pending[:size], self._pending[size + 2 :]
        return body

    def _more(self) -> bool:
        while not self._closing.is_set():
            try:
                more = self._connection.recv(65_536)
            except TimeoutError:
                continue
            if not more:
                msg = "the broker has ended"
                raise ConnectionError(msg)
            self._pending += more
            return True
        return False


def is_password(given: str | None, right: str) -> bool:
    """Compare in a time that tells nothing."""
    return given is not None and hmac.compare_digest(given.encode(), right.encode())


def _caller(asked: Mapping[str, Any]) -> Caller:
    options, client_id = asked["connect_opts"], asked["client_info"].get("mqtt_id", "")
    chains = asked.get("client_tls", {}).get("verified_chains")
    if chains:
        certificate = x509.load_pem_x509_certificate(chains[0][0].encode())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return Caller(names.get_values_for_type(x509.DNSName)[0], None, client_id)
    return Caller(options.get("user", ""), options.get("pass", ""), client_id)


def _user_claims(permissions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "pub": _rules(permissions.get("publish", {})),
        "sub": _rules(permissions.get("subscribe", {})),
        "subs": -1,
        "data": -1,
        "payload": -1,
        "allowed_connection_types": ["MQTT"],
        "type": "user",
        "version": 2,
    }


def _rules(rules: Any) -> dict[str, Any]:  # noqa: ANN401 (a list, or what to allow and to deny)
    return {"allow": rules} if isinstance(rules, list) else dict(rules)
