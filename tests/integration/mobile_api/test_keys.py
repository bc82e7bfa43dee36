import stat
from pathlib import Path

from mobile_api.tokens import open_keys


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "api.json"

    first, again = open_keys(path), open_keys(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [key.kid for key in first.keys] == [key.kid for key in again.keys]
    assert [file.name for file in path.parent.iterdir()] == ["api.json"]
