"""What Authlib asks when codes, refresh tokens and device codes become tokens (RFC 6749, 7636, 8628)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceCodeGrant, SlowDownError

from cloud.errors import ConflictError
from mobile_api import audit
from mobile_api.account_store import allowed_scopes, read_account
from mobile_api.clients import Client, scopes_of
from mobile_api.device_grants import Polled, poll, use_up
from mobile_api.grants import store_code, use_code
from mobile_api.identity_records import DeviceGrantRecord
from mobile_api.records import ALL_SCOPES, AccountRecord, CodeRecord, Scope, SessionRecord
from mobile_api.services import services
from mobile_api.sessions import (
    LIFETIME,
    LINKED_LIFETIME,
    SCREEN_LIFETIME,
    new_session_id,
    open_session,
    prolong,
    prove_session,
    rotate,
)
from mobile_api.tokens import LIFETIME as TOKEN_LIFETIME
from mobile_api.tokens import Claims

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]
"""How a client may say who it is; each only as it was registered."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code record as Authlib asks it."""

    record: CodeRecord

    @property
    def code_challenge(self) -> str | None:
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
    """A session as Authlib asks it; with `claims`, by an access token of it."""

    session: SessionRecord
    claims: Claims | None = None

    @property
    def is_access_token(self) -> bool:
        """Whether an access token, and no refresh token, is asked about."""
        return self.claims is not None

    @property
    def expires_at(self) -> datetime:
        """When the token that is asked about ends."""
        return self.session.expires_at if self.claims is None else self.claims.expires_at

    def is_expired(self) -> bool:
        """It was looked up among those that are not."""
        return False

    def is_revoked(self) -> bool:
        """The same."""
        return False

    def check_client(self, client: Client) -> bool:
        """Whether it belongs to the client."""
        return self.session.client_id == client.client_id

    def get_scope(self) -> str:
        """What it may do."""
        scopes = (
            self.session.scopes
            if self.claims is None
            else (each for each in ALL_SCOPES if each in self.claims.scopes)
        )
        return " ".join(scopes)


