"""The restart budget: how often a process may be started again, and how long to wait before."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When a process that does not keep running is given up.

    The defaults give up a process that ends at once after about a minute, and one that hangs whenever it
    starts after a quarter of an hour; one that fails now and then is started again for ever.

    Attributes:
        most: Restarts within the window.
        window_s: Length of the window [s].
        first_pause_s: Before the second restart within the window [s]; it doubles from then on.
        longest_pause_s: It grows no longer than this [s].
    """

    most: int = 10
    window_s: float = 900.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 10.0


PATIENCE = RestartPolicy()
"""The policy of one machine's stack."""


@dataclass(slots=True)
class RestartBudget:
    """The restarts of one process.

    Attributes:
        policy: What is allowed.
    """

    policy: RestartPolicy
    _at_s: deque[float] = field(default_factory=deque[float])

    def spend(self, now_s: float) -> float | None:
        """Count one more restart.

        Args:
            now_s: A clock that never jumps [s].

        Returns:
            How long to wait before it [s]; None when there have been too many.
        """
        policy = self.policy
        while self._at_s and self._at_s[0] <= now_s - policy.window_s:
            self._at_s.popleft()
        self._at_s.append(now_s)
        count = len(self._at_s)
        if count > policy.most:
            return None
        return 0.0 if count == 1 else min(policy.longest_pause_s, policy.first_pause_s * 2.0 ** (count - 2))
