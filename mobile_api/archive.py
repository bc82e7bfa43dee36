"""Archive: a zip that is sent while it is made: a season of readings needs no more memory than a day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZipFile


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive: its name, and its text in pieces."""

    name: str
    pieces: Iterable[str]


@dataclass(slots=True)
class _Sink:
    """What has been made and not sent yet; it cannot seek, so the zip puts sizes behind the files."""

    made: list[bytes] = field(default_factory=list[bytes])

    def write(self, data: bytes) -> int:
        self.made.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to do: whoever sends takes what there is."""

    def take(self) -> bytes:
        taken, self.made = b"".join(self.made), []
        return taken


def zipped(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The bytes of an archive, piece by piece; one that is cut short has no directory, so nobody opens it."""
    sink = _Sink()
    with ZipFile(cast("IO[bytes]", sink), "w", ZIP_DEFLATED) as archive:
        for entry in entries:
            with archive.open(entry.name, "w", force_zip64=True) as member:
                for piece in entry.pieces:
                    member.write(piece.encode())
                    yield sink.take()
            yield sink.take()
    yield sink.take()
