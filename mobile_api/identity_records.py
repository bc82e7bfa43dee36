"""Records of who may come in: clients, device grants, mailed tickets, failed attempts, the audit log.

Keys, beside those of `records.py`; what is secret or an address stands in a key as a digest only:

| pk | sk | body |
|---|---|---|
| `client#{client_id}` | `client` | `ClientRecord`; listed by pointers `clients` / `{client_id}` |
| `device_code#{digest}` | `grant` | `DeviceGrantRecord` |
| `user_code#{digest}` | `grant` | pointer to the device code |
| `ticket#{digest}` | `ticket` | `TicketRecord` |
| `attempts#{digest}` | `count` | `AttemptsRecord` |
| `known#{digest of the address}` | `{digest of a source}` | from where its person has signed in before |
| `federated#{digest of issuer and subject}` | `account` | `{account_id}`; then `{deleted_at}` |
| `audit#{account_id}` | inverted time | `AuditRecord`; `audit#operators`, `audit#nobody` likewise |
| `operators` | `{account_id}` | pointer |
"""

from datetime import datetime
from typing import Literal, TypeAlias

from cloud.ports.records import Record
from mobile_api.records import Scope

ClientAuth: TypeAlias = Literal["none", "client_secret_basic", "client_secret_post"]
GrantType: TypeAlias = Literal[
    "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"
]

DEVICE_GRANT: GrantType = "urn:ietf:params:oauth:grant-type:device_code"
"""RFC 8628, 3.4."""

CLIENTS_PK = "clients"
OPERATORS_PK = "operators"

AuditedAct: TypeAlias = Literal[
    "account_created",
    "signed_in",
    "sign_in_failed",
    "signed_out",
    "access_granted",
    "access_refused",
    "access_revoked",
    "refresh_token_reused",
    "email_verified",
    "password_reset_asked",
    "password_changed",
    "federated_linked",
    "operator_granted",
    "operator_revoked",
    "account_deleted",
]


class ClientRecord(Record):
    """An application that an operator has registered.

    `secret_digest` is None for a public client. `introspects`: it may ask about any token, not its own only.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[Scope, ...]
    grants: tuple[GrantType, ...]
    auth: ClientAuth
    secret_digest: str | None = None
    introspects: bool = False
    created_at: datetime


class DeviceGrantRecord(Record):
    """What a screen or a hub asks for; it names the session that it will open (RFC 8628)."""

    client_id: str
    scopes: tuple[Scope, ...]
    session_id: str
    user_code_digest: str
    expires_at: datetime
    status: Literal["pending", "allowed", "refused", "used"] = "pending"
    account_id: str | None = None
    interval_s: int
    polled_at: datetime | None = None


class TicketRecord(Record):
    """A link that was mailed. `account_id` None opens nothing: the address has no account."""

    purpose: Literal["email_check", "password_reset"]
    account_id: str | None
    email_digest: str
    used: bool = False


class AttemptsRecord(Record):
    """Attempts that have failed, and until when no other is heard."""

    failures: int
    blocked_until: datetime


class AuditRecord(Record):
    """Who did what, when, and roughly from where. Nothing in it names a person but by account id."""

    act: AuditedAct
    at: datetime
    account_id: str | None
    by: str
    source: str
    client_id: str | None = None


def client_pk(client_id: str) -> str:
    """Partition of a registered client."""
    return f"client#{client_id}"


def audit_pk(account_id: str) -> str:
    """Partition of an account's audit log."""
    return f"audit#{account_id}"
