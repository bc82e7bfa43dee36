"""Kept: what was worked out a moment ago, under all that it was worked out from.

A key is the whole of what its value depends on, such as the text of a record, and that is read from the store
each time. So nothing kept can be out of date, and replicas need not tell each other. It is bounded in number,
and in time because people may have their records removed: what nobody asks for any more is gone after
`KEPT_FOR_S` twice, with the next look at anything.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

KEPT_FOR_S: Final = 30.0
"""Half of how long something stays that is not asked for [s]."""

MOST: Final = 4096
"""Half of how many there are at most."""

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


@dataclass(slots=True)
class Kept(Generic[_Key, _Value]):
    """Two generations: what is asked for moves to the new one, and the old one goes as a whole.

    Safe for threads without a lock: at worst two of them work the same thing out.

    Args:
        clock: Seconds that never go back.
    """

    clock: Callable[[], float] = time.monotonic
    _new: dict[_Key, _Value] = field(default_factory=dict[_Key, _Value])
    _old: dict[_Key, _Value] = field(default_factory=dict[_Key, _Value])
    _since_s: float = 0.0

    def get(self, key: _Key) -> _Value | None:
        """What is kept under `key`."""
        self._age()
        found = self._new.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self._new[key] = found
        return found

    def put(self, key: _Key, value: _Value) -> _Value:
        """Keep a value."""
        self._age()
        self._new[key] = value
        return value

    def _age(self) -> None:
        now_s = self.clock()
        if now_s - self._since_s > KEPT_FOR_S or len(self._new) >= MOST:
            is_forgotten = now_s - self._since_s > 2 * KEPT_FOR_S  # nobody has looked for so long
            self._old, self._new, self._since_s = {} if is_forgotten else self._new, {}, now_s
