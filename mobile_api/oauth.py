"""OAuth 2: code with PKCE, rotated refresh tokens, revocation (RFC 6749, 7636, 7009, 9700), by Authlib.

Errors of these endpoints have the form that RFC 6749 prescribes, not that of a problem document.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask

from cloud.errors import ConflictError
from cloud.ports.state import StateStore
from mobile_api.clients import APP_CLIENT_ID, Client, scopes_of
from mobile_api.errors import UnauthenticatedError
from mobile_api.grants import store_code, use_code
from mobile_api.records import AccountRecord, CodeRecord, Scope, SessionRecord, account_pk
from mobile_api.services import services
from mobile_api.sessions import end_session, find_session, new_session_id, open_session, prove_session, rotate
from mobile_api.tokens import LIFETIME

_EXTENSION = "ac_advisor_oauth"
_PUBLIC_CLIENTS_ONLY = ["none"]


@dataclass(frozen=True, slots=True)
class Code:
    """A code record as Authlib asks it."""

    record: CodeRecord

    @property
    def code_challenge(self) -> str:
        """PKCE's challenge."""
        return self.record.code_challenge

    @property
    def code_challenge_method(self) -> str:
        """The only one that we accept."""
        return "S256"

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.record.redirect_uri

    def get_scope(self) -> str:
        """What it grants."""
        return " ".join(self.record.scopes)


@dataclass(frozen=True, slots=True)
class Credential:
    """A session as Authlib asks it."""

    session: SessionRecord

    def check_client(self, client: Client) -> bool:
        """Whether it belongs to the client."""
        return self.session.client_id == client.client_id

    def get_scope(self) -> str:
        """What was granted."""
        return " ".join(self.session.scopes)


class RequiredS256(CodeChallenge):  # type: ignore[misc]  # Authlib is not typed
    """PKCE as OAuth 2.1 wants it: always, and never `plain`; refused at the first step, not at the second."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ANN401 (Authlib's)
        """Authlib lets a request without challenge pass here."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge' with 'code_challenge_method=S256' is required.")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # the same
    """Codes, kept in the serving state."""

    TOKEN_ENDPOINT_AUTH_METHODS = _PUBLIC_CLIENTS_ONLY

    def save_authorization_code(self, code: str, request: Any) -> None:  # noqa: ANN401 (Authlib's)
        """Keep a new code."""
        account: AccountRecord = request.user
        store_code(
            code,
            CodeRecord(
                client_id=request.client.client_id,
                account_id=account.account_id,
                redirect_uri=request.payload.redirect_uri,
                scopes=scopes_of(request.scope),
                code_challenge=request.payload.data["code_challenge"],
                session_id=new_session_id(),
            ),
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """Use the code up; a wrong verifier burns it too."""
        record = use_code(code, client.client_id)
        return None if record is None else Code(record)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It stays, marked as used, until it expires: so that a second use is noticed."""

    def authenticate_user(self, authorization_code: Code) -> AccountRecord | None:
        """The account that granted it."""
        return _account(services().state, authorization_code.record.account_id)

    def generate_token(self, **_: object) -> dict[str, Any]:
        """Open the session."""
        record: CodeRecord = self.request.authorization_code.record
        use = services()
        session, refresh_token = open_session(
            use.state,
            account_id=record.account_id,
            client_id=record.client_id,
            scopes=record.scopes,
            kind="app",
            now=use.now(),
            session_id=record.session_id,
        )
        return _token(session, session.scopes, refresh_token)


class RotatingRefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # the same
    """Refresh tokens, each good once."""

    TOKEN_ENDPOINT_AUTH_METHODS = _PUBLIC_CLIENTS_ONLY
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Credential | None:
        """The session that it proves."""
        use = services()
        session = prove_session(use.state, refresh_token, "app", use.now())
        return None if session is None else Credential(session)

    def authenticate_user(self, refresh_token: Credential) -> AccountRecord | None:
        """The account behind it."""
        return _account(services().state, refresh_token.session.account_id)

    def generate_token(self, *, scope: str | None = None, **_: object) -> dict[str, Any]:
        """Replace the refresh token; the new access token may have fewer scopes."""
        session: SessionRecord = self.request.refresh_token.session
        try:
            return _token(session, scopes_of(scope), rotate(services().state, session))
        except ConflictError as error:
            raise InvalidGrantError("The token was used at the same moment.") from error

    def revoke_old_credential(self, refresh_token: Credential) -> None:
        """`rotate` has done it in one step with making the new one."""


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # the same
    """Either token ends the whole session (RFC 7009, 2.1 allows it)."""

    CLIENT_AUTH_METHODS = _PUBLIC_CLIENTS_ONLY

    def query_token(self, token_string: str, _hint: str | None) -> Credential | None:
        """The session behind a refresh or an access token."""
        use = services()
        session = prove_session(use.state, token_string, "app", use.now())
        if session is None:
            try:
                claims = use.tokens.read(token_string, use.now())
            except UnauthenticatedError:
                return None
            session = find_session(use.state, claims.session_id, use.now())
        return None if session is None else Credential(session)

    def revoke_token(self, token: Credential, _request: object) -> None:
        """End it."""
        end_session(services().state, token.session)


def install(app: Flask) -> None:
    """Give `app` its authorization server."""
    server = AuthorizationServer(app, _find_client, _save_nothing)
    server.register_grant(CodeGrant, [RequiredS256(required=True)])
    server.register_grant(RotatingRefreshGrant)
    server.register_endpoint(Revocation)
    app.extensions[_EXTENSION] = server


def server_of(app: Flask) -> Any:  # noqa: ANN401 (Authlib is not typed)
    """The authorization server of `app`."""
    return app.extensions[_EXTENSION]


def _find_client(client_id: str) -> Client | None:
    return Client(APP_CLIENT_ID, services().settings.redirect_uris) if client_id == APP_CLIENT_ID else None


def _save_nothing(_token: object, _request: object) -> None:
    """The grants have stored what has to be."""


def _account(state: StateStore, account_id: str) -> AccountRecord | None:
    item = state.get(account_pk(account_id), "account")
    return None if item is None else AccountRecord.model_validate(item.body)


def _token(session: SessionRecord, scopes: Sequence[Scope], refresh_token: str) -> dict[str, Any]:
    use = services()
    return {
        "token_type": "Bearer",
        "access_token": use.tokens.issue(session, scopes, use.now()),
        "expires_in": int(LIFETIME.total_seconds()),
        "refresh_token": refresh_token,
        "scope": " ".join(scopes),
    }
