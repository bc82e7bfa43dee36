"""Repeats: which readings have been seen before with the very same content, in bounded memory."""

import hashlib
from collections import OrderedDict
from datetime import datetime

from edge.contract import DeviceId

CAPACITY = 50_000
"""Readings remembered: about 15 MB; 50 devices at 5 minutes are three and a half days."""

_Key = tuple[DeviceId, datetime]


class Repeats:
    """The last content of each of the newest readings.

    What is new counts only once `settle` says that it is on disk; `forget` takes it back.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.dropped = 0
        self._capacity = capacity
        self._settled: OrderedDict[_Key, bytes] = OrderedDict()
        self._fresh: dict[_Key, bytes] = {}
        self._dropped_fresh = 0

    def is_repeat(self, device_id: DeviceId, sampled_at: datetime, content: bytes) -> bool:
        """Whether the last reading of that device and instant had this content."""
        key = (device_id, sampled_at)
        digest = hashlib.blake2b(content, digest_size=16).digest()
        last = self._fresh.get(key) or self._settled.get(key)
        if last == digest:
            self._dropped_fresh += 1
            return True
        self._fresh[key] = digest
        return False

    def settle(self) -> None:
        """What was asked about since the last time is on disk now."""
        self._settled.update(self._fresh)
        while len(self._settled) > self._capacity:
            self._settled.popitem(last=False)
        self.dropped += self._dropped_fresh
        self.forget()

    def forget(self) -> None:
        """What was asked about since the last time is not on disk: it will come again."""
        self._fresh.clear()
        self._dropped_fresh = 0
