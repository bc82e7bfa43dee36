"""Grants: the right to send Alexa events for a person, from `AcceptGrant`, and its tokens.

They are kept with the account, as what they are: they have to be shown to Amazon. They go with the account.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import override

from cloud.errors import ConflictError
from cloud.ports.records import Record
from cloud.ports.state import Delete, Put, StateStore, every
from mobile_api.records import account_pk
from mobile_api.voice.alexa_directives import GrantRefusedError, Grants
from mobile_api.voice.outbound import Call, Transport
from mobile_api.voice.told import forget_told

GRANTS_PK: Final = "alexa#grants"
"""Partition of the pointers to accounts with a grant."""

GRANT_SK: Final = "alexa_grant"

EARLY: Final = timedelta(minutes=5)
"""A token is replaced so long before it ends."""


class GrantEndedError(GrantRefusedError):
    """The person has taken the grant back (`invalid_grant`)."""


class GrantRecord(Record):
    """Tokens for Alexa's event gateway. Key `account#{account_id}` / `alexa_grant`."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    session_id: str = Field("", description="The sign-in at which Alexa was linked; the grant ends with it.")


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
    def accept(self, account_id: str, session_id: str, code: str) -> None:
        tokens = self._ask({"grant_type": "authorization_code", "code": code})
        grant = self._grant(tokens, session_id)
        self.state.transact(
            [_put(account_id, grant), Put(GRANTS_PK, account_id, {}), forget_told(account_id, "alexa")]
        )

    @override
    def has(self, account_id: str) -> bool:
        return self.state.get(account_pk(account_id), GRANT_SK) is not None

    def access_token(self, account_id: str, *, refused: str | None = None) -> str | None:
        """A token that is good now; None without a grant, or when that has ended.

        Args:
            account_id: Whose.
            refused: A token that the gateway does not take any more, so that another is needed.

        Raises:
            GrantRefusedError: Amazon gives no other, for a reason that is not the person's.
            VendorUnreachableError: Amazon does not answer.
        """
        item = self.state.get(account_pk(account_id), GRANT_SK)
        if item is None:
            return None
        grant = GrantRecord.model_validate(item.body)
        if grant.access_token != refused and self.now() < grant.expires_at - EARLY:
            return grant.access_token
        try:
            tokens = self._ask({"grant_type": "refresh_token", "refresh_token": grant.refresh_token})
        except GrantEndedError:
            self.forget(account_id)
            return None
        return self._renew(account_id, item.version, self._grant(tokens, grant.session_id))

    def session_id(self, account_id: str) -> str | None:
        """The sign-in at which a grant was given; None without one."""
        item = self.state.get(account_pk(account_id), GRANT_SK)
        return None if item is None else GrantRecord.model_validate(item.body).session_id

    def account_ids(self) -> Iterator[str]:
        """Accounts with a grant, in their order."""
        return (item.sk for item in every(self.state, GRANTS_PK))

    def forget(self, account_id: str) -> None:
        """Send no more events for an account."""
        self.state.transact(forget_grant(account_id))

    def _grant(self, tokens: _Tokens, session_id: str) -> GrantRecord:
        return GrantRecord(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_at=self.now() + timedelta(seconds=tokens.expires_in),
            session_id=session_id,
        )

    def _renew(self, account_id: str, version: int, grant: GrantRecord) -> str | None:
        """Keep new tokens, unless the grant was ended or renewed meanwhile: then what is kept now counts."""
        try:
            self.state.transact([_put(account_id, grant, version)])
        except ConflictError:
            item = self.state.get(account_pk(account_id), GRANT_SK)
            return None if item is None else GrantRecord.model_validate(item.body).access_token
        return grant.access_token

    def _ask(self, form: dict[str, str]) -> _Tokens:
        whole = {**form, "client_id": self.client_id, "client_secret": self.client_secret}
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
        reply = self.send(Call("POST", self.token_url, headers, urlencode(whole).encode()))
        reply.require_sound()
        if not reply.is_ok:
            ended = b'"invalid_grant"' in reply.body
            kind = GrantEndedError if ended else GrantRefusedError
            raise kind(f"Login with Amazon answered {reply.status}")
        try:
            return _Tokens.model_validate(json.loads(reply.body))
        except (ValueError, ValidationError) as error:
            raise GrantRefusedError("Login with Amazon answered no tokens") from error


def _put(account_id: str, grant: GrantRecord, version: int | None = None) -> Put:
    return Put(account_pk(account_id), GRANT_SK, grant.model_dump(mode="json"), if_version=version)


def forget_grant(account_id: str) -> list[Delete]:
    """The writes that end a grant, and what was told by it."""
    return [
        Delete(account_pk(account_id), GRANT_SK),
        Delete(GRANTS_PK, account_id),
        forget_told(account_id, "alexa"),
    ]
