"""The lake's manifest: which files make up the lake, as a row of versions that anybody can follow.

A version is a small file `_manifest/N.json`, made once and never changed: what it adds, and what it takes
away. Who makes version N + 1 first wins, the other one looks again; so a change of many files happens at once
or not at all, whoever is killed, and a reader that knows version N reads what the lake was then. Each
`FULL_EVERY`th version names everything, so that nobody has to begin at the first one.

A file that was replaced is `retired`: it stays for readers that began before, for a grace time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import msgspec

from cloud.adapters.lake_files import LakeFiles
from cloud.errors import NotFoundError, UnavailableError

FOLDER: Final = "_manifest/"
"""Hive readers pass over names that begin with an underscore."""

FULL_EVERY: Final = 64
ATTEMPTS: Final = 100
"""How often somebody else may be quicker before a writer gives up for now."""


class LakeFile(msgspec.Struct, frozen=True):
    """One Parquet file.

    Attributes:
        name: `day=YYYY-MM-DD/bucket=NN/….parquet`.
        rows: In it.
        size_bytes: Of it.
        first: The run's first position; of a merged file that of its last run.
        last: The highest position in it.
        columns: How many it has; columns are only ever added, so as many are the same.
    """

    name: str
    rows: int
    size_bytes: int
    first: int
    last: int
    columns: int = 17

    @property
    def day(self) -> date:
        """The UTC day of its readings."""
        return date.fromisoformat(self.name[len("day=") : len("day=YYYY-MM-DD")])

    @property
    def partition(self) -> str:
        """`day=YYYY-MM-DD/bucket=NN`."""
        return self.name.rpartition("/")[0]

    @property
    def bucket(self) -> int:
        """NN."""
        return int(self.partition[-2:])

    @property
    def kind(self) -> str:
        """`run` or `merged`."""
        return self.name.rpartition("/")[2].partition("-")[0]


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a version changes.

    Attributes:
        add: Files that belong to the lake from now on.
        retire: Names of files that no longer do, with when that was [ms since 1970].
        removed: Names of retired files that are gone.
        forget: Devices (by digest) of which no row up to the position may be in the lake.
        pending: Devices (by digest) of which rows may still be in files.
        done: Devices of `pending` of which none is any more.
        newest: The highest position so far, when no file has it any more.
    """

    add: tuple[LakeFile, ...] = ()
    retire: dict[str, int] = {}
    removed: tuple[str, ...] = ()
    forget: dict[str, int] = {}
    pending: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    newest: int = 0


