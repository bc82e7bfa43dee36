"""Dead letters in objects beside the lake; each asking reads them all, for they should be few.

Objects are never changed. That a letter was replayed is an empty object whose name says which and when; a
new reason for one that stays is the letter once more.
"""

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from datetime import datetime

from typing_extensions import override

from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.object_journal import Line, ObjectJournal
from cloud.ports.telemetry import DeadLetter, DeadLetters, LetterQuery
from cloud.reading_rows import instant_of, milliseconds

FOLDER = "_dead_letters"
REPLAYED = "_dead_letters_replayed"


class ObjectLetters(DeadLetters):
    """What was refused, by the day it came.

    A letter has come as often as there are moments [ms] at which it did.

    Args:
        files: Those of the lake.
    """

    def __init__(self, files: LakeFiles) -> None:
        self._files = files
        self._journal = ObjectJournal(files, FOLDER)

    def put(self, letters: Iterable[DeadLetter]) -> None:
        """Keep letters; those of one moment that come again are the same.

        Raises:
            UnavailableError: Some may not be there; put them again.
        """
        self._journal.append((letter.received_at.date(), _line(letter)) for letter in letters)

    def forget(self, device_ids: Collection[str]) -> int:
        """Remove letters of or about devices; says how many.

        Raises:
            UnavailableError: Some are still there; forget again.
        """
        quoted = [f'"{device_id}"'.encode() for device_id in device_ids]

        def concerns(line: Line) -> bool:
            element = b64decode(line["element"])
            return line["principal"] in device_ids or any(each in element for each in quoted)

        gone = {line["letter_id"] for line in self._journal.lines() if concerns(line)}
        self._files.remove(
            [name for letter_id in gone for name in self._files.names(f"{REPLAYED}/{letter_id}-")]
        )
        return self._journal.forget(concerns)

    def put_reason(self, letter: DeadLetter, reason: str, at: datetime) -> None:
        """Keep what speaks against a letter that came before, as of `at`.

        Raises:
            UnavailableError: It may not be there; put it again.
        """
        line = _line(replace(letter, reason=reason)) | {"judged_at": at.isoformat()}
        self._journal.append([(letter.received_at.date(), line)])

    def mark_replayed(self, letter: DeadLetter, at: datetime) -> None:
        """One that comes again later is another one, and open.

        Raises:
            UnavailableError: It may not be marked; mark it again.
        """
        self._files.create(f"{_mark(letter)}{milliseconds(at)}", b"")

    def is_replayed(self, letter: DeadLetter) -> bool:
        """Whether this one, as it came then, is marked.

        Raises:
            UnavailableError: It cannot be told now.
        """
        return bool(self._files.names(_mark(letter)))

    def close(self) -> None:
        """Give back connections."""
        self._files.close()

    @override
    def letters(self, limit: int = 100) -> list[DeadLetter]:
        return self.select(LetterQuery(), limit)

    @override
    def count(self) -> int:
        return len(self._found(LetterQuery()))

    @override
    def select(self, query: LetterQuery, limit: int) -> list[DeadLetter]:
        return self._found(query)[:limit]

    @override
    def reasons(self, query: LetterQuery) -> dict[str, int]:
        found = Counter(letter.reason for letter in self._found(query))
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def _found(self, query: LetterQuery) -> list[DeadLetter]:
        """Each letter as it came last, the newest first."""
        came: dict[str, dict[datetime, tuple[str, DeadLetter]]] = {}
        for line in self._journal.lines():
            judged_at: str = line.pop("judged_at", "")
            letter = _letter(line)
            times = came.setdefault(letter.letter_id, {})
            before = times.get(letter.received_at, ("", letter))
            times[letter.received_at] = max(before, (judged_at, letter), key=lambda each: each[0])
        marks = self._marks()
        newest = [
            replace(letter, times=len(times), replayed_at=marks.get(_mark(letter)))
            for times in came.values()
            for _, letter in [times[max(times)]]
        ]
        newest.sort(key=lambda letter: letter.place, reverse=True)
        return [letter for letter in newest if query.matches(letter)]

    def _marks(self) -> dict[str, datetime]:
        """When letters were replayed first, by the beginning of their marks' names."""
        named = [name.rpartition("-") for name in self._files.names(f"{REPLAYED}/")]
        return {f"{name}-": instant_of(int(at)) for name, _, at in reversed(named)}


def _mark(letter: DeadLetter) -> str:
    """How the names of its marks begin."""
    return f"{REPLAYED}/{letter.letter_id}-{milliseconds(letter.received_at)}-"


def _line(letter: DeadLetter) -> Line:
    line = asdict(letter)
    del line["times"], line["replayed_at"]
    return line | {
        "received_at": letter.received_at.isoformat(),
        "element": b64encode(letter.element).decode(),
    }


def _letter(line: Line) -> DeadLetter:
    received_at = datetime.fromisoformat(line["received_at"])
    return DeadLetter(**line | {"received_at": received_at, "element": b64decode(line["element"])})
