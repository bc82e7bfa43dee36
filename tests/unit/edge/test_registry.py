import json
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.config import EdgeSettings
from edge.errors import RegistrationError
from edge.registry import DeviceList, Registration, load_registry


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


class DevicesFile:
    """A file of devices that somebody edits."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, content: str) -> None:
        aside = self.path.with_suffix(".new")
        aside.write_text(content)
        aside.replace(self.path)


@pytest.fixture
def devices_file(tmp_path: Path) -> DevicesFile:
    file = DevicesFile(tmp_path / "devices.json")
    file.write('["dev-1"]')
    return file


def test_whoever_holds_the_registry_sees_devices_come_and_go(devices_file: DevicesFile) -> None:
    devices = DeviceList(str(devices_file.path), {"timezone": "Asia/Tokyo"})
    held = devices.registry
    assert not devices.refresh()

    devices_file.write('["dev-1", "dev-2"]')
    assert devices.refresh()
    assert held["dev-2"].timezone == "Asia/Tokyo"

    devices_file.write('[{"device_id": "dev-2", "share_presence": true}]')
    assert devices.refresh()
    assert list(held) == ["dev-2"]
    assert held["dev-2"].share_presence
    assert not devices.refresh()


def test_a_change_within_a_tick_of_the_file_systems_clock_is_seen(devices_file: DevicesFile) -> None:
    devices = DeviceList(str(devices_file.path), {})
    before = devices_file.path.stat()

    devices_file.write('["dev-2"]')
    os.utime(devices_file.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert devices.refresh()


def test_a_file_that_says_the_same_in_other_words_changes_nothing(devices_file: DevicesFile) -> None:
    devices = DeviceList(str(devices_file.path), {})

    devices_file.write('{"dev-1": {"share_presence": false}}')

    assert not devices.refresh()


@pytest.mark.parametrize("content", ["", '["dev-1", ', '["dev/1"]', None])
def test_a_file_that_cannot_be_read_changes_nothing_and_is_said_once(
    devices_file: DevicesFile, content: str | None
) -> None:
    devices = DeviceList(str(devices_file.path), {})
    if content is None:
        devices_file.path.unlink()
    else:
        devices_file.write(content)

    with capture_logs() as logs:
        assert not devices.refresh()
        assert not devices.refresh()

    assert list(devices.registry) == ["dev-1"]
    assert [entry["event"] for entry in logs] == ["devices_not_read"]
    devices_file.write('["dev-1", "dev-2"]')
    assert devices.refresh()


def test_a_list_in_the_setting_stays_as_it_is() -> None:
    assert not DeviceList("dev-1,dev-2", {}).refresh()
