"""Passwords: argon2id, at a cost that a server can bear and a thief cannot."""

import threading
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19_456
"""Memory of one hash [KiB]; with time 2 and parallelism 1 it is OWASP's first choice for argon2id
(Password Storage Cheat Sheet, 2024)."""

TIME_COST = 2
"""Passes over the memory (OWASP, as above)."""

MAX_PASSWORD_LENGTH = 128
"""Characters; bounds the work of hashing."""

AT_ONCE = 4
"""Hashes at the same time: bounds what a flood of sign-ins may cost (4 x 19 MiB)."""


@dataclass(slots=True)
class Passwords:
    """Hashes and checks passwords; safe for threads."""

    memory_kib: int = MEMORY_KIB
    time_cost: int = TIME_COST
    _hasher: PasswordHasher = field(init=False)
    _nobody: str = field(init=False, default="")
    _turns: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=self.time_cost, memory_cost=self.memory_kib, parallelism=1)
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self._hasher.hash("nobody")

    def hash(self, password: str) -> str:
        """The hash to store, with its salt and parameters."""
        with self._turns:
            return self._hasher.hash(password)

    def matches(self, password: str, stored_hash: str | None) -> bool:
        """Whether `password` is the one behind `stored_hash`; None (no such account) takes as long."""
        with self._turns:
            try:
                self._hasher.verify(stored_hash or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return stored_hash is not None
