"""Dead letters in objects beside the lake; each asking reads those of its days, for they should be few."""

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from datetime import datetime

from typing_extensions import override

from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.object_journal import Line, ObjectJournal
from cloud.ports.telemetry import DeadLetter, DeadLetters, LetterQuery

FOLDER = "_dead_letters"


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

        return self._journal.forget(concerns)

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
        came: dict[str, dict[datetime, DeadLetter]] = {}
        for letter in map(_letter, self._journal.lines()):
            came.setdefault(letter.letter_id, {})[letter.received_at] = letter
        newest = [replace(times[max(times)], times=len(times)) for times in came.values()]
        newest.sort(key=lambda letter: letter.place, reverse=True)
        return [letter for letter in newest if query.matches(letter)]


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
