"""Cursors: where the next part of a list begins, as a signed text, good for one request of one account.

The signature covers the account, the path and the rest of the query. A cursor that was changed, or is used by
somebody else or with other parameters, is simply no cursor. Its secret is in the serving state, so that every
replica reads what another has written.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

from flask import request
from itsdangerous import BadSignature, URLSafeSerializer

from cloud.errors import ConflictError
from cloud.ports.state import ABSENT, Put, StateStore
from mobile_api.errors import MalformedRequestError

_PK, _SK = "secret#cursors", "secret"
_Member = TypeVar("_Member")


@dataclass(slots=True)
class Cursors:
    """Writes and reads cursors."""

    state: StateStore
    _secret: str = field(default="")

    def position(self, account_id: str) -> str:
        """Where the request wants to go on; empty when it has no cursor.

        Raises:
            MalformedRequestError: The cursor is not of this request and this account.
        """
        cursor = request.args.get("cursor")
        if cursor is None:
            return ""
        try:
            return str(self._serializer(account_id).loads(cursor))
        except BadSignature as error:
            raise MalformedRequestError("the cursor does not belong to this request") from error

    def link(self, account_id: str, position: str) -> str:
        """The `Link` (RFC 8288) to the part that begins after `position`."""
        return f'<{self.address(account_id, position)}>; rel="next"'

    def address(self, account_id: str, position: str) -> str:
        """Where the part is that begins after `position`: path and query."""
        cursor = self._serializer(account_id).dumps(position)
        return f"{request.path}?{urlencode([*_other_parameters(), ('cursor', cursor)])}"

    def _serializer(self, account_id: str) -> URLSafeSerializer:
        self._secret = self._secret or _shared_secret(self.state)
        bound = urlencode([("account", account_id), ("path", request.path), *_other_parameters()])
        return URLSafeSerializer(self._secret, salt=bound, signer_kwargs={"digest_method": hashlib.sha256})


def part_of(
    members: Sequence[_Member], key: Callable[[_Member], str], after: str, limit: int
) -> tuple[list[_Member], str | None]:
    """The first `limit` members whose key comes after `after`, in the order of their keys.

    Returns:
        The part, and the key with which the next one is asked for, or None after the last.
    """
    following = sorted((member for member in members if key(member) > after), key=key)
    part = following[:limit]
    return part, key(part[-1]) if len(following) > limit else None


def _other_parameters() -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in request.args.items(multi=True) if name != "cursor")


def _shared_secret(state: StateStore) -> str:
    """The secret of all replicas; who comes first makes it."""
    item = state.get(_PK, _SK)
    if item is not None:
        return str(item.body["secret"])
    with suppress(ConflictError):  # another replica was first
        state.transact([Put(_PK, _SK, {"secret": secrets.token_urlsafe(32)}, if_version=ABSENT)])
    return _shared_secret(state)
