"""Records that the API alone writes: accounts, sessions, codes, and what it was asked to do.

Keys, beside those of `cloud.ports.records` and of `identity_records.py`:

| pk | sk | body |
|---|---|---|
| `account#{account_id}` | `account` | `AccountRecord` |
| `account#{account_id}` | `home#{home_id}`, `session#{session_id}` | pointers |
| `account#{account_id}` | `push#{digest}` | `SubscriptionRecord` |
| `push` | `{account_id}#{digest}` | pointer to it |
| `push#keys` | `keys` | what signs push messages |
| `push#lease`, `voice#lease` | `lease` | which replica does the work (`leases.py`) |
| `account#{account_id}` | `alexa_grant`, `google_link` | `voice.alexa_grants`, `voice.google_links` |
| `account#{account_id}` | `alexa_told`, `google_told` | `voice.told.ToldRecord` |
| `alexa#grants`, `google#links` | `{account_id}` | pointers to those |
| `email#{email}` | `account` | `{account_id}`: one account per address |
| `session#{session_id}` | `session` | `SessionRecord` |
| `session#{session_id}` | `spent#{digest}` | a refresh token that was used; using it again ends the session |
| `code#{digest}` | `code` | `CodeRecord` |
| `home#{home_id}` | `member#{account_id}` | `MemberRecord`: who may act in the home |
| `home#{home_id}` | `invitation#{invitation_id}` | `InvitationRecord` |
| `home#{home_id}` | `presence` | `PresenceRecord` |
| `invitation#{digest of its code}` | `invitation` | `InvitationRecord` |
| `device#{device_id}` | `command#{command_id}`, `last_command` | `CommandRecord`, pointer |
| `device#{device_id}` | `decision` | `DecisionRecord` |
"""

import hashlib
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from cloud.ports.records import AdviceStatus, Record
from edge.contract import DeviceId, Fan, Mode

Scope: TypeAlias = Literal["read", "advise", "control", "admin"]
"""What a token may do: look, answer advice, move devices or change homes; operate the service."""

SCOPES: tuple[Scope, ...] = ("read", "advise", "control")
"""What everybody may have, and gets who does not ask."""

ALL_SCOPES: tuple[Scope, ...] = (*SCOPES, "admin")
"""`admin` is for operators who ask for it."""


SessionKind: TypeAlias = Literal["browser", "app", "federated"]
"""What proves it: the page's cookie, a refresh token, or a token of another issuer."""

Role: TypeAlias = Literal["owner", "member", "guest"]
"""What somebody is in a home; `access.RIGHTS` says what each may do."""


class AccountRecord(Record):
    """A person who can sign in: by a password, or (`password_hash` None) by another issuer's token alone.

    `federated` are digests of the issuers and subjects that stand for this account.
    """

    account_id: str
    email: str
    password_hash: str | None
    created_at: datetime
    email_verified_at: datetime | None = None
    operator: bool = False
    federated: tuple[str, ...] = ()


class SessionRecord(Record):
    """One sign-in of one client; ending it ends every token that it gave.

    `secret_digest` is of the cookie's secret (browser) or of the refresh token now valid (app). A federated
    session is another issuer's: it is never stored.
    """

    session_id: str
    account_id: str
    client_id: str
    scopes: tuple[Scope, ...]
    kind: SessionKind
    secret_digest: str
    created_at: datetime
    expires_at: datetime


class CodeRecord(Record):
    """An authorization code; it names the session that it will open, so that its second use can end it."""

    client_id: str
    account_id: str
    redirect_uri: str
    scopes: tuple[Scope, ...]
    code_challenge: str | None
    session_id: str
    used: bool = False


class CommandRecord(Record):
    """A command as it was asked for; its progress is derived from the inbox and from readings."""

    command_id: str
    device_id: DeviceId
    entry_id: str
    asked_at: datetime
    expires_at: datetime
    mode: Mode | None = None
    setpoint_c: float | None = None
    fan: Fan | None = None


class MemberRecord(Record):
    """Somebody who may act in a home."""

    role: Role


class InvitationRecord(Record):
    """An invitation that nobody has accepted yet; its code is kept as a digest."""

    invitation_id: str
    home_id: str
    role: Role
    code_digest: str
    expires_at: datetime


class PresenceRecord(Record):
    """What the phones of a home have said, by account, and what that means for the home."""

    at_home: dict[str, bool]
    somebody: bool | None = None


class DecisionRecord(Record):
    """A person's answer to advice, shown until the advisor has written the advice anew."""

    advice_id: str
    advice_version: int
    status: AdviceStatus


class SubscriptionRecord(Record):
    """A browser that is told. Key `account#{account_id}` / `push#{digest}`; it ends with its sign-in."""

    account_id: str
    session_id: str
    endpoint: str
    p256dh: str
    auth: str
    told: dict[str, str] = Field(default_factory=dict[str, str])
    """By device, the advice of which it was told last."""

    @property
    def digest(self) -> str:
        """What names it."""
        return subscription_digest(self.endpoint)


def account_pk(account_id: str) -> str:
    """Partition of an account."""
    return f"account#{account_id}"


def invitation_pk(code_digest: str) -> str:
    """Partition of an invitation, by the digest of its code."""
    return f"invitation#{code_digest}"


def email_pk(email: str) -> str:
    """Partition that makes an address unique; `email` is already in its one form."""
    return f"email#{email}"


def session_pk(session_id: str) -> str:
    """Partition of a session."""
    return f"session#{session_id}"


def subscription_digest(endpoint: str) -> str:
    """What names a subscription: its address is a secret of its own."""
    return hashlib.sha256(endpoint.encode()).hexdigest()[:32]
