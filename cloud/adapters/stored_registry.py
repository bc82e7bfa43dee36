"""A model registry in files, wherever they are: on a disk, on S3, in memory.

A version's files and its manifest stand in a folder of their own, `versions/NAME/STAMP/`, which belongs to
the registry once a move of the log says so; what a killed writer leaves belongs to nothing. The ledger has
the digest of each manifest, the manifest those of its files: the seal of the newest move vouches for all.
"""

import re
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError
from typing_extensions import override

from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.model_log import ModelLog
from cloud.adapters.model_seal import Seal
from cloud.errors import CloudError, NotFoundError, RejectedError
from cloud.model_integrity import (
    AlteredFileError,
    VersionTakenError,
    digest,
    digests,
    require_safe_names,
    require_text_models,
    require_unaltered,
)
from cloud.model_ledger import Entry, Ledger
from cloud.ports.models import Alias, Lineage, ModelRegistry, Move, Note, Stage, StoredVersion

MANIFEST: Final = "manifest.json"
VERSIONS: Final = "versions/"

ORPHAN_AFTER_S: Final = 3600.0
"""Files that never came to belong to a version are taken for a killed writer's after this time [s]."""

_STAMPED: Final = re.compile(rf"{VERSIONS}[^/]+/(\d{{13}})-[0-9a-f]{{8}}/.+")
"""When a folder was made [ms since 1970]."""


class NoKeyError(RejectedError):
    """Nothing to sign with."""

    def __init__(self) -> None:
        super().__init__("there is no key to sign with: set CLOUD_MODELS_KEY")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class StoredModelRegistry(ModelRegistry):
    """Versions and moves in files; any number of processes and machines.

    Args:
        files: Where they are.
        seal: Closes every move.
        now: Clock of the history.
    """

    def __init__(self, files: LakeFiles, seal: Seal, now: Callable[[], datetime] = _utc_now) -> None:
        self._files = files
        self._seal = seal
        self._log = ModelLog(files, seal, now)
        self._lineages: dict[str, Lineage] = {}  # by digest: a manifest never changes

    @property
    @override
    def is_signed(self) -> bool:
        return self._seal.signs

    @override
    def resolve(self, alias: Alias) -> str | None:
        return self._log.read().aliases.get(alias)

    @override
    def stages(self) -> dict[str, Stage]:
        return {name: entry.stage for name, entry in self._log.read().entries.items()}

    @override
    def lineage(self, version: str) -> Lineage:
        return self._lineage(version, self._log.read().require(version))

    @override
    def load(self, version: str) -> StoredVersion:
        return self._load(version, self._log.read().require(version))

    @override
    def history(self) -> list[Move]:
        return self._log.history()

    @override
    def add(self, version: StoredVersion, note: Note) -> None:
        name = version.lineage.version
        require_safe_names(name, *version.files)
        require_text_models(version.files)
        ledger = self._log.read()
        if name in ledger.entries or name in ledger.gone:
            raise VersionTakenError(name)
        lineage = version.lineage.model_copy(update={"files": digests(version.files)})
        manifest = lineage.model_dump_json(indent=1).encode()
        at = self._log.now()
        folder = f"{VERSIONS}{name}/{int(at.timestamp() * 1000):013d}-{secrets.token_hex(4)}"
        entry = Entry(since=at, folder=folder, manifest_sha256=digest(manifest))
        paths = {
            f"{folder}/{file}": content for file, content in {**version.files, MANIFEST: manifest}.items()
        }
        try:
            for path, content in paths.items():
                self._files.create(path, content)
            self._log.commit("register", note, lambda now: now.registered(name, entry))
        except RejectedError:  # anything else may have stored it all the same
            with suppress(CloudError):
                self._files.remove(list(paths))
            raise

    @override
    def put(self, version: str, stage: Stage, note: Note) -> None:
        self._log.commit("stage", note, lambda ledger: ledger.put(version, stage, self._log.now()))

    @override
    def promote(self, version: str, note: Note, *, over: str | None) -> None:
        self.load(version)
        self._log.commit("promote", note, lambda ledger: ledger.promoted(version, over, self._log.now()))

    @override
    def roll_back(self, note: Note, *, of: str) -> str:
        def change(ledger: Ledger) -> Ledger:
            after = ledger.rolled_back(of, self._log.now())
            self._load(after.aliases["champion"], after.entries[after.aliases["champion"]])
            return after

        return self._log.commit("roll_back", note, change).aliases["champion"]

    @override
    def remove(self, versions: Collection[str], note: Note) -> int:
        self._log.commit("prune", note, lambda ledger: ledger.without(versions))
        return self._sweep()

    @override
    def sign(self, note: Note) -> None:
        if not self.is_signed:
            raise NoKeyError
        ledger = self._log.read(trust=True)
        for name, entry in ledger.entries.items():
            self._load(name, entry)
        self._log.commit("sign", note, lambda now: now.model_copy(), trust=True)

    def _load(self, version: str, entry: Entry) -> StoredVersion:
        lineage = self._lineage(version, entry)
        files = dict[str, bytes]()
        for name in lineage.files:
            with suppress(NotFoundError):
                files[name] = self._files.read(f"{entry.folder}/{name}")
        require_unaltered(lineage, files)
        require_text_models(files)
        return StoredVersion(lineage, files)

    def _lineage(self, version: str, entry: Entry) -> Lineage:
        known = self._lineages.get(entry.manifest_sha256)
        if known is None:
            try:
                content = self._files.read(f"{entry.folder}/{MANIFEST}")
                known = Lineage.model_validate_json(content)
            except (NotFoundError, ValidationError) as error:
                raise AlteredFileError(version, MANIFEST) from error
            if digest(content) != entry.manifest_sha256:
                raise AlteredFileError(version, MANIFEST)
            self._lineages[entry.manifest_sha256] = known
        return known

    def _sweep(self) -> int:
        """Remove files of no version, but for those that somebody may be about to add."""
        names = self._files.names(VERSIONS)  # first: what is added after it is not in the list
        ledger = self._log.read()
        folders = {entry.folder for entry in ledger.entries.values()}
        before_ms = (self._log.now().timestamp() - ORPHAN_AFTER_S) * 1000
        left = list[str]()
        for name in names:
            made = _STAMPED.fullmatch(name)
            is_gone = name.split("/")[1] in ledger.gone
            if name.rpartition("/")[0] not in folders and made and (is_gone or int(made[1]) < before_ms):
                left.append(name)
        self._files.remove(left)
        return len(left) + len(self._log.sweep())
