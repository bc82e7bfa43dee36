"""Grants: the right to send Alexa events for a person, from `AcceptGrant`, and its tokens.

They are kept with the account, as what they are: they have to be shown to Amazon. They go with the account.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import override

from cloud.ports.records import Record
from cloud.ports.state import Delete, Put, StateStore
from mobile_api.records import account_pk
from mobile_api.voice.alexa_directives import GrantRefusedError, Grants
from mobile_api.voice.outbound import Call, Transport

GRANTS_PK: Final = "alexa#grants"
"""Partition of the pointers to accounts with a grant."""

GRANT_SK: Final = "alexa_grant"

EARLY: Final = timedelta(minutes=5)
"""A token is replaced so long before it ends."""


class GrantRecord(Record):
    """Tokens for Alexa's event gateway. Key `account#{account_id}` / `alexa_grant`."""

    access_token: str
    refresh_token: str
    expires_at: datetime


class _Tokens(BaseModel):
    """What Login with Amazon answers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: str = Field(min_length=1, max_length=4096)
    refresh_token: str = Field(min_length=1, max_length=4096)
    expires_in: int = Field(ge=1, le=86_400)


@dataclass(frozen=True, slots=True)
class AlexaGrants(Grants):
    """Grants in the serving state.

    Attributes:
        state: Where they are kept.
        send: Calls Login with Amazon.
        token_url: Where.
        client_id: Who we are there.
        client_secret: What proves it.
        now: The wall clock (UTC).
    """

    state: StateStore
    send: Transport
    token_url: str
    client_id: str
    client_secret: str
    now: Callable[[], datetime]

    @override
    def accept(self, account_id: str, code: str) -> None:
        tokens = self._ask({"grant_type": "authorization_code", "code": code})
        self._keep(account_id, tokens)

    def access_token(self, account_id: str, *, refused: str | None = None) -> str | None:
        """A token that is good now; None without a grant.

        Args:
            account_id: Whose.
            refused: A token that the gateway does not take any more, so that another is needed.

        Raises:
            GrantRefusedError: Amazon gives no other.
            VendorUnreachableError: Amazon does not answer.
        """
        item = self.state.get(account_pk(account_id), GRANT_SK)
        if item is None:
            return None
        grant = GrantRecord.model_validate(item.body)
        if grant.access_token != refused and self.now() < grant.expires_at - EARLY:
            return grant.access_token
        tokens = self._ask({"grant_type": "refresh_token", "refresh_token": grant.refresh_token})
        return self._keep(account_id, tokens).access_token

    def account_ids(self, after: str = "", limit: int = 100) -> list[str]:
        """Accounts with a grant, in their order, part by part."""
        return [item.sk for item in self.state.query(GRANTS_PK, after=after, limit=limit)]

    def forget(self, account_id: str) -> None:
        """Send no more events for an account."""
        self.state.transact(forget_grant(account_id))

    def _keep(self, account_id: str, tokens: _Tokens) -> GrantRecord:
        grant = GrantRecord(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_at=self.now() + timedelta(seconds=tokens.expires_in),
        )
        body = grant.model_dump(mode="json")
        self.state.transact([Put(account_pk(account_id), GRANT_SK, body), Put(GRANTS_PK, account_id, {})])
        return grant

    def _ask(self, form: dict[str, str]) -> _Tokens:
        whole = {**form, "client_id": self.client_id, "client_secret": self.client_secret}
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
        reply = self.send(Call("POST", self.token_url, headers, urlencode(whole).encode()))
        if not reply.is_ok:
            raise GrantRefusedError(f"Login with Amazon answered {reply.status}")
        try:
            return _Tokens.model_validate(json.loads(reply.body))
        except (ValueError, ValidationError) as error:
            raise GrantRefusedError("Login with Amazon answered no tokens") from error


def forget_grant(account_id: str) -> list[Delete]:
    """The writes that end a grant."""
    return [Delete(account_pk(account_id), GRANT_SK), Delete(GRANTS_PK, account_id)]
