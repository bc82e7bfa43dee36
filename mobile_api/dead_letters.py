"""Dead letters, as operators read them: what was refused and why, of which publisher, and nothing it said.

An operator has no more right to look into somebody's home than anybody else: of a refused message the
fields that it has are told, not their values. Whoever runs the machine can read it there
(`ac-advisor deadletters explain`).
"""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from pydantic import AwareDatetime, Field

from cloud.errors import NotFoundError
from cloud.ports.telemetry import DeadLetter, LetterQuery
from edge.contract import Event, Telemetry
from mobile_api.operations import Operations, Page, Paging, Shown
from mobile_api.services import services

SHOWN_REASONS: Final = 10
"""So many reasons are counted beside a list, the most frequent ones."""

_REASON: Final = "unknown device"

LetterState: TypeAlias = Literal["open", "replayed", "all"]
LetterKind: TypeAlias = Literal["telemetry", "batch", "event", "other"]

operations = Operations("operators")


class LettersQuery(Paging):
    """Which dead letters."""

    state: LetterState = Field("open", description="`replayed`: accepted after a fix.")
    reason: str = Field("", max_length=200, description="A part of the reason.", examples=["unknown"])
    publisher: str = Field("", max_length=128)


class LetterView(Shown):
    """Something that was refused."""

    letter_id: str
    received_at: AwareDatetime = Field(description="When it came last.")
    kind: LetterKind
    publisher: str = Field(description="The device or gateway that sent it.")
    reason: str = Field(examples=[_REASON])
    index: int | None = Field(description="Its place in an array; null: the whole message was refused.")
    times: int = Field(description="How often it came.")
    replayed_at: AwareDatetime | None = Field(description="When it was accepted after all; null: it is open.")


class LetterDetails(LetterView):
    """One dead letter, without what it says."""

    size_bytes: int
    known_fields: list[str] | None = Field(
        description="Fields of the wire contract that it has; null: it is no JSON object."
    )
    unknown_fields: int = Field(description="How many other fields.")


class ReasonCount(Shown):
    """How often one reason."""

    reason: str = Field(examples=[_REASON])
    letters: int


class LetterList(Shown):
    """Dead letters, the newest first."""

    items: list[LetterView]
    matching: int = Field(description="All that match, not only those of this part.")
    by_reason: list[ReasonCount]


@operations.get("/v1/dead-letters", scope="admin")
def list_dead_letters(query: LettersQuery, after: str) -> Page[LetterList]:
    """What was refused, with the most frequent reasons; for operators."""
    replayed = None if query.state == "all" else query.state == "replayed"
    asked = LetterQuery(reason=query.reason, principal=query.publisher, replayed=replayed)
    found = services().letters.select(replace(asked, after=_place(after)), query.limit + 1)
    reasons = services().letters.reasons(asked)
    counts = [ReasonCount(reason=reason, letters=count) for reason, count in reasons.items()]
    part = found[: query.limit]
    body = LetterList(
        items=[LetterView(**_facts(letter)) for letter in part],
        matching=sum(reasons.values()),
        by_reason=counts[:SHOWN_REASONS],
    )
    return Page(body, _cursor(part[-1]) if len(found) > query.limit else None)


@operations.get("/v1/dead-letters/<letter_id>", scope="admin", errors=(404,))
def show_dead_letter(letter_id: str) -> LetterDetails:
    """One dead letter: which fields it has, and not what they say; for operators."""
    found = services().letters.select(LetterQuery(letter_id=letter_id), 1)
    if not found or found[0].letter_id != letter_id:
        raise NotFoundError("dead letter", letter_id)
    (letter,) = found
    kind = _kind(letter)
    names = _names(letter.element)
    known = set((Event if kind == "event" else Telemetry).model_fields)
    return LetterDetails(
        **_facts(letter),
        size_bytes=len(letter.element),
        known_fields=None if names is None else sorted(names & known),
        unknown_fields=0 if names is None else len(names - known),
    )


def _facts(letter: DeadLetter) -> dict[str, Any]:
    return {
        "letter_id": letter.letter_id,
        "received_at": letter.received_at,
        "kind": _kind(letter),
        "publisher": letter.principal,
        "reason": letter.reason,
        "index": letter.index,
        "times": letter.times,
        "replayed_at": letter.replayed_at,
    }


def _kind(letter: DeadLetter) -> LetterKind:
    last = letter.topic.rpartition("/")[2]
    kinds: dict[str, LetterKind] = {"telemetry": "telemetry", "batch": "batch", "event": "event"}
    return kinds.get(last, "other")


def _names(element: bytes) -> set[str] | None:
    try:
        said = json.loads(element)
    except ValueError:  # also bytes that are no text
        return None
    return set(said) if isinstance(said, dict) else None


def _cursor(letter: DeadLetter) -> str:
    return f"{letter.received_at.isoformat()} {letter.letter_id}"


def _place(after: str) -> tuple[datetime, str] | None:
    """The place that a cursor of `_cursor` says; it is signed, so it is one."""
    if not after:
        return None
    received_at, _, letter_id = after.partition(" ")
    return datetime.fromisoformat(received_at), letter_id
