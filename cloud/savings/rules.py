"""The rules by which savings are told, written down before anybody looks (ADR 0018).

Two that people are shown, too, are in `cloud.ports.saving_records`.
"""

from typing import Final

from cloud.ports.saving_records import LOOK_DAYS

LAGS: Final = 5
"""Arms of so many days before are in the regression [days]: heat that is stored, and people who have switched
advice off, are felt for days. With 3, intervals of simulated fleets of 400 homes were too narrow."""

HOME_LAGS: Final = 3
"""And so many in that of a home's own figure [days]: what is felt later is below half a point of a day's use,
a small part of a home's interval, and each day more costs as much of it as all that is felt later."""

FEWEST_DAYS: Final = 21
"""Of the days of a look so many must count, or the home has no figure of its own [days]."""

FEWEST_HABIT_DAYS: Final = 7
"""And so many of them at the habit, or the home is told of the fleet only [days]."""

FEWEST_FOLLOWED_RATIO: Final = 0.1
"""If advice was in force on a smaller share of advised days, nothing is told of a followed day [ratio]: the
quotient would be noise over next to nothing."""

LONGEST_DAYS: Final = 13 * LOOK_DAYS
"""A report looks back so far [days]: a year in whole looks."""

FEWEST_NEIGHBOURS: Final = 8
"""What others of a place used tells of a day only if so many of them count: their mean then hides each of
them, and is worth more than the noise that it brings."""

FEWEST_HOMES: Final = 10
"""A cohort of fewer homes has no figure: nobody shall be recognised."""

SURE: Final = 0.95
"""Share of intervals that shall hold what is true [ratio]."""


def claim_alpha(look: int) -> float:
    """Share of false claims allowed at a look, the first is 1 [ratio].

    The shares of all looks, however many, add up to 1 - `SURE`: 1/2 + 1/6 + 1/12 + ... = 1 (union bound), so
    that who waits for the first claim is told a wrong one as rarely as who looks once.
    """
    return (1 - SURE) / (look * (look + 1))
