"""Items as a store has them, for tests that say what they are about."""

import json
from datetime import datetime

from cloud.ports.state import Body, Item


def item_of(pk: str, sk: str, body: Body, version: int, expires_at: datetime | None = None) -> Item:
    """The item that a `Put` of this body makes."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Item(pk, sk, text, version, expires_at)
