"""Reading ahead: what a read will look at is fetched with one question, not with one for each item.

Each question lets another thread go first, so ten threads that ask six each wait more than they work. And it
is one moment: who may see something and what they see are never of two.
"""

from collections.abc import Collection, Sequence

from typing_extensions import override

from cloud.ports.state import Item, Key, StateStore, Write


class ReadAhead(StateStore):
    """The serving state of one request that reads, some items already at hand.

    Args:
        state: The serving state.
        keys: The items; any other is looked up as ever.
    """

    def __init__(self, state: StateStore, keys: Collection[Key]) -> None:
        self._state = state
        self._keys = frozenset(keys)
        self._found = state.get_each(keys)

    @override
    def get(self, pk: str, sk: str) -> Item | None:
        key = (pk, sk)
        return self._found.get(key) if key in self._keys else self._state.get(pk, sk)

    @override
    def get_each(self, keys: Collection[Key]) -> dict[Key, Item]:
        if not self._keys.issuperset(keys):
            return self._state.get_each(keys)
        return {key: self._found[key] for key in keys if key in self._found}

    @override
    def query(self, pk: str, *, prefix: str = "", after: str = "", limit: int = 100) -> list[Item]:
        return self._state.query(pk, prefix=prefix, after=after, limit=limit)

    @override
    def transact(self, writes: Sequence[Write]) -> None:
        self._state.transact(writes)
        self._keys = frozenset()
