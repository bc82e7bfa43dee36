"""Serving state: small items that many processes read and write, each under a partition and a sort key.

The semantics are what SQLite and DynamoDB can both promise: optimistic versions, transactions of up to 100
writes, and items that expire (readers never see an expired item, whenever it is really removed).
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias

MAX_WRITES = 100
"""Writes in one transaction (DynamoDB TransactWriteItems)."""

MAX_ITEM_BYTES = 390 * 1024
"""Size of one item's JSON body [bytes] (DynamoDB: 400 KB, of which its key and our own fields take some)."""

MAX_KEY_BYTES = 1000
"""Size of `pk`, and of `sk` [bytes] (DynamoDB: 1024 of a sort key)."""

MAX_TRANSACTION_BYTES = 3584 * 1024
"""Size of all bodies in one transaction [bytes] (DynamoDB: 4 MB, of which keys and fields take some)."""

MAX_KEYS = 100
"""Items asked for at once by key (DynamoDB BatchGetItem)."""

_PAGE_ITEMS = 100

ABSENT: Final = 0
"""As `if_version`: the item must not exist yet."""

Body: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str]
"""`pk` and `sk`."""


@dataclass(frozen=True, slots=True)
class Item:
    """One stored item.

    Attributes:
        pk: Partition key, such as `home#h1`.
        sk: Sort key inside the partition, such as `advice#dev-1`.
        text: JSON object, as it is stored: the same text says the same.
        version: 1 for a new item, one more with each write.
        expires_at: When readers stop seeing it (UTC), or None.
    """

    pk: str
    sk: str
    text: str
    version: int
    expires_at: datetime | None = None

    @property
    def body(self) -> Body:
        """What it says: a copy of one's own, each time."""
        found: Body = json.loads(self.text)
        return found


@dataclass(frozen=True, slots=True)
class Put:
    """Write an item; with `if_version` only if it still has that version (`ABSENT`: is not there)."""

    pk: str
    sk: str
    body: Body
    if_version: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item if it is there; with `if_version` only if it still has that version."""

    pk: str
    sk: str
    if_version: int | None = None


Write: TypeAlias = Put | Delete


class StateStore(Protocol):
    """Items by key, durable when a write returns, visible to every process at once."""

    def get(self, pk: str, sk: str) -> Item | None:
        """The item, or None when there is none (or it has expired)."""
        ...

    def get_each(self, keys: Collection[Key]) -> dict[Key, Item]:
        """Those of up to `MAX_KEYS` items that there are, of any partitions; one question where it can be.

        A store that asks once sees all of them as they are at one moment; no other may be relied on to.
        """
        found = ((key, self.get(*key)) for key in keys)
        return {key: item for key, item in found if item is not None}

    def query(self, pk: str, *, prefix: str = "", after: str = "", limit: int = 100) -> list[Item]:
        """Up to `limit` items of a partition in the order of `sk`, with `sk > after` and the prefix."""
        ...

    def transact(self, writes: Sequence[Write]) -> None:
        """Do all writes or none.

        Raises:
            ConflictError: A condition did not hold; nothing was written.
            RejectedError: More than `MAX_WRITES` or `MAX_TRANSACTION_BYTES`, the same key twice, an item over
                `MAX_ITEM_BYTES`, or a key over `MAX_KEY_BYTES` or with an empty `pk`.
            UnavailableError: The store does not answer; nothing is certain.
        """
        ...


def every(state: StateStore, pk: str, prefix: str = "", page_items: int = _PAGE_ITEMS) -> Iterator[Item]:
    """All items of a partition with a prefix, page by page."""
    after = ""
    while True:
        page = state.query(pk, prefix=prefix, after=after, limit=page_items)
        yield from page
        if len(page) < page_items:
            return
        after = page[-1].sk
