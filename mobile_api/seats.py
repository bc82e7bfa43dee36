"""Seats: of the server's threads, so many at most are held by one kind of long request, and by one holder."""

from collections import Counter
from dataclasses import dataclass, field
from threading import Condition

from mobile_api.errors import NoSeatError


@dataclass(slots=True)
class Seats:
    """Counts who holds a thread.

    Attributes:
        what: What they are for, for whoever gets none.
        most: Of everybody.
        each: Of one holder.
    """

    what: str
    most: int
    each: int
    _taken: Counter[str] = field(default_factory=Counter[str])
    _waiting: int = 0
    _given_back: Condition = field(default_factory=Condition)

    def take(self, holder: str, wait_s: float = 0.0) -> None:
        """Take a seat.

        Raises:
            NoSeatError: There has been none for `wait_s`, as many wait as there are seats, or the holder has
                its share.
        """
        with self._given_back:
            if not self._is_free(holder) and not self._wait(holder, wait_s):
                is_own = self._taken[holder] >= self.each
                raise NoSeatError(self.each if is_own else self.most, self.what, is_own=is_own)
            self._taken[holder] += 1

    def free(self, holder: str) -> None:
        """Give a seat back."""
        with self._given_back:
            self._taken[holder] -= 1
            self._taken += Counter()  # forget those who have none
            self._given_back.notify_all()

    def _is_free(self, holder: str) -> bool:
        return self._taken[holder] < self.each and self._taken.total() < self.most

    def _wait(self, holder: str, wait_s: float) -> bool:
        if wait_s <= 0 or self._waiting >= self.most:
            return False
        self._waiting += 1
        try:
            return self._given_back.wait_for(lambda: self._is_free(holder), wait_s)
        finally:
            self._waiting -= 1
