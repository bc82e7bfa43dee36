"""Tries: how many wrong codes somebody may type, so that nobody finds one by typing them all.

Counted as everything that can be guessed (`lockout.py`), and outside the work of the request: what is refused
is taken back, a try is not.
"""

from datetime import timedelta

from mobile_api.lockout import Count, count_attempt, end, take_back
from mobile_api.services import app_services

MAX_TRIES = 5
"""Wrong codes, each within `WINDOW` of the one before."""

WINDOW = timedelta(minutes=10)
"""As long as a claim code is good: who has typed five wrong ones waits until a new one is shown."""


def spend_try(account_id: str) -> None:
    """Count a code as wrong before it is looked up, so that many at once are not more than five.

    Raises:
        TooManyAttemptsError: There were five wrong ones already.
    """
    use = app_services()
    count_attempt(use.state, [_codes(account_id)], use.now())


def give_back_try(account_id: str) -> None:
    """The code was a good one."""
    use = app_services()
    take_back(use.state, [_codes(account_id)], use.now())


def forget_tries(account_id: str) -> None:
    """Nothing is left of somebody who leaves."""
    end(app_services().state, [_codes(account_id)])


def _codes(account_id: str) -> Count:
    return Count(f"code|{account_id}", free=MAX_TRIES, first_wait=WINDOW, forgotten_after=WINDOW)
