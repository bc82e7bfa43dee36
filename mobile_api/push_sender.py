"""Sending one push message: encrypted for the browser (RFC 8291), signed by us (VAPID, RFC 8292)."""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from typing_extensions import override

from cloud.errors import ConflictError
from cloud.ports.state import ABSENT, Put, StateStore
from mobile_api.push_address import ForbiddenAddressError, post
from mobile_api.records import SubscriptionRecord
from mobile_api.services import PushOutcome, PushService

if TYPE_CHECKING:
    from py_vapid import Vapid02

TTL_S: Final = 3600
"""How long the push service keeps a message for a browser that is away [s]; advice is stale after that."""

PAYLOAD: Final = json.dumps({"kind": "advice"}).encode()
"""All that is said: nothing personal leaves; the page asks here what it is about."""

_KEYS: Final = ("push#keys", "keys")
_GONE: Final = frozenset({400, 401, 403, 404, 410, 413})
_LIFETIME_S: Final = 12 * 3600


@dataclass(frozen=True, slots=True)
class PushSender(PushService):
    """Signs with the key of this installation.

    Attributes:
        vapid: The key.
        contact: `mailto:` or `https:` of whoever runs this, for the push services.
        private_ok: Also to addresses that are not public, and without TLS; for tests.
    """

    vapid: "Vapid02"
    contact: str
    private_ok: bool

    @property
    @override
    def public_key(self) -> str:
        signed = self.vapid.sign({"aud": "https://localhost", "sub": self.contact})["Authorization"]
        return str(signed).rpartition("k=")[2]  # the header that push services read has it

    @override
    def send(self, to: SubscriptionRecord) -> PushOutcome:
        from pywebpush import WebPusher, WebPushException  # noqa: PLC0415 (comes with the extra `push`)

        info = {"endpoint": to.endpoint, "keys": {"p256dh": to.p256dh, "auth": to.auth}}
        parts = urlsplit(to.endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "sub": self.contact,
            "exp": int(time.time()) + _LIFETIME_S,
        }
        try:
            body = WebPusher(info).encode(PAYLOAD)["body"]
            headers = {**self.vapid.sign(claims), "Content-Encoding": "aes128gcm", "TTL": str(TTL_S)}
            status = post(to.endpoint, body, {**headers, "Topic": "advice"}, private_ok=self.private_ok)
        except (ForbiddenAddressError, ValueError, WebPushException):
            return "gone"
        except OSError:
            return "later"
        if status in _GONE:
            return "gone"
        return "sent" if 200 <= status < 300 else "later"  # noqa: PLR2004 (HTTP)


def open_sender(state: StateStore, contact: str, *, private_ok: bool) -> PushSender:
    """The sender of this installation; its key is made at the first start, and all replicas share it."""
    from py_vapid import Vapid02  # noqa: PLC0415 (comes with the extra `push`)

    if state.get(*_KEYS) is None:
        fresh = Vapid02()
        fresh.generate_keys()
        with suppress(ConflictError):  # another replica was first
            state.transact([Put(*_KEYS, {"pem": fresh.private_pem().decode()}, if_version=ABSENT)])
    item = state.get(*_KEYS)
    if item is None:
        raise ConflictError(*_KEYS)
    return PushSender(Vapid02.from_pem(item.body["pem"].encode()), contact, private_ok)
