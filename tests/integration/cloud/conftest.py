"""What tests of the lake's files share."""

from dataclasses import dataclass

import pytest


@dataclass
class Clock:
    """Seconds since 1970, as a test wants them."""

    now_s: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()
