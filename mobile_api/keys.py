"""Signing keys: which one signs now, which are still believed, and how one follows another.

A new key is published for a while before it signs, so that whoever keeps a copy of our keys knows it in
time. The old one is believed until the last token that it signed has ended, and is then thrown away.

    made ──ANNOUNCED──▶ signs ──until the next one signs──▶ believed ──BELIEVED──▶ gone
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol, cast

import structlog
from joserfc.jwk import ECKey, KeySet
from typing_extensions import override

from cloud.errors import UnavailableError
from cloud.ports.secrets import SecretDocument

KEY_FILE: Final = Path("keys", "api-es256.json")
"""Where the keys are, below the data directory."""

ANNOUNCED: Final = timedelta(minutes=10)
"""A key is published so long before it signs."""

BELIEVED: Final = timedelta(hours=1)
"""A key is believed so long after it has last signed; longer than any access token is good."""

LOOK_AGAIN: Final = timedelta(seconds=5)
"""So often the document is looked at: another process may have changed it."""

ATTEMPTS: Final = 20
"""How often somebody else may be quicker before a change is given up for now."""

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


class StoredKeys(SigningKeys):
    """Keys in a document that processes share; a new one is made when the newest is too old.

    Processes on one document agree: a change is made once, and seen by the others within `LOOK_AGAIN`.

    Args:
        document: Where they are; gets its first key when it is empty.
        max_age: Age of the newest key at which the next one is made.
        now: When it is opened.

    Raises:
        UnavailableError: It cannot be read or written now.
    """

    def __init__(self, document: SecretDocument, max_age: timedelta, now: datetime) -> None:
        self._document = document
        self._max_age = max_age
        self._guard = threading.Lock()
        self._keys = self._change(lambda keys: keys or [DatedKey(make_key(), now)])
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

        Raises:
            UnavailableError: It is not certain that there is one.
        """
        fresh = DatedKey(make_key(), now)
        with self._guard:
            self._keys = self._change(lambda keys: [*([] if drop_old else _believed(keys, now)), fresh])
        log.info("signing_key_made", kid=fresh.key.kid)
        return fresh

    def _present(self, now: datetime) -> list[DatedKey]:
        if now < self._look_at:
            return self._keys
        self._look_at = now + LOOK_AGAIN
        try:
            with self._guard:
                self._keys = self._change(lambda keys: self._renewed(keys, now))
        except UnavailableError as error:  # such as a folder that only its mounter may write to
            log.warning("signing_keys_not_renewed", reason=str(error))
        return self._keys

    def _renewed(self, keys: list[DatedKey], now: datetime) -> list[DatedKey]:
        """The same, or with a new one when the newest is too old."""
        if now - keys[-1].made_at < self._max_age:
            return keys
        return [*_believed(keys, now), DatedKey(make_key(), now)]

    def _change(self, change: Callable[[list[DatedKey]], list[DatedKey]]) -> list[DatedKey]:
        """What the document says once it is as wanted; who was not the quickest looks again."""
        for _ in range(ATTEMPTS):
            found = self._document.read()
            before = [] if found is None else _decoded(found[0])
            after = change(before)
            if after is before:
                return before
            if self._document.replace(_encoded(after), "" if found is None else found[1]):
                return after
        raise UnavailableError("signing keys: others change them all the time")


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


def _decoded(document: bytes) -> list[DatedKey]:
    found = json.loads(document)["keys"]
    keys = [
        DatedKey(ECKey.import_key({name: each[name] for name in each if name != "made_at"}), _made_at(each))
        for each in found
    ]
    return sorted(keys, key=lambda key: key.made_at)


def _made_at(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["made_at"]) if "made_at" in entry else FIRST_DAY


def _encoded(keys: list[DatedKey]) -> bytes:
    entries = [{**each.key.as_dict(private=True), "made_at": each.made_at.isoformat()} for each in keys]
    return json.dumps({"keys": entries}).encode()
