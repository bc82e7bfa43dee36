"""What `ac-advisor admin`, `clients` and `keys` do in a data directory, whether its stack runs or not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.wiring.secrets import open_secret
from infra.local.errors import LocalError
from mobile_api.audit import entries
from mobile_api.clients import add_client, list_clients, new_client_id, remove_client
from mobile_api.config import ApiSettings
from mobile_api.identity_records import DEVICE_GRANT, ClientAuth, ClientRecord, GrantType
from mobile_api.keys import KEY_FILE, StoredKeys
from mobile_api.operators import grant_operator, list_operators, revoke_operator
from mobile_api.records import SCOPES, AccountRecord, Scope


class NothingHereError(LocalError):
    """No stack has run in this directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"nothing has run in {data_dir}: name its folder with --data-dir")


def grant(data_dir: Path, email: str) -> dict[str, Any]:
    """Make an account an operator's."""
    return _shown(grant_operator(_state(data_dir), email, datetime.now(UTC)))


def revoke(data_dir: Path, email: str) -> dict[str, Any]:
    """Take that away."""
    return _shown(revoke_operator(_state(data_dir), email, datetime.now(UTC)))


def operators(data_dir: Path) -> list[dict[str, Any]]:
    """Every operator."""
    return [_shown(account) for account in list_operators(_state(data_dir))]


def audit_log(data_dir: Path, log: str, limit: int) -> list[dict[str, Any]]:
    """The newest entries of a log."""
    return [entry.model_dump(mode="json") for _, entry in entries(_state(data_dir), log, limit=limit)]


def register(
    data_dir: Path,
    name: str,
    redirect_uris: tuple[str, ...],
    scopes: tuple[Scope, ...],
    auth: ClientAuth,
    *,
    introspects: bool,
) -> dict[str, Any]:
    """Register an application; its secret is shown this once."""
    grants: tuple[GrantType, ...] = ("authorization_code",) if redirect_uris else (DEVICE_GRANT,)
    wanted = ClientRecord(
        client_id=new_client_id(name),
        name=name,
        redirect_uris=redirect_uris,
        scopes=tuple(scope for scope in SCOPES if not scopes or scope in scopes),
        grants=(*grants, "refresh_token"),
        auth=auth,
        introspects=introspects,
        created_at=datetime.now(UTC),
    )
    secret = add_client(_state(data_dir), wanted)
    shown = {"client_id": wanted.client_id, "grants": list(wanted.grants), "scopes": list(wanted.scopes)}
    return shown if secret is None else shown | {"client_secret": secret}


def clients(data_dir: Path) -> list[dict[str, Any]]:
    """Every registered application, without its secret."""
    hidden = {"secret_digest"}
    return [client.model_dump(mode="json", exclude=hidden) for client in list_clients(_state(data_dir))]


def unregister(data_dir: Path, client_id: str) -> dict[str, Any]:
    """Remove an application."""
    remove_client(_state(data_dir), client_id)
    return {"removed": client_id}


def signing_keys(data_dir: Path) -> list[dict[str, Any]]:
    """Every key with its stage."""
    now = datetime.now(UTC)
    return [
        {"kid": key.key.kid, "made_at": key.made_at.isoformat(), "stage": stage}
        for key, stage in _keys(data_dir, now).listed(now)
    ]


def rotate_keys(data_dir: Path, *, drop_old: bool) -> list[dict[str, Any]]:
    """Make the next key; running APIs see it within seconds."""
    now = datetime.now(UTC)
    _keys(data_dir, now).rotate(now, drop_old=drop_old)
    return signing_keys(data_dir)


def _state(data_dir: Path) -> SqliteStateStore:
    path = data_dir / "state.sqlite"
    if not path.exists():
        raise NothingHereError(data_dir)
    return SqliteStateStore(path)


def _keys(data_dir: Path, now: datetime) -> StoredKeys:
    path, settings = data_dir / KEY_FILE, ApiSettings()
    if not path.exists() and not settings.keys_secret:
        raise NothingHereError(data_dir)
    return StoredKeys(open_secret(path, settings.keys_secret), timedelta(days=settings.key_days), now)


def _shown(account: AccountRecord) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "email": account.email,
        "operator": account.operator,
        "email_verified": account.email_verified_at is not None,
    }
