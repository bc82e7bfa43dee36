"""Dead letters: the cloud's, which can be replayed, and those of this machine's gateway."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cloud.adapters.lake_letters import LakeLetters
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.dead_letters import Verdict, judge, replay
from cloud.letter_fixes import meaning_of
from cloud.ports.telemetry import DeadLetter, DeadLetters, LetterQuery
from cloud.registrations import CachedRegistrations
from cloud.wiring.readings import has_readings, open_letters
from cloud.wiring.state import open_state
from edge.adapters.sqlite_spool import SqliteSpool
from infra.local.errors import LocalError
from infra.local.listings import NothingThereError

MOST = 10_000
"""At most so many letters are replayed by one command, the newest; the next one takes the others."""

SHOWN_REASONS = 10
"""So many reasons are counted in a list."""

Walk = Callable[[list[DeadLetter]], Iterable[DeadLetter]]
"""Goes through letters, and may show how far it is."""


class LetterError(LocalError):
    """The letter that was asked for cannot be shown or replayed."""


def list_letters(data_dir: Path, query: LetterQuery, limit: int) -> dict[str, Any]:
    """The letters that match, newest first, with the counts of all that match.

    Raises:
        NothingThereError: No stack has run here.
    """
    with _opened(data_dir) as desk:
        letters = [("cloud", letter) for letter in desk.letters.select(query, limit)]
        reasons = Counter(desk.letters.reasons(query))
    edge = [letter for letter in _edge_letters(data_dir) if query.matches(letter)]
    reasons += Counter(letter.reason for letter in edge)
    letters += [("edge", letter) for letter in edge]
    letters.sort(key=lambda each: each[1].received_at, reverse=True)
    return {
        "matching": reasons.total(),
        "by_reason": dict(reasons.most_common(SHOWN_REASONS)),
        "letters": [_document(where, letter) for where, letter in letters[:limit]],
    }


def explain_letter(data_dir: Path, letter_id: str) -> dict[str, Any]:
    """One letter with what its reason means, and whether it would be accepted now.

    Args:
        data_dir: Of the stack.
        letter_id: As much of the id as tells it from others.

    Raises:
        LetterError: There is no such letter, or there are several.
        NothingThereError: No stack has run here.
    """
    with _opened(data_dir) as desk:
        where, letter = _find(data_dir, desk.letters, letter_id)
        facts = _document(where, letter)
        payload = _pretty(letter.element)
        facts |= asdict(meaning_of(letter, _device_of(payload)))
        if where == "cloud" and letter.replayed_at is None:
            facts["now"] = _now_says(judge(letter, desk.letters, desk.registrations, datetime.now(UTC)))
    return facts | {"payload": payload}


def replay_letters(
    data_dir: Path, letter_ids: tuple[str, ...], query: LetterQuery, walk: Walk
) -> dict[str, Any]:
    """Let letters go the way of new messages, the oldest first; what is accepted is never replayed again.

    Args:
        data_dir: Of the stack, which may run meanwhile.
        letter_ids: As much of each id as tells it from others; without them all open ones that match.
        query: Which letters.
        walk: Goes through them.

    Raises:
        LetterError: One of the ids cannot be replayed; nothing was.
        AlreadyReplayedError: One of them has been replayed.
        NothingThereError: No stack has run here.
        UnavailableError: The log or lake cannot be written; those told so far are done.
    """
    with _opened(data_dir) as desk:
        kept = desk.letters
        if letter_ids:
            letters = [_replayable(data_dir, kept, letter_id) for letter_id in letter_ids]
        else:
            letters = kept.select(query, MOST)[::-1]
        verdicts = [replay(letter, kept, desk.registrations, datetime.now(UTC)) for letter in walk(letters)]
    return {
        "replayed": sum(verdict.accepted for verdict in verdicts),
        "still_refused": sum(not verdict.accepted for verdict in verdicts),
        "readings": sum(verdict.readings for verdict in verdicts),
        "events": sum(verdict.events for verdict in verdicts),
        "superseded": sum(verdict.superseded for verdict in verdicts),
        "letters": [asdict(verdict) for verdict in verdicts],
    }


@dataclass(frozen=True, slots=True)
class _Desk:
    """Letters of an installation, and who is known there."""

    letters: SqliteReadingLog | LakeLetters
    registrations: CachedRegistrations


@contextmanager
def _opened(data_dir: Path) -> Iterator[_Desk]:
    settings = CloudSettings(data_dir=data_dir)
    if not has_readings(settings):
        raise NothingThereError(data_dir)
    with closing(open_letters(settings)) as letters, closing(open_state(settings)) as state:
        yield _Desk(letters, CachedRegistrations(state))


def _replayable(data_dir: Path, letters: DeadLetters, letter_id: str) -> DeadLetter:
    where, letter = _find(data_dir, letters, letter_id)
    if where == "edge":
        raise LetterError(
            f"{letter_id} was refused by the gateway and never came here: repair it on the site"
        )
    return letter


def _find(data_dir: Path, letters: DeadLetters, letter_id: str) -> tuple[str, DeadLetter]:
    query = LetterQuery(letter_id=letter_id.lower())
    found = [("cloud", letter) for letter in letters.select(query, 2)]
    found += [("edge", letter) for letter in _edge_letters(data_dir) if query.matches(letter)]
    if not found:
        raise LetterError(f"no dead letter {letter_id!r}: see `ac-advisor deadletters list`")
    if len(found) > 1:
        raise LetterError(f"several dead letters begin with {letter_id!r}: give more of the id")
    return found[0]


def _edge_letters(data_dir: Path) -> list[DeadLetter]:
    path = data_dir / "edge" / "spool.sqlite"
    if not path.exists():
        return []
    with closing(SqliteSpool(path)) as spool:
        return [DeadLetter(**asdict(each)) for each in spool.letters(MOST)]


def _document(where: str, letter: DeadLetter) -> dict[str, Any]:
    return {
        "letter_id": letter.letter_id,
        "received_at": letter.received_at.isoformat(),
        "where": where,
        "topic": letter.topic,
        "principal": letter.principal,
        "reason": letter.reason,
        "index": letter.index,
        "times": letter.times,
        "replayed_at": None if letter.replayed_at is None else letter.replayed_at.isoformat(),
        "element": letter.element.decode(errors="replace"),
    }


def _pretty(element: bytes) -> object:
    """The element as JSON has it; as text where it is none."""
    try:
        return json.loads(element)
    except (ValueError, RecursionError):
        return element.decode(errors="replace")


def _device_of(payload: object) -> str:
    device_id = payload.get("device_id") if isinstance(payload, dict) else None
    return device_id if isinstance(device_id, str) else ""


def _now_says(verdict: Verdict) -> str:
    return "a replay would be accepted" if verdict.accepted else f"still refused: {verdict.reason}"
