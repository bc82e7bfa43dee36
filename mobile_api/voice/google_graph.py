"""Home Graph: what Google is told unasked, that a state has changed or that devices have come or gone."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from mobile_api.errors import ApiError
from mobile_api.voice.google_states import Json, reported
from mobile_api.voice.house import Aircon
from mobile_api.voice.outbound import (
    Call,
    Reply,
    ReportRefusedError,
    Transport,
    VendorUnreachableError,
)

SCOPE: Final = "https://www.googleapis.com/auth/homegraph"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME: Final = timedelta(hours=1)
EARLY: Final = timedelta(minutes=5)
"""A token is replaced so long before it ends."""

_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404


class UnlinkedError(ReportRefusedError):
    """Google does not know the account: its person has unlinked it."""


class KeyFileError(ApiError):
    """There is no usable key of a service account where the settings say."""


class ServiceAccount(BaseModel):
    """The key file of a service account, as Google gives it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    client_email: str = Field(min_length=3)
    private_key: SecretStr
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address)


class _Token(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: str = Field(min_length=1)
    expires_in: int = Field(ge=1)


@dataclass(slots=True)
class HomeGraph:
    """The way to Google's Home Graph.

    Attributes:
        account: Who we are there.
        send: Calls Google.
        url: Where it is.
        new_id: Names a message.
        now: The wall clock (UTC).
    """

    account: ServiceAccount
    send: Transport
    url: str
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    _token: str | None = field(init=False, default=None)
    _until: datetime | None = field(init=False, default=None)

    def report_state(self, account_id: str, airs: Mapping[str, Aircon]) -> None:
        """Say what devices (by id) of an account do now.

        Raises:
            UnlinkedError: Google does not know the account any more.
            ReportRefusedError: Google does not take it.
            VendorUnreachableError: It could not be delivered now, or Google gives us no token.
        """
        told = {device_id: reported(air) for device_id, air in airs.items()}
        body = {
            "requestId": self.new_id(),
            "agentUserId": account_id,
            "payload": {"devices": {"states": told}},
        }
        self._deliver("devices:reportStateAndNotification", body)

    def request_sync(self, account_id: str) -> None:
        """Ask Google to ask us for the devices of an account; raises as `report_state`."""
        self._deliver("devices:requestSync", {"agentUserId": account_id, "async": True})

    def _deliver(self, method: str, body: Json) -> None:
        reply = self._post(method, body)
        if reply.status == _UNAUTHORIZED:
            self._token = None
            reply = self._post(method, body)
        if reply.is_ok:
            return
        reply.require_sound()
        kind = UnlinkedError if reply.status == _NOT_FOUND else ReportRefusedError
        raise kind(f"Home Graph answered {reply.status}")

    def _post(self, method: str, body: Json) -> Reply:
        headers = {"Authorization": f"Bearer {self._access_token()}", "Content-Type": "application/json"}
        return self.send(Call("POST", f"{self.url}/{method}", headers, json.dumps(body).encode()))

    def _access_token(self) -> str:
        """A token for the service account (RFC 7523)."""
        now = self.now()
        if self._token is not None and self._until is not None and now < self._until - EARLY:
            return self._token
        form = {"grant_type": JWT_BEARER, "assertion": self._assertion(now)}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = self.send(Call("POST", self.account.token_uri, headers, urlencode(form).encode()))
        reply.require_sound()
        try:
            token = _Token.model_validate(json.loads(reply.body))
        except (ValueError, ValidationError) as error:
            raise VendorUnreachableError(f"Google gave no token ({reply.status})") from error
        self._token, self._until = token.access_token, now + timedelta(seconds=token.expires_in)
        return token.access_token

    def _assertion(self, now: datetime) -> str:
        claims = {
            "iss": self.account.client_email,
            "scope": SCOPE,
            "aud": self.account.token_uri,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
        }
        key = RSAKey.import_key(self.account.private_key.get_secret_value())
        return str(jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, key, algorithms=["RS256"]))


def service_account(text: bytes, where: str) -> ServiceAccount:
    """The service account in a key file, or in a secret that holds the same.

    Args:
        text: What the file holds.
        where: What a person knows it by.

    Raises:
        KeyFileError: It is none, or its key cannot be used.
    """
    try:
        account = ServiceAccount.model_validate_json(text)
        RSAKey.import_key(account.private_key.get_secret_value())
    except (JoseError, ValueError) as error:
        raise KeyFileError(f"{where} is no key file of a service account") from error
    return account