class RequiredS256(CodeChallenge):  # type: ignore[misc]  # Authlib is not typed
    """PKCE as OAuth 2.1 wants it: never `plain`, always of a public client, and refused at the first step.

    A client with a secret proves itself by that; Google's account linking, for one, sends no challenge.
    """

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ANN401 (Authlib's)
        """Authlib lets a request without challenge pass here."""
        data = grant.request.payload.data
        if not grant.client.public and not ({"code_challenge", "code_challenge_method"} & set(data)):
            return
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge' with 'code_challenge_method=S256' is required.")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # the same
    """Codes, kept in the serving state."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def save_authorization_code(self, code: str, request: Any) -> None:  # noqa: ANN401 (Authlib's)
        """Keep a new code."""
        account: AccountRecord = request.user
        scopes = scopes_of(request.scope, allowed_scopes(account))
        if not scopes:
            raise AccessDeniedError(redirect_uri=request.payload.redirect_uri, state=request.payload.state)
        store_code(
            code,
            CodeRecord(
                client_id=request.client.client_id,
                account_id=account.account_id,
                redirect_uri=request.payload.redirect_uri,
                scopes=scopes,
                code_challenge=request.payload.data.get("code_challenge"),
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
        return read_account(services().state, authorization_code.record.account_id)

    def generate_token(self, **_: object) -> dict[str, Any]:
        """Open the session."""
        record: CodeRecord = self.request.authorization_code.record
        lifetime = LIFETIME if self.request.client.public else LINKED_LIFETIME
        return _first_token(record, record.account_id, lifetime)


class RotatingRefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # the same
    """Refresh tokens: a public client's is good once (RFC 9700, 4.14.2); a secret binds the others."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Credential | None:
        """The session that it proves."""
        use = services()
        session = prove_session(use.state, refresh_token, "app", use.now())
        return None if session is None else Credential(session)

    def authenticate_user(self, refresh_token: Credential) -> AccountRecord | None:
        """The account behind it."""
        return read_account(services().state, refresh_token.session.account_id)

    def generate_token(self, *, scope: str | None = None, **_: object) -> dict[str, Any]:
        """A new access token, which may have fewer scopes, and a public client's next refresh token."""
        session: SessionRecord = self.request.refresh_token.session
        use = services()
        try:
            if self.request.client.public:
                return _token(session, scopes_of(scope, ALL_SCOPES), rotate(use.state, session))
            prolong(use.state, session, use.now())
            return _token(session, scopes_of(scope, ALL_SCOPES), None)
        except ConflictError as error:
            raise InvalidGrantError("The token was used at the same moment.") from error

    def revoke_old_credential(self, refresh_token: Credential) -> None:
        """`rotate` has done it in one step with making the new one."""


class ScreenGrant(DeviceCodeGrant):  # type: ignore[misc]  # the same
    """Device codes: a screen asks until somebody has allowed it elsewhere."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def query_device_credential(self, device_code: str) -> "Asked":
        """The grant; a poll that comes too early makes the next one wait longer."""
        polled = poll(services().state, device_code, services().now())
        if polled is None:
            raise InvalidGrantError("Invalid 'device_code' in payload")
        return Asked(polled)

    def query_user_grant(self, user_code: "Asked") -> tuple[AccountRecord, bool] | None:
        """What the person said; Authlib hands back what `get_user_code` gave it."""
        record = user_code.record
        if record.status == "pending":
            return None
        account = None if record.account_id is None else read_account(services().state, record.account_id)
        if record.status == "used" or account is None:
            raise InvalidGrantError("The device code was used, or its account is gone.")
        return account, record.status == "allowed"

    def should_slow_down(self, credential: "Asked") -> bool:
        """Whether it asked too early."""
        return credential.polled.too_early

    def generate_token(self, **_: object) -> dict[str, Any]:
        """Open the session, once."""
        polled: Polled = self.request.credential.polled
        try:
            record = use_up(services().state, polled)
        except ConflictError as error:
            raise SlowDownError from error
        return _first_token(record, self.request.user.account_id, SCREEN_LIFETIME)


@dataclass(frozen=True, slots=True)
class Asked:
    """A device grant as Authlib asks it."""

    polled: Polled

    @property
    def record(self) -> DeviceGrantRecord:
        """What is stored."""
        return self.polled.record

    def get_client_id(self) -> str:
        """Whose it is."""
        return self.record.client_id

    def get_scope(self) -> str:
        """What it grants."""
        return " ".join(self.record.scopes)

    def get_user_code(self) -> "Asked":
        """The code itself is not kept: the grant stands for it."""
        return self

    def is_expired(self) -> bool:
        """Whether nobody allowed it in time."""
        return self.record.status == "pending" and self.record.expires_at <= services().now()


def _first_token(
    granted: CodeRecord | DeviceGrantRecord, account_id: str, lifetime: timedelta
) -> dict[str, Any]:
    """Open the session that a code or a device grant has named."""
    use = services()
    session, refresh_token = open_session(
        use.state,
        account_id=account_id,
        client_id=granted.client_id,
        scopes=granted.scopes,
        kind="app",
        now=use.now(),
        session_id=granted.session_id,
        lifetime=lifetime,
    )
    audit.note(use.state, "access_granted", account_id, use.now(), client_id=granted.client_id)
    return _token(session, session.scopes, refresh_token)


def _token(session: SessionRecord, scopes: Sequence[Scope], refresh_token: str | None) -> dict[str, Any]:
    use = services()
    token = {
        "token_type": "Bearer",
        "access_token": use.tokens.issue(session, scopes, use.now()),
        "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        "scope": " ".join(scopes),
    }
    return token if refresh_token is None else token | {"refresh_token": refresh_token}
