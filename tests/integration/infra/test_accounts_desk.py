"""`ac-advisor admin`, `clients` and `keys` in a data directory that an API has used."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from cloud.adapters.file_secret import file_secret
from cloud.adapters.sqlite_state import SqliteStateStore
from infra.local.cli import commands
from infra.local.errors import LocalError
from mobile_api.account_store import new_account, store_account
from mobile_api.clients import find_client
from mobile_api.errors import ClientRefusedError
from mobile_api.keys import KEY_FILE, StoredKeys

NOW = datetime.now(UTC)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    store_account(SqliteStateStore(tmp_path / "state.sqlite"), new_account("ann@example.org", None, NOW))
    StoredKeys(file_secret(tmp_path / KEY_FILE), timedelta(days=90), NOW)
    return tmp_path


def _run(data_dir: Path, *words: str) -> Any:  # noqa: ANN401 (JSON)
    with capture_logs():
        done = CliRunner().invoke(commands, [*words, "--data-dir", str(data_dir), "--json"])
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout)


def test_the_first_operator_is_made_listed_and_unmade(data_dir: Path) -> None:
    assert _run(data_dir, "admin", "grant", "Ann@example.org")["operator"] is True
    assert [each["email"] for each in _run(data_dir, "admin", "list")] == ["ann@example.org"]

    assert _run(data_dir, "admin", "revoke", "ann@example.org")["operator"] is False

    assert _run(data_dir, "admin", "list") == []
    acts = [entry["act"] for entry in _run(data_dir, "admin", "audit")]
    assert acts == ["operator_revoked", "operator_granted"]


def test_a_client_is_registered_with_a_secret_that_is_shown_once(data_dir: Path) -> None:
    uri = "https://oauth-redirect.googleusercontent.com/r/project"
    made = _run(data_dir, "clients", "add", "Google Home", "--redirect-uri", uri, "--secret-in-body")

    client = find_client(SqliteStateStore(data_dir / "state.sqlite"), made["client_id"], ())
    assert client is not None
    assert client.check_client_secret(made["client_secret"])
    assert client.check_endpoint_auth_method("client_secret_post", "token")
    (listed,) = _run(data_dir, "clients", "list")
    assert made["client_secret"] not in json.dumps(listed)
    assert "secret_digest" not in listed
    _run(data_dir, "clients", "remove", made["client_id"])
    assert _run(data_dir, "clients", "list") == []


def test_a_client_with_an_address_in_the_clear_is_refused(data_dir: Path) -> None:
    with pytest.raises(ClientRefusedError, match="https"):
        _run(data_dir, "clients", "add", "X", "--redirect-uri", "http://example.org/cb")


def test_keys_are_rotated_and_a_stolen_one_is_dropped(data_dir: Path) -> None:
    stages = [key["stage"] for key in _run(data_dir, "keys", "rotate")]
    assert stages == ["signs", "announced"]

    (left,) = _run(data_dir, "keys", "rotate", "--drop-old")

    assert left["stage"] == "signs"
    assert _run(data_dir, "keys", "list") == [left]


@pytest.mark.parametrize("words", [("admin", "list"), ("clients", "list"), ("keys", "list")])
def test_where_nothing_has_run_nothing_is_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(LocalError, match="nothing has run"):
        _run(tmp_path, *words)

    assert list(tmp_path.iterdir()) == []
