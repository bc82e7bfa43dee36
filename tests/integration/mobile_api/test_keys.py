"""Keys in their file: who may read it, and how processes that share it agree."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloud.adapters.file_secret import file_secret
from mobile_api.keys import ANNOUNCED, BELIEVED, LOOK_AGAIN, StoredKeys, make_key, published
from mobile_api.tokens import LIFETIME

NOW = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
MAX_AGE = timedelta(days=90)


def _open(path: Path, now: datetime = NOW) -> StoredKeys:
    return StoredKeys(file_secret(path / "keys" / "api.json"), MAX_AGE, now)


def _kids(keys: StoredKeys, now: datetime) -> list[str]:
    return [key["kid"] for key in published(keys.accepted(now))["keys"]]


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "api.json"

    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: _open(tmp_path), range(8)))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len({keys.signing(NOW).kid for keys in opened}) == 1
    assert [file.name for file in path.parent.iterdir()] == ["api.json"]


def test_only_public_halves_are_published(tmp_path: Path) -> None:
    (key,) = published(_open(tmp_path).accepted(NOW))["keys"]

    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}  # RFC 7518, 6.2.1: no `d`


def test_a_new_key_is_known_before_it_signs_and_the_old_one_until_its_tokens_have_ended(
    tmp_path: Path,
) -> None:
    keys = _open(tmp_path)
    old = keys.signing(NOW).kid
    rotated_at = NOW + timedelta(days=1)

    new = keys.rotate(rotated_at).key.kid

    assert keys.signing(rotated_at).kid == old
    assert _kids(keys, rotated_at) == [old, new]
    signs_at = rotated_at + ANNOUNCED
    assert keys.signing(signs_at).kid == new
    assert _kids(keys, signs_at + LIFETIME) == [old, new]  # the last token of the old key has just ended
    assert _kids(keys, signs_at + BELIEVED) == [new]


def test_a_key_that_is_too_old_is_replaced_once_whoever_notices(tmp_path: Path) -> None:
    replicas = [_open(tmp_path) for _ in range(4)]
    late = NOW + MAX_AGE

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda keys: keys.signing(late), replicas))

    assert len(json.loads((tmp_path / "keys" / "api.json").read_text())["keys"]) == 2
    after = late + ANNOUNCED + LOOK_AGAIN
    assert len({keys.signing(after).kid for keys in replicas}) == 1
    assert replicas[0].signing(after).kid != replicas[0].signing(NOW).kid


def test_another_process_sees_a_rotation_within_seconds_and_a_stolen_key_is_dropped_at_once(
    tmp_path: Path,
) -> None:
    api, command = _open(tmp_path), _open(tmp_path)
    stolen = api.signing(NOW).kid

    fresh = command.rotate(NOW, drop_old=True).key.kid

    assert _kids(api, NOW + LOOK_AGAIN) == [fresh]
    assert api.signing(NOW + LOOK_AGAIN).kid == fresh != stolen


def test_keys_of_a_file_without_dates_still_verify_and_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "api.json"
    path.parent.mkdir()
    key = make_key()
    path.write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
    keys = _open(tmp_path)

    keys.signing(NOW + LOOK_AGAIN)

    assert keys.signing(NOW + LOOK_AGAIN).kid == key.kid
    later = NOW + LOOK_AGAIN + ANNOUNCED
    assert keys.signing(later).kid != key.kid
    assert key.kid in _kids(keys, later)


def test_a_folder_that_cannot_be_written_keeps_its_keys(tmp_path: Path) -> None:
    keys = _open(tmp_path)
    kid = keys.signing(NOW).kid
    (tmp_path / "keys" / "api.json").unlink()
    (tmp_path / "keys").rmdir()

    assert keys.signing(NOW + MAX_AGE).kid == kid
