"""The log of a registry: a row of numbered moves, each with the whole ledger after it.

Move N + 1 is a file that is made once: who makes it first wins, the other one looks again and decides again.
So every change happens at once or not at all, whoever is killed. Each names the digest of the one before, so
the seal of the newest vouches for all of them. Whoever can remove files can still take the newest away: that
is seen by processes that knew it, and by nobody else.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.model_seal import BrokenSealError, Seal
from cloud.errors import NotFoundError, UnavailableError
from cloud.model_integrity import digest
from cloud.model_ledger import Ledger
from cloud.ports.models import Action, Move, Note

FOLDER: Final = "moves/"
ATTEMPTS: Final = 100
"""How often somebody else may be quicker before a writer gives up for now."""

_MOVE: Final = re.compile(rf"{FOLDER}(\d{{12}})\.json")
_UNFINISHED: Final = re.compile(rf"{FOLDER}\.(\d{{12}})\.json\.[0-9a-f]+\.new")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    move: Move
    ledger: Ledger
    before_sha256: str


_Known: TypeAlias = tuple[_Record, str]
"""A move, and the digest of its file."""


class ModelLog:
    """The moves of one registry.

    Args:
        files: Where they are.
        seal: Closes each of them.
        now: Clock of the moves.
    """

    def __init__(self, files: LakeFiles, seal: Seal, now: Callable[[], datetime]) -> None:
        self._files = files
        self._seal = seal
        self.now = now
        self._known: _Known | None = None

    def read(self, *, trust: bool = False) -> Ledger:
        """The ledger now.

        Args:
            trust: Take moves without a signature.

        Raises:
            RejectedError: It was altered, or its signature and our key do not fit.
            UnavailableError: It cannot be read now.
        """
        known = self._newest(trust=trust)
        return Ledger() if known is None else known[0].ledger

    def commit(
        self, action: Action, note: Note, change: Callable[[Ledger], Ledger], *, trust: bool = False
    ) -> Ledger:
        """Make the next move, unless `change` gives back the ledger that it was given.

        Args:
            action: What is done.
            note: By whom and why.
            change: From the ledger to the next one; asked again when somebody else was quicker.
            trust: Go on from a move without a signature.

        Raises:
            UnavailableError: It is not certain that the move was made: look, then try again.
        """
        for _ in range(ATTEMPTS):
            known = self._newest(trust=trust)
            before = Ledger() if known is None else known[0].ledger
            after = change(before)
            if after is before:
                return before
            record = _Record(
                move=self._move(action, note, _number(known) + 1, before, after),
                ledger=after,
                before_sha256="" if known is None else known[1],
            )
            data = self._seal.close(record.model_dump_json(indent=1).encode())
            if self._files.create(_name(record.move.number), data):
                return after
        raise UnavailableError("model registry: too many writers at once")

    def history(self) -> list[Move]:
        """Every move, oldest first; each vouched for by the next, the newest by its seal.

        Raises:
            RejectedError: It was altered.
        """
        moves, expected = list[Move](), None
        for number in range(_number(self._newest(trust=False)), 0, -1):
            try:
                record, found = self._open(number, trust=expected is not None)
            except NotFoundError as error:
                raise BrokenSealError(_name(number)) from error
            if expected not in {None, found}:
                raise BrokenSealError(_name(number))
            moves.append(record.move)
            expected = record.before_sha256
        return moves[::-1]

    def sweep(self) -> list[str]:
        """Remove what killed writers have left of moves that somebody made meanwhile; returns the names."""
        newest = _number(self._newest(trust=False))
        found = [(name, _UNFINISHED.fullmatch(name)) for name in self._files.names(FOLDER)]
        left = [name for name, match in found if match and int(match[1]) <= newest]
        self._files.remove(left)
        return left

    def _newest(self, *, trust: bool) -> _Known | None:
        known = self._known
        if known is None:
            numbers = self._numbers()
            if not numbers:
                return None
            known = self._open(numbers[-1], trust=trust)
        while (newer := self._after(known, trust=trust)) is not None:
            known = newer
        self._known = known
        return known

    def _move(self, action: Action, note: Note, number: int, before: Ledger, after: Ledger) -> Move:
        return Move(
            number=number,
            at=self.now(),
            by=note.by,
            action=action,
            reason=note.reason,
            document=dict(note.document),
            stages=after.difference(before),
            aliases=after.aliases,
        )

    def _numbers(self) -> list[int]:
        return [int(match[1]) for match in map(_MOVE.fullmatch, self._files.names(FOLDER)) if match]

    def _after(self, known: _Known, *, trust: bool) -> _Known | None:
        number = known[0].move.number + 1
        try:
            newer = self._open(number, trust=trust)
        except NotFoundError:
            return None
        if newer[0].before_sha256 != known[1]:
            raise BrokenSealError(_name(number))
        return newer

    def _open(self, number: int, *, trust: bool) -> _Known:
        name = _name(number)
        data = self._files.read(name)
        try:
            record = _Record.model_validate_json(self._seal.open(name, data, trust=trust))
        except ValidationError as error:
            raise BrokenSealError(name) from error
        if record.move.number != number:
            raise BrokenSealError(name)
        return record, digest(data)


def _number(known: _Known | None) -> int:
    return 0 if known is None else known[0].move.number


def _name(number: int) -> str:
    return f"{FOLDER}{number:012d}.json"
