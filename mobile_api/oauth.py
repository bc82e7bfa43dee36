"""OAuth 2: code with PKCE, device grant, refresh, revocation, introspection, by Authlib.

RFC 6749, 7009, 7636, 7662, 8628, 9700. Errors of these endpoints have the form that RFC 6749 prescribes, not
that of a problem document.
"""

import base64
import binascii
import json
from typing import Any, Final
from urllib.parse import unquote_plus

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint
from flask import Flask, Response

from mobile_api import audit
from mobile_api.clients import Client, find_client
from mobile_api.device_grants import CODE_LIFETIME, INTERVAL_S, new_user_code, store_grant
from mobile_api.errors import UnauthenticatedError
from mobile_api.oauth_grants import (
    AUTH_METHODS,
    CodeGrant,
    Credential,
    RequiredS256,
    RotatingRefreshGrant,
    ScreenGrant,
)
from mobile_api.services import services
from mobile_api.sessions import end_session, find_session, prove_session
from mobile_api.tokens import AUDIENCE

_EXTENSION: Final = "ac_advisor_oauth"


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib is not typed
    """Either token ends the whole session (RFC 7009, 2.1 allows it)."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token_string: str, _hint: str | None) -> Credential | None:
        """The session behind a refresh or an access token."""
        return _credential(token_string)

    def revoke_token(self, token: Credential, _request: object) -> None:
        """End it."""
        use, session = services(), token.session
        end_session(use.state, session)
        audit.note(use.state, "access_revoked", session.account_id, use.now(), client_id=session.client_id)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # the same
    """What a token is worth, for clients with a secret: their own tokens, or any if registered so."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # noqa: RUF012 (Authlib's)

    def query_token(self, token_string: str, _hint: str | None) -> Credential | None:
        """The session behind a refresh or an access token."""
        return _credential(token_string)

    def check_permission(self, token: Credential, client: Client, _request: object) -> bool:
        """Another's token is answered like no token (RFC 7662, 2.2)."""
        return client.record.introspects or token.check_client(client)

    def introspect_token(self, token: Credential) -> dict[str, Any]:
        """RFC 7662, 2.2."""
        session = token.session
        found: dict[str, Any] = {
            "active": True,
            "client_id": session.client_id,
            "scope": token.get_scope(),
            "sub": session.account_id,
            "aud": AUDIENCE,
            "iss": services().settings.issuer,
            "exp": int(token.expires_at.timestamp()),
        }
        return found | ({"token_type": "Bearer"} if token.is_access_token else {})


class DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc]  # the same
    """Where a screen gets its two codes (RFC 8628, 3.1)."""

    CLIENT_AUTH_METHODS = AUTH_METHODS
    EXPIRES_IN = int(CODE_LIFETIME.total_seconds())
    INTERVAL = INTERVAL_S

    def create_endpoint_response(self, request: Any) -> Any:  # noqa: ANN401 (Authlib's)
        """Refuse here who could not use the codes either: Authlib does not look."""
        client: Client = self.authenticate_client(request)
        if not client.check_grant_type(ScreenGrant.GRANT_TYPE):
            raise UnauthorizedClientError
        if client.get_allowed_scope(request.payload.scope) is None:
            raise InvalidScopeError
        return super().create_endpoint_response(request)

    def generate_user_code(self) -> str:
        """Eight letters that are hard to mistake."""
        return new_user_code()

    def get_verification_uri(self) -> str:
        """Where the person goes."""
        return f"{services().settings.issuer}/device"

    def save_device_credential(self, client_id: str, scope: str | None, data: dict[str, Any]) -> None:
        """Keep both codes, by their digests."""
        client = _find_client(client_id)
        allowed = None if client is None else client.get_allowed_scope(scope)
        store_grant(services().state, client_id, allowed or "", data, services().now())


def install(app: Flask) -> None:
    """Give `app` its authorization server."""
    server = AuthorizationServer(app, _find_client, _save_nothing)
    server.register_client_auth_method("client_secret_basic", _by_basic)
    server.register_grant(CodeGrant, [RequiredS256(required=True)])
    server.register_grant(RotatingRefreshGrant)
    server.register_grant(ScreenGrant)
    for endpoint in (Revocation, Introspection, DeviceAuthorization):
        server.register_endpoint(endpoint)
    app.extensions[_EXTENSION] = server
    app.register_error_handler(OAuth2Error, _refused)


def server_of(app: Flask) -> Any:  # noqa: ANN401 (Authlib is not typed)
    """The authorization server of `app`."""
    return app.extensions[_EXTENSION]


def _refused(error: Any) -> Response:  # noqa: ANN401 (Authlib's)
    """What Authlib finds wrong before it begins: plain http under a name that is not this machine's."""
    status, body, headers = error()
    return Response(json.dumps(body), status, headers)


def _find_client(client_id: str) -> Client | None:
    use = services()
    return find_client(use.state, client_id, use.settings.redirect_uris)


def _by_basic(_query: object, request: Any) -> Client | None:  # noqa: ANN401 (Authlib's)
    """The client in the `Authorization` header (RFC 6749, 2.3.1); Authlib's own fails on what is no UTF-8."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(token.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    client = _find_client(unquote_plus(client_id))
    return client if client is not None and client.check_client_secret(unquote_plus(secret)) else None


def _save_nothing(_token: object, _request: object) -> None:
    """The grants have stored what has to be."""


def _credential(token: str) -> Credential | None:
    """The live session behind a refresh or an access token."""
    use = services()
    session = prove_session(use.state, token, "app", use.now())
    if session is not None:
        return Credential(session)
    try:
        claims = use.tokens.read(token, use.now())
    except UnauthenticatedError:
        return None
    found = find_session(use.state, claims.session_id, use.now())
    return None if found is None else Credential(found, claims)
