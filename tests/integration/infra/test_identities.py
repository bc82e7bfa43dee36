"""The file of identities, with several who write it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local.errors import DeviceNameError
from infra.local.identities import GATEWAY_ID, SERVICES, IdentityFile


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
