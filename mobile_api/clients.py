"""Clients: the applications that may ask for tokens. Today one, ours, which has no secret."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin

from mobile_api.records import SCOPES, Scope

APP_CLIENT_ID = "ac-advisor-app"
"""The first-party app: phone, command line, demo."""

_LOOPBACK = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):  # type: ignore[misc]  # Authlib is not typed
    """A public client: code with PKCE, refresh, nothing else."""

    client_id: str
    redirect_uris: tuple[str, ...]
    first_party: bool = True

    def get_client_id(self) -> str:
        """Its id."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """None: a client has to say where its code goes."""
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What it gets of what it asks for; everything when it does not ask, None when nothing is left."""
        wanted = SCOPES if not scope else scope.split()
        return " ".join(known for known in SCOPES if known in wanted) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it registered this address: exactly, but for the port of a loopback one (RFC 8252, 7.3)."""
        return any(_same(redirect_uri, registered) for registered in self.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:  # noqa: ARG002 (Authlib's signature)
        """A public client has no secret."""
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 (the same)
        """It does not authenticate; PKCE binds its code to it."""
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        """Codes only."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Code and refresh."""
        return grant_type in {"authorization_code", "refresh_token"}


def scopes_of(text: str | None) -> tuple[Scope, ...]:
    """The scopes in a space-separated list, in their order."""
    return tuple(scope for scope in SCOPES if scope in (text or "").split())


def _same(asked: str, registered: str) -> bool:
    if asked == registered:
        return True
    try:
        ours, theirs = urlsplit(registered), urlsplit(asked)
        loopback = ours.hostname in _LOOPBACK and theirs.port is not None
    except ValueError:
        return False
    return loopback and asked == registered.replace(ours.netloc, f"{ours.hostname}:{theirs.port}", 1)
