"""Signing keys: which one signs now, which are still believed, and how one follows another.

A new key is published for a while before it signs, so that whoever keeps a copy of our keys knows it in
time. The old one is believed until the last token that it signed has ended, and is then thrown away.

    made ──ANNOUNCED──▶ signs ──until the next one signs──▶ believed ──BELIEVED──▶ gone
"""

import fcntl
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol, cast

import structlog
from joserfc.jwk import ECKey, KeySet
from typing_extensions import override

KEY_FILE: Final = Path("keys", "api-es256.json")
"""Where the keys are, below the data directory."""

ANNOUNCED: Final = timedelta(minutes=10)
"""A key is published so long before it signs."""

BELIEVED: Final = timedelta(hours=1)
"""A key is believed so long after it has last signed; longer than any access token is good."""

LOOK_AGAIN: Final = timedelta(seconds=5)
"""So often the file is looked at: another process may have changed it."""

FIRST_DAY: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a key was made that does not say: it is old, and is replaced at once."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class SigningKeys(Protocol):
    """The keys of this API."""

    def signing(self, now: datetime) -> ECKey:
        """The key that signs."""
        ...

    def accepted(self, now: datetime) -> KeySet:
        """Every key whose signature is believed, also one that does not sign yet."""
        ...


@dataclass(frozen=True, slots=True)
class FixedKeys(SigningKeys):
    """Keys that never change; the first one signs."""

    keys: KeySet

    @override
    def signing(self, now: datetime) -> ECKey:
        return cast("ECKey", self.keys.keys[0])

    @override
    def accepted(self, now: datetime) -> KeySet:
        return self.keys


@dataclass(frozen=True, slots=True)
class DatedKey:
    """A key, and when it was made."""

    key: ECKey
    made_at: datetime


class KeyFile(SigningKeys):
    """Keys in a file that its owner alone can read; a new one is made when the newest is too old.

    Processes on one file agree: a change is made under a lock, and seen by the others within `LOOK_AGAIN`.

    Args:
        path: The file; made with its first key when there is none.
        max_age: Age of the newest key at which the next one is made.
        now: When it is opened.
    """

    def __init__(self, path: Path, max_age: timedelta, now: datetime) -> None:
        self._path = path
        self._max_age = max_age
        self._guard = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(path):
            if not path.exists():
                _write(path, [DatedKey(make_key(), now)])
        self._keys = _read(path)
        self._look_at = now + LOOK_AGAIN

    @override
    def signing(self, now: datetime) -> ECKey:
        return _signing(self._present(now), now).key

    @override
    def accepted(self, now: datetime) -> KeySet:
        return KeySet([each.key for each in _believed(self._present(now), now)])

    def listed(self, now: datetime) -> list[tuple[DatedKey, str]]:
        """Every key with its stage: `announced`, `signs`, `believed`."""
        keys = _believed(self._present(now), now)
        signing = _signing(keys, now)
        return [(key, _stage(key, signing)) for key in keys]

    def rotate(self, now: datetime, *, drop_old: bool = False) -> DatedKey:
        """Make the next key.

        Args:
            now: When.
            drop_old: Believe no other from now on, since one was stolen: every access token ends, and
                applications refresh theirs.
        """
        fresh = DatedKey(make_key(), now)
        with self._guard, _locked(self._path):
            old = [] if drop_old else _believed(_read(self._path), now)
            self._keys = [*old, fresh]
            _write(self._path, self._keys)
        log.info("signing_key_made", kid=fresh.key.kid)
        return fresh

    def _present(self, now: datetime) -> list[DatedKey]:
        if now < self._look_at:
            return self._keys
        self._look_at = now + LOOK_AGAIN
        try:
            self._keys = _read(self._path)
            if now - self._keys[-1].made_at >= self._max_age:
                self._rotate_by_age(now)
        except OSError as error:  # such as a folder that only its mounter may write to
            log.warning("signing_keys_not_renewed", reason=str(error))
        return self._keys

    def _rotate_by_age(self, now: datetime) -> None:
        with self._guard, _locked(self._path):
            self._keys = _read(self._path)
            if now - self._keys[-1].made_at >= self._max_age:
                self._keys = [*_believed(self._keys, now), DatedKey(make_key(), now)]
                _write(self._path, self._keys)
                log.info("signing_key_made", kid=self._keys[-1].key.kid)


def make_key() -> ECKey:
    """A new signing key, named by its thumbprint (RFC 7638)."""
    key = ECKey.generate_key("P-256", private=True)
    key.ensure_kid()
    return key


def published(keys: KeySet) -> dict[str, list[dict[str, Any]]]:
    """The public halves, as a JWK set (RFC 7517, 5)."""
    return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "ES256"} for key in keys.keys]}


def _signing(keys: list[DatedKey], now: datetime) -> DatedKey:
    """The newest that has been announced long enough; a first key has nobody to wait for."""
    return next((key for key in reversed(keys) if key.made_at + ANNOUNCED <= now), keys[0])


def _believed(keys: list[DatedKey], now: datetime) -> list[DatedKey]:
    """All but those whose successor has signed for so long that no token of theirs is left."""
    ends = [after.made_at + ANNOUNCED + BELIEVED for after in keys[1:]]
    return [key for key, end in zip(keys, [*ends, None], strict=True) if end is None or now < end]


def _stage(key: DatedKey, signing: DatedKey) -> str:
    if key is signing:
        return "signs"
    return "announced" if key.made_at > signing.made_at else "believed"


def _read(path: Path) -> list[DatedKey]:
    found = json.loads(path.read_text())["keys"]
    keys = [
        DatedKey(ECKey.import_key({name: each[name] for name in each if name != "made_at"}), _made_at(each))
        for each in found
    ]
    return sorted(keys, key=lambda key: key.made_at)


def _made_at(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["made_at"]) if "made_at" in entry else FIRST_DAY


def _write(path: Path, keys: list[DatedKey]) -> None:
    """Replace the file in one step, so that nobody reads half of it."""
    entries = [{**each.key.as_dict(private=True), "made_at": each.made_at.isoformat()} for each in keys]
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"keys": entries}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder against other processes; a lock that its holder's death releases."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
