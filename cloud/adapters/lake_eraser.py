"""Removing forgotten devices from the lake's files, whoever writes, merges or is killed meanwhile."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from cloud.adapters import lake_query
from cloud.adapters.lake_forgetting import bucket_name, digest_of, without_forgotten
from cloud.adapters.lake_manifest import Change, LakeFile, Snapshot
from cloud.adapters.lake_store import LakeStore
from cloud.errors import UnavailableError
from cloud.ports.ingest import Forgetting

ATTEMPTS: Final = 20
"""How often others may change a partition before it is left for later."""


class LakeEraser:
    """First the manifest says what may not be in the lake any more, then files are made anew without it.

    Whoever adds a file after that has to leave these rows out, so that only the files of before need a look;
    what a killed eraser left undone is in the manifest.

    Args:
        store: The lake's files.
        buckets: Partitions of a day.
    """

    def __init__(self, store: LakeStore, buckets: int) -> None:
        self._store = store
        self._buckets = buckets

    def forget(self, device_ids: Collection[str], up_to: int) -> Forgetting:
        """Remove all rows of devices up to a position.

        Raises:
            UnavailableError: Some are still there.
        """
        digests = [digest_of(device_id, self._buckets) for device_id in device_ids]
        if digests:
            change = Change(forget=dict.fromkeys(digests, up_to), pending=tuple(digests), newest=up_to)
            self._store.manifest.commit(lambda _: change)
        return self.go_on()

    def go_on(self) -> Forgetting:
        """Remove what may be left of forgotten devices.

        Raises:
            UnavailableError: Some rows are still there.
        """
        snapshot = self._store.manifest.read()
        if not snapshot.pending:
            return Forgetting(0, complete=True)
        buckets = {bucket_name(digest) for digest in snapshot.pending}
        rows = sum(self._clean(day, bucket) for day in snapshot.days() for bucket in sorted(buckets))
        self._destroy_replaced(buckets)
        # A file that belongs to nobody: a writer is at work, or was killed and what it left goes in an hour.
        unsure = {name.split("/")[1] for name in self._store.strangers()}
        done = tuple(sorted(digest for digest in snapshot.pending if bucket_name(digest) not in unsure))
        if done:
            self._store.manifest.commit(lambda _: Change(done=done))
        return Forgetting(rows, complete=len(done) == len(snapshot.pending))

    def _clean(self, day: date, bucket: str) -> int:
        """Make the files of a partition anew without forgotten rows; says how many these were."""
        for _ in range(ATTEMPTS):
            now = self._store.manifest.read()
            files = list(now.parts.get(f"day={day.isoformat()}/{bucket}", {}).values())
            made = list[LakeFile]()
            try:
                with self._store.all_or_nothing(made):
                    replaced, rows = self._anew(files, now, made)
                    if not replaced or self._swap(made, replaced):
                        return rows
            except lake_query.FileGoneError:
                continue
        raise UnavailableError(f"lake: day={day.isoformat()}/{bucket} is changed again and again")

    def _anew(
        self, files: Sequence[LakeFile], now: Snapshot, made: list[LakeFile]
    ) -> tuple[list[LakeFile], int]:
        """Add to `made` what replaces files; says which those are, and how many rows they lose."""
        replaced, rows = list[LakeFile](), 0
        for file in files:
            table = self._store.ask([file], lambda paths: lake_query.whole(paths[0]))
            kept = without_forgotten(table, now.forgotten, self._buckets)
            if kept.num_rows < table.num_rows:
                replaced.append(file)
                rows += table.num_rows - kept.num_rows
                if kept.num_rows:
                    made.append(self._store.make(file.partition, file.kind, file.first, kept))
        return replaced, rows

    def _swap(self, made: Sequence[LakeFile], replaced: Sequence[LakeFile]) -> bool:
        """Replace files, without a grace time, unless somebody else has replaced one of them."""

        def propose(now: Snapshot) -> Change | None:
            if not all(now.holds(file) for file in replaced):
                return None
            return Change(add=tuple(made), retire={file.name: 0 for file in replaced})

        if self._store.manifest.commit(propose):
            return True
        self._store.files.remove([file.name for file in made])
        return False

    def _destroy_replaced(self, buckets: Collection[str]) -> None:
        """Remove what was replaced in these buckets, whoever still reads it."""
        retired = self._store.manifest.read().retired
        names = tuple(name for name in retired if name.split("/")[1] in buckets)
        if names:
            self._store.files.remove(names)
            self._store.manifest.commit(lambda _: Change(removed=names))
