"""Records that the API alone writes: accounts, sessions, codes, and what it was asked to do.

Keys, beside those of `cloud.ports.records`:

| pk | sk | body |
|---|---|---|
| `account#{account_id}` | `account` | `AccountRecord` |
| `account#{account_id}` | `home#{home_id}`, `session#{session_id}` | pointers |
| `email#{email}` | `account` | `{account_id}`: one account per address |
| `session#{session_id}` | `session` | `SessionRecord` |
| `session#{session_id}` | `spent#{digest}` | a refresh token that was used; using it again ends the session |
| `code#{digest}` | `code` | `CodeRecord` |
| `account#{account_id}` | `tries` | `TriesRecord`: wrong codes of late |
| `home#{home_id}` | `member#{account_id}` | `MemberRecord`: who may act in the home |
| `home#{home_id}` | `invitation#{invitation_id}` | `InvitationRecord` |
| `home#{home_id}` | `presence` | `PresenceRecord` |
| `invitation#{digest of its code}` | `invitation` | `InvitationRecord` |
| `device#{device_id}` | `command#{command_id}`, `last_command` | `CommandRecord`, pointer |
| `device#{device_id}` | `decision` | `DecisionRecord` |
"""

from datetime import datetime
from typing import Literal, TypeAlias

from cloud.ports.records import AdviceStatus, Record
from edge.contract import DeviceId, Fan, Mode

Scope: TypeAlias = Literal["read", "advise", "control"]
"""What a token may do: look, answer advice, and move devices or change homes."""

SCOPES: tuple[Scope, ...] = ("read", "advise", "control")

Role: TypeAlias = Literal["owner", "member", "guest"]
"""What somebody is in a home; `access.RIGHTS` says what each may do."""


class AccountRecord(Record):
    """A person who can sign in."""

    account_id: str
    email: str
    password_hash: str
    created_at: datetime


class SessionRecord(Record):
    """One sign-in of one client; ending it ends every token that it gave.

    `secret_digest` is of the cookie's secret (browser) or of the refresh token now valid (app).
    """

    session_id: str
    account_id: str
    client_id: str
    scopes: tuple[Scope, ...]
    kind: Literal["browser", "app"]
    secret_digest: str
    created_at: datetime
    expires_at: datetime


class CodeRecord(Record):
    """An authorization code; it names the session that it will open, so that its second use can end it."""

    client_id: str
    account_id: str
    redirect_uri: str
    scopes: tuple[Scope, ...]
    code_challenge: str
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


class TriesRecord(Record):
    """Codes that somebody has typed in the window that goes on, and that were none."""

    count: int


class PresenceRecord(Record):
    """What the phones of a home have said, by account, and what that means for the home."""

    at_home: dict[str, bool]
    somebody: bool | None = None


class DecisionRecord(Record):
    """A person's answer to advice, shown until the advisor has written the advice anew."""

    advice_id: str
    advice_version: int
    status: AdviceStatus


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
