from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from mobile_api import token_memory
from mobile_api.token_memory import REMEMBERED_FOR, TokenMemory

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Claims:
    expires_at: datetime


class Checks:
    """Counts how often a signature is checked."""

    def __init__(self, lifetime: timedelta = timedelta(minutes=15)) -> None:
        self.times = 0
        self.claims = Claims(NOON + lifetime)

    def __call__(self) -> Claims:
        self.times += 1
        return self.claims


def test_a_token_is_checked_once_a_minute_and_no_more() -> None:
    memory, check = TokenMemory[Claims](), Checks()

    for seconds in range(61):
        assert memory.read("t", NOON + timedelta(seconds=seconds), check) is check.claims

    assert timedelta(seconds=60) == REMEMBERED_FOR
    assert check.times == 2


@pytest.mark.parametrize("seconds", [10, -1])
def test_it_is_checked_again_when_it_has_expired_or_the_clock_was_set_back(seconds: float) -> None:
    memory, check = TokenMemory[Claims](), Checks(lifetime=timedelta(seconds=10))
    memory.read("t", NOON, check)

    memory.read("t", NOON + timedelta(seconds=seconds), check)

    assert check.times == 2


def test_a_bad_token_is_never_remembered_and_pushes_no_good_one_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_memory, "MAX_TOKENS", 2)
    memory, check = TokenMemory[Claims](), Checks()
    memory.read("good", NOON, check)

    def refuse() -> Claims:
        raise ValueError("bad signature")

    for number in range(5):
        with pytest.raises(ValueError, match="bad signature"):
            memory.read(f"junk{number}", NOON, refuse)
    memory.read("good", NOON, check)
    assert check.times == 1

    for name in ("second", "third"):
        memory.read(name, NOON, check)
    memory.read("good", NOON, check)
    assert check.times == 4