class _Version(msgspec.Struct, frozen=True):
    full: bool
    change: Change


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The lake at one version.

    Attributes:
        version: Its number; 0 for a lake without a manifest.
        parts: What it consists of: by partition, the files by name.
        retired: Files that were replaced, and when [ms since 1970].
        forgotten: By digest of a device, the position up to which it has no rows.
        pending: Devices (by digest) whose rows are still being removed.
        newest: The highest position that any file ever held.
    """

    version: int = 0
    parts: Mapping[str, Mapping[str, LakeFile]] = field(default_factory=dict[str, Mapping[str, LakeFile]])
    retired: Mapping[str, int] = field(default_factory=dict[str, int])
    forgotten: Mapping[str, int] = field(default_factory=dict[str, int])
    pending: frozenset[str] = frozenset()
    newest: int = 0

    def after(self, change: Change) -> "Snapshot":
        """What the next version is."""
        forgotten = dict(self.forgotten)
        for device, position in change.forget.items():
            forgotten[device] = max(position, forgotten.get(device, 0))
        retired = {name: at for name, at in self.retired.items() if name not in change.removed}
        return Snapshot(
            version=self.version + 1,
            parts=_changed(self.parts, change),
            retired=retired | change.retire,
            forgotten=forgotten,
            pending=(self.pending | set(change.pending)) - set(change.done),
            newest=max(self.newest, change.newest, *(file.last for file in change.add), 0),
        )

    def whole(self) -> Change:
        """Everything, as a change of nothing."""
        return Change(
            add=tuple(self.files()),
            retire=dict(self.retired),
            forget=dict(self.forgotten),
            pending=tuple(sorted(self.pending)),
            newest=self.newest,
        )

    def files(self, first: date = date.min, last: date = date.max) -> list[LakeFile]:
        """The files of the days from `first` to `last`, in a stable order."""
        low, high = f"day={first.isoformat()}", f"day={last.isoformat()}~"
        parts = [self.parts[name] for name in sorted(self.parts) if low <= name <= high]
        return [part[name] for part in parts for name in sorted(part)]

    def holds(self, file: LakeFile) -> bool:
        """Whether a file still belongs to the lake."""
        return file.name in self.parts.get(file.partition, {})

    def days(self) -> list[date]:
        """The UTC days that have files, ascending."""
        return [date.fromisoformat(day) for day in sorted({name[4:14] for name in self.parts})]


def _changed(
    parts: Mapping[str, Mapping[str, LakeFile]], change: Change
) -> dict[str, Mapping[str, LakeFile]]:
    """The partitions after a change; those that it does not touch are shared with those before."""
    changed = dict(parts)
    for name in change.retire:
        partition = name.rpartition("/")[0]
        changed[partition] = {each: file for each, file in changed.get(partition, {}).items() if each != name}
    for file in change.add:
        changed[file.partition] = {**changed.get(file.partition, {}), file.name: file}
    return {name: part for name, part in changed.items() if part}


class Manifest:
    """The versions of one lake.

    Args:
        files: Where they are.
        adopt: What a lake that has no manifest yet consists of.
    """

    def __init__(self, files: LakeFiles, adopt: Callable[[], Iterable[LakeFile]]) -> None:
        self._files = files
        self._adopt = adopt
        self._known = Snapshot()

    def read(self) -> Snapshot:
        """The newest version.

        Raises:
            UnavailableError: It cannot be read now.
        """
        for _ in range(ATTEMPTS):
            try:
                self._known = self._follow(self._known)
            except NotFoundError:  # a version that was listed is superseded and gone
                self._known = Snapshot()
            else:
                return self._known if self._known.version else self._adopted()
        raise UnavailableError("lake: the manifest changes faster than it can be read")

    def commit(self, propose: Callable[[Snapshot], Change | None]) -> bool:
        """Make the next version.

        Args:
            propose: Says from the newest version what to change; asked again when somebody else was
                quicker. None leaves everything as it is.

        Returns:
            Whether anything was changed.

        Raises:
            UnavailableError: It is not certain that anything was changed; commit again.
        """
        for _ in range(ATTEMPTS):
            before = self.read()
            change = propose(before)
            if change is None:
                return False
            after = before.after(change)
            full = before.version == 0 or after.version % FULL_EVERY == 0
            version = _Version(full=full, change=after.whole() if full else change)
            if self._files.create(_name(after.version), msgspec.json.encode(version)):
                self._known = after
                if full:
                    self._tidy(after.version)
                return True
        raise UnavailableError("lake: too many writers at once")

    def _follow(self, known: Snapshot) -> Snapshot:
        newer = self._files.names(FOLDER, _name(known.version) if known.version else "")
        numbers = [_number(name) for name in newer if name.endswith(".json")]
        if not numbers:
            return self._recheck(known)
        return self._follow_from(known, numbers if known.version else _from_last_full(numbers))

    def _recheck(self, known: Snapshot) -> Snapshot:
        """`known`, unless its lake was removed and begun anew."""
        if known.version and not self._files.names(_name(known.version)):
            raise NotFoundError("version of the lake", str(known.version))
        return known

    def _follow_from(self, known: Snapshot, numbers: Sequence[int]) -> Snapshot:
        for number in numbers:
            version = self._version(number)
            base = Snapshot(version=number - 1) if version.full else known
            if base.version != number - 1:
                raise NotFoundError("version of the lake", str(number - 1))
            known = base.after(version.change)
        return known

    def _version(self, number: int) -> _Version:
        try:
            return msgspec.json.decode(self._files.read(_name(number)), type=_Version)
        except msgspec.MsgspecError as error:
            raise UnavailableError(f"lake: {_name(number)}: {error}") from error

    def _adopted(self) -> Snapshot:
        adopted = Snapshot().after(Change(add=tuple(self._adopt())))
        return replace(adopted, version=0)

    def _tidy(self, version: int) -> None:
        """Remove the versions that a full one supersedes, but for one stretch of them for slow readers."""
        old = [name for name in self._files.names(FOLDER) if 0 <= _number(name) < version - FULL_EVERY]
        self._files.remove(old)


def _from_last_full(numbers: Sequence[int]) -> Sequence[int]:
    """The numbers from the last full version on; the others of its stretch are deltas."""
    fulls = [number for number in numbers if number % FULL_EVERY == 0 or number == 1]
    return [number for number in numbers if number >= fulls[-1]] if fulls else numbers


def _name(version: int) -> str:
    return f"{FOLDER}{version:012d}.json"


def _number(name: str) -> int:
    """Which version a file is of, or was to be: what a killed writer leaves has a dot in front."""
    stem = name.removeprefix(FOLDER).removeprefix(".").partition(".")[0]
    return int(stem) if stem.isdigit() else -1
