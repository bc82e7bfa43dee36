"""Dead letters on the operators' page: the list with its reasons, and one of them."""

from typing import Final, get_args

from flask import Response

from mobile_api.access import Principal
from mobile_api.dead_letters import LettersQuery, LetterState, list_dead_letters, show_dead_letter
from mobile_api.operations import Operations
from mobile_api.pages.forms import page
from mobile_api.services import services

STATES: Final[tuple[LetterState, ...]] = get_args(LetterState)

operations = Operations("pages")


@operations.get("/operator/letters", scope="admin", documented=False)
def show_letters(principal: Principal, query: LettersQuery) -> Response:
    """What was refused, the newest first."""
    cursors, reader = services().cursors, principal.account_id
    part = list_dead_letters(query, cursors.position(reader))
    following = None if part.after is None else cursors.address(reader, part.after)
    return page(
        "letters.html", operator=True, found=part.body, asked=query, states=STATES, following=following
    )


@operations.get("/operator/letters/<letter_id>", scope="admin", documented=False)
def show_letter(letter_id: str) -> Response:
    """One letter, without what it says."""
    return page("letter.html", operator=True, letter=show_dead_letter(letter_id))
