"""The file of identities, with several who write it."""

import stat
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.ports.deletion import deletion_writes
from infra.local.errors import DeviceNameError
from infra.local.identities import GATEWAY_ID, SERVICES, IdentityFile
from infra.local.shut_out import ShutOut


def test_on_first_use_everybody_gets_the_same_passwords(tmp_path: Path) -> None:
    files = [IdentityFile(tmp_path / "identities.json") for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda file: file.all(), files))

    assert len(seen) == 1
    assert {identity.name for identity in seen.pop()} == {*SERVICES, GATEWAY_ID, f"{GATEWAY_ID}@site"}
    assert stat.S_IMODE(files[0].path.stat().st_mode) == 0o600


def test_what_several_add_at_the_same_time_is_all_there(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    names = [f"dev-{number}" for number in range(40)]

    def add(name: str) -> None:
        IdentityFile(path).add_devices([name], behind_gateway=True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, names))

    file = IdentityFile(path)
    assert set(file.require(GATEWAY_ID).devices) == set(names)
    assert {identity.name for identity in file.all()} >= set(names)


def test_a_device_that_is_known_keeps_its_password(tmp_path: Path) -> None:
    file = IdentityFile(tmp_path / "identities.json")
    (before,) = file.add_devices(["dev-1"], behind_gateway=False)

    file.require_admissible(["dev-1"], behind_gateway=False)

    assert file.add_devices(["dev-1"], behind_gateway=False) == (before,)


@pytest.mark.parametrize(
    ("device_id", "account", "why"),
    [
        ("two words", "cloud", "letters, digits"),
        ("ingest-7", "cloud", "a process of this machine"),
        (f"{GATEWAY_ID}-site", "site", "a process of this machine"),
        ("a/b", "site", "letters, digits"),
        ("", "cloud", "letters, digits"),
        ("x" * 129, "cloud", "letters, digits"),
        ("line\n", "cloud", "letters, digits"),
        ("ingest", "cloud", "a service of this machine"),
        (GATEWAY_ID, "cloud", "a gateway of this machine"),
        ("native", "site", "speaks to the cloud itself"),
        ("on-site", "cloud", "behind the gateway"),
    ],
)
def test_a_name_that_would_be_wrong_is_refused(
    tmp_path: Path, device_id: str, account: str, why: str
) -> None:
    file = IdentityFile(tmp_path / "identities.json")
    file.add_devices(["native"], behind_gateway=False)
    file.add_devices(["on-site"], behind_gateway=True)

    with pytest.raises(DeviceNameError, match=why):
        file.require_admissible(["good", device_id], behind_gateway=account == "site")


def test_a_device_that_is_removed_has_no_login_and_no_place_behind_the_gateway(tmp_path: Path) -> None:
    file = IdentityFile(tmp_path / "identities.json")
    file.add_devices(["native", "stays"], behind_gateway=False)
    file.add_devices(["on-site", "stays-on-site"], behind_gateway=True)

    file.remove_devices(lambda: ["native", "on-site", "never-there", GATEWAY_ID])

    assert file.require(GATEWAY_ID).devices == ("stays-on-site",)
    assert {each.name for each in file.all() if each.role == "device"} == {"stays", "stays-on-site"}


def test_a_device_that_is_let_in_anew_stays_in(tmp_path: Path) -> None:
    """Two of us look at the same request: whoever comes late must not take the new login away."""
    file, state = IdentityFile(tmp_path / "identities.json"), MemoryStateStore()
    file.add_devices(["dev-1"], behind_gateway=False)
    state.transact(deletion_writes("dev-1", datetime(2026, 7, 1, tzinfo=UTC)))
    late, early = ShutOut(state, file), ShutOut(state, IdentityFile(file.path))
    removing = file.remove_devices

    def let_in_first(choose: Callable[[], Collection[str]]) -> None:
        early.settle(early.take_away())
        IdentityFile(file.path).add_devices(["dev-1"], behind_gateway=False)
        removing(choose)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(file, "remove_devices", let_in_first)
        patched.setattr(early.identities, "remove_devices", IdentityFile(file.path).remove_devices)
        assert late.take_away() == []

    assert file.require("dev-1").role == "device"


def test_home_assistant_has_one_login_for_a_home_and_no_name_of_anothers(tmp_path: Path) -> None:
    file = IdentityFile(tmp_path / "identities.json")
    file.add_devices(["dev-1"], behind_gateway=True)

    login = file.add_home_assistant("cottage")

    assert (login.account, login.role) == ("site", "home_assistant")
    assert file.add_home_assistant("cottage") == login
    for name, why in {
        "dev-1": "a device",
        "two/levels": "letters",
        "gw-1-site": "a process",
        "+": "letters",
    }.items():
        with pytest.raises(DeviceNameError, match=why):
            file.add_home_assistant(name)
    with pytest.raises(DeviceNameError, match="a home_assistant"):
        file.require_admissible(["cottage"], behind_gateway=True)
