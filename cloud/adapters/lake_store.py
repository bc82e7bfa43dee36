"""The lake's files and its manifest together: making Parquet files, and reading those of a snapshot."""

import io
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cloud.adapters.lake_files import LakeFiles, NotMadeError
from cloud.adapters.lake_manifest import LakeFile, Manifest
from cloud.adapters.lake_query import FileGoneError
from cloud.errors import NotFoundError, UnavailableError

COUNTED: Final = ("position", "sampled_at", "seq")
"""Columns that count up: their steps are kept, not they themselves."""

NEVER_REPEATED: Final = frozenset({*COUNTED, "energy_total_kwh"})
"""Columns of which a dictionary would be as long as they are: without one, files are a third smaller."""

ROW_GROUP_ROWS: Final = 32_768
"""So many have statistics of their own, so that who wants one device can skip the others [rows]."""

_ADOPTED: Final = re.compile(r"day=\d{4}-\d\d-\d\d/bucket=\d\d/(run|merged)-(\d{20})\.parquet")
"""Files of a lake from before there was a manifest."""

_STAMPED: Final = re.compile(r"-(\d{13,})-[0-9a-f]{8}\.parquet")
"""When a file was made [ms since 1970]."""

_Answer = TypeVar("_Answer")


class LakeStore:
    """The files of one lake.

    Args:
        files: Where they are.
        clock: Seconds since 1970.
    """

    def __init__(self, files: LakeFiles, clock: Callable[[], float]) -> None:
        self.files = files
        self.manifest = Manifest(files, self._adopt)
        self._clock = clock

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self._clock() * 1000)

    def make(self, partition: str, kind: str, first_position: int, table: pa.Table) -> LakeFile:
        """Make a file that does not belong to the lake yet.

        Raises:
            UnavailableError: It was not made.
        """
        data = _encoded(table)
        stamp = f"{self.now_ms()}-{secrets.token_hex(4)}"
        name = f"{partition}/{kind}-{first_position:020d}-{stamp}.parquet"
        if not self.files.create(name, data):
            raise UnavailableError(f"lake: {name} is there already")
        last = pc.max(table["position"]).as_py()
        return LakeFile(name, table.num_rows, len(data), first_position, last, len(table.schema))

    @contextmanager
    def all_or_nothing(self, made: Sequence[LakeFile]) -> Iterator[None]:
        """Remove what was made if it certainly does not come to belong to the lake: a full disk."""
        try:
            yield
        except NotMadeError:
            with suppress(UnavailableError):
                self.files.remove([file.name for file in made])
            raise

    def ask(self, files: Sequence[LakeFile], question: Callable[[Sequence[str]], _Answer]) -> _Answer:
        """The answer to a question about some files, by their paths.

        Raises:
            FileGoneError: One of them is not there any more.
            UnavailableError: They cannot be read.
        """
        try:
            with self.files.local([file.name for file in files]) as paths:
                return question(paths)
        except NotFoundError as error:
            raise FileGoneError(str(error)) from error

    def strangers(self, before_ms: float | None = None) -> Iterator[str]:
        """Files that do not belong to the lake, or not yet; only those that were made before a time [ms]."""
        names = self.files.names("day=")  # first: what is added after it is not in the list
        snapshot = self.manifest.read()
        for name in names:
            live = name in snapshot.parts.get(name.rpartition("/")[0], {})
            made = _STAMPED.search(name)
            old = before_ms is None or (made is not None and int(made[1]) < before_ms)
            if old and not live and name not in snapshot.retired:
                yield name

    def _adopt(self) -> Iterator[LakeFile]:
        for name in self.files.names("day="):
            adopted = _ADOPTED.fullmatch(name)
            if adopted:
                data = self.files.read(name)
                table = pq.read_table(io.BytesIO(data))
                last = pc.max(table["position"]).as_py()
                yield LakeFile(name, table.num_rows, len(data), int(adopted[2]), last, len(table.schema))


def _encoded(table: pa.Table) -> bytes:
    repeated = [name for name in table.schema.names if name not in NEVER_REPEATED]
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        use_dictionary=repeated,
        column_encoding=dict.fromkeys(COUNTED, "DELTA_BINARY_PACKED"),
        row_group_size=ROW_GROUP_ROWS,
    )
    return buffer.getvalue()
