"""Clients: the applications that may ask for tokens. Two are ours and public; operators register others."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin

from cloud.errors import NotFoundError
from cloud.ports.state import ABSENT, Delete, Put, StateStore
from mobile_api.digests import digest
from mobile_api.errors import ClientRefusedError
from mobile_api.identity_records import (
    CLIENTS_PK,
    DEVICE_GRANT,
    ClientRecord,
    GrantType,
    client_pk,
)
from mobile_api.records import ALL_SCOPES, SCOPES, Scope

APP_CLIENT_ID: Final = "ac-advisor-app"
"""The first-party app: phone, command line, demo."""

SCREEN_CLIENT_ID: Final = "ac-advisor-screen"
"""Screens and hubs, which have no browser of their own: the device grant."""

MAX_CLIENTS: Final = 100
"""So many may be registered."""

_FIRST_PARTY = frozenset({APP_CLIENT_ID, SCREEN_CLIENT_ID})
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):  # type: ignore[misc]  # Authlib is not typed
    """A client as Authlib asks it."""

    record: ClientRecord

    @property
    def client_id(self) -> str:
        """Its id."""
        return self.record.client_id

    @property
    def public(self) -> bool:
        """Whether it has no secret: then PKCE binds its codes to it, and its refresh tokens are rotated."""
        return self.record.auth == "none"

    @property
    def first_party(self) -> bool:
        """Whether it is ours."""
        return self.client_id in _FIRST_PARTY

    def get_client_id(self) -> str:
        """Its id."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """None: a client has to say where its code goes."""
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What it gets of what it asks for; None when nothing is left. Who does not ask gets no `admin`."""
        wanted = SCOPES if not scope else scope.split()
        return " ".join(known for known in self.record.scopes if known in wanted) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it registered this address: exactly, but for a public client's port on loopback.

        RFC 8252, 7.3: an app listens on whatever port is free. A client with a secret is a server.
        """
        if not self.public:
            return redirect_uri in self.record.redirect_uris
        return any(_same(redirect_uri, registered) for registered in self.record.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether this is its secret."""
        known = self.record.secret_digest
        return known is not None and hmac.compare_digest(known, digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 (Authlib's)
        """Only the way that it was registered with."""
        return method == self.record.auth

    def check_response_type(self, response_type: str) -> bool:
        """Codes only."""
        return response_type == "code" and "authorization_code" in self.record.grants

    def check_grant_type(self, grant_type: str) -> bool:
        """What it was registered for."""
        return grant_type in self.record.grants


def find_client(state: StateStore, client_id: str, app_redirect_uris: Sequence[str]) -> Client | None:
    """A client of ours or a registered one."""
    if client_id == APP_CLIENT_ID:
        return Client(_ours(client_id, "ac-advisor", tuple(app_redirect_uris), "authorization_code"))
    if client_id == SCREEN_CLIENT_ID:
        return Client(_ours(client_id, "A screen or hub", (), DEVICE_GRANT))
    item = state.get(client_pk(client_id), "client")
    return None if item is None else Client(ClientRecord.model_validate(item.body))


def add_client(state: StateStore, wanted: ClientRecord) -> str | None:
    """Register a client.

    Returns:
        Its secret, which nobody can find out later; None for a public client.

    Raises:
        ClientRefusedError: An address could be anybody's, or there are too many clients.
        ConflictError: There is one with this id.
    """
    for uri in wanted.redirect_uris:
        _check_address(uri, public=wanted.auth == "none")
    if len(state.query(CLIENTS_PK, limit=MAX_CLIENTS)) >= MAX_CLIENTS:
        raise ClientRefusedError(f"there are {MAX_CLIENTS} clients already")
    secret = None if wanted.auth == "none" else secrets.token_urlsafe(32)
    record = wanted.model_copy(update={"secret_digest": None if secret is None else digest(secret)})
    body = record.model_dump(mode="json")
    state.transact(
        [
            Put(client_pk(record.client_id), "client", body, if_version=ABSENT),
            Put(CLIENTS_PK, record.client_id, {}),
        ]
    )
    return secret


def list_clients(state: StateStore) -> list[ClientRecord]:
    """Every registered client."""
    found = [state.get(client_pk(item.sk), "client") for item in state.query(CLIENTS_PK, limit=MAX_CLIENTS)]
    return [ClientRecord.model_validate(item.body) for item in found if item is not None]


def remove_client(state: StateStore, client_id: str) -> None:
    """Remove a client: it gets no more tokens; those that it has end within 15 minutes.

    Raises:
        NotFoundError: There is none.
    """
    item = state.get(client_pk(client_id), "client")
    if item is None:
        raise NotFoundError("client", client_id)
    state.transact([Delete(item.pk, item.sk, item.version), Delete(CLIENTS_PK, client_id)])


def new_client_id(name: str) -> str:
    """An id that says whose it is: `alexa-3f9a2c`."""
    words = "".join(letter if letter.isalnum() else "-" for letter in name.lower() if letter.isascii())
    return f"{words.strip('-')[:40] or 'client'}-{secrets.token_hex(3)}"


def scopes_of(text: str | None, allowed: Sequence[Scope]) -> tuple[Scope, ...]:
    """The scopes in a space-separated list that are allowed, in their order."""
    return tuple(scope for scope in allowed if scope in (text or "").split())


def _ours(client_id: str, name: str, redirect_uris: tuple[str, ...], grant: GrantType) -> ClientRecord:
    return ClientRecord(
        client_id=client_id,
        name=name,
        redirect_uris=redirect_uris,
        scopes=ALL_SCOPES if client_id == APP_CLIENT_ID else SCOPES,
        grants=(grant, "refresh_token"),
        auth="none",
        created_at=_BEGINNING,
    )


def _check_address(uri: str, *, public: bool) -> None:
    """A code may only go where nobody else can read it (RFC 9700, 4.1.3)."""
    parts = urlsplit(uri)
    web = parts.scheme == "https" and bool(parts.hostname)
    local = public and parts.scheme == "http" and parts.hostname in _LOOPBACK
    own = public and "." in parts.scheme  # an app's reversed domain name (RFC 8252, 7.1)
    if parts.fragment or "*" in uri or "@" in parts.netloc or not (web or local or own):
        raise ClientRefusedError(f"{uri}: an https address is wanted, exactly as it will be asked for")


def _same(asked: str, registered: str) -> bool:
    if asked == registered:
        return True
    try:
        ours, theirs = urlsplit(registered), urlsplit(asked)
        loopback = ours.hostname in _LOOPBACK and theirs.port is not None
    except ValueError:
        return False
    return loopback and asked == registered.replace(ours.netloc, f"{ours.hostname}:{theirs.port}", 1)
