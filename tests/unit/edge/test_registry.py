import json
from pathlib import Path

import pytest

from edge.config import EdgeSettings
from edge.errors import RegistrationError
from edge.registry import Registration, load_registry


def _load(tmp_path: Path, content: object, **defaults: object) -> dict[str, Registration]:
    path = tmp_path / "devices.json"
    path.write_text(json.dumps(content))
    return load_registry(str(path), defaults)


def test_a_comma_list_names_devices_with_the_defaults() -> None:
    registry = load_registry("dev-1, dev-2,", {"share_presence": True})

    assert registry == {
        name: Registration(device_id=name, share_presence=True) for name in ("dev-1", "dev-2")
    }


def test_nobody_has_consented_unless_somebody_says_so() -> None:
    assert EdgeSettings().share_presence is False
    assert load_registry("dev-1", {})["dev-1"].share_presence is False


@pytest.mark.parametrize(
    "content",
    [
        ["dev-1", {"device_id": "dev-2", "timezone": "Europe/Berlin"}],
        {"dev-1": {}, "dev-2": {"timezone": "Europe/Berlin"}},
    ],
)
def test_a_file_registers_devices_one_by_one(tmp_path: Path, content: object) -> None:
    registry = _load(tmp_path, content, timezone="Asia/Tokyo")

    assert {name: each.timezone for name, each in registry.items()} == {
        "dev-1": "Asia/Tokyo",
        "dev-2": "Europe/Berlin",
    }


@pytest.mark.parametrize(
    "content",
    [
        ["dev/1"],
        [7],
        7,
        None,
        [{"device_id": "dev-1", "timezone": "Mars/Olympus"}],
        [{"device_id": "dev-1", "timezone": "../etc/passwd"}],
        [{"device_id": "dev-1", "min_setpoint_c": -5}],
        [{"device_id": "dev-1", "consent": True}],
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(RegistrationError, match=r"devices\.json"):
        _load(tmp_path, content)


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(RegistrationError, match="nowhere"):
        load_registry("nowhere.json", {})
