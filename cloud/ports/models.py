"""Model registry: immutable versions with their lineage and stages, and the aliases that say which serves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

Alias: TypeAlias = Literal["champion", "challenger", "previous"]

Stage: TypeAlias = Literal["registered", "waiting", "shadow", "canary", "champion", "retired", "rejected"]
"""Made; to be tried when nobody else is; asked but not followed; followed in some homes; serving; served
before, or overtaken while it waited; never to serve again."""

Action: TypeAlias = Literal["register", "stage", "promote", "roll_back", "prune", "sign"]


class Lineage(BaseModel):
    """Where a version comes from; enough to make it again."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    version: str
    parent: str | None
    """The champion that it was judged against, and of which it may have taken parts."""
    kind: Literal["base", "train", "fine_tune", "hot_fix"]
    created_at: datetime
    data_start: datetime
    data_end: datetime
    rows: int
    homes: int
    parameters: dict[str, Any]
    metrics: dict[str, float]
    seed: int
    files: dict[str, str] = {}
    """SHA-256 of each file, checked on load."""
    lake_version: int | None = None
    """The state of the lake that was read."""
    scan_start: datetime | None = None
    """Readings from here on were read; None: from the first."""
    scan_end: datetime | None = None
    """Readings before this were read; None: to the last."""
    hours_sha256: str = ""
    """Digest of the hours that they became."""
    earlier_spans: tuple[tuple[datetime, datetime], ...] = ()
    """Weeks before, of which some hours were replayed; each with the days that its features look back on."""
    earlier_sha256: str = ""
    """Digest of these hours."""
    code: dict[str, str] = {}
    """What made it: this program's version, the digest of its source, the commit if it came from a checkout,
    and the libraries' versions."""
    job: str = ""
    """Of the schedule; empty: it was made without one."""
    trigger: str = ""
    """What asked for it first."""
    reason: str = ""
    """Why it was made, in plain words."""
    refitted: bool = False
    """Whether it was learnt anew from all days after the verdict; `metrics` are of what was judged."""
    left_out: dict[str, int] = {}
    """Device-days that were neither learnt from nor judged on, by what was wrong with them."""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version as stored: its lineage and its files by name, LightGBM text each."""

    lineage: Lineage
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Note:
    """Who does something to the registry, and why.

    Attributes:
        by: A person's login, or the name of a job.
        reason: For whoever reads the history.
        document: What stands behind the reason, by its name, such as each check of the gate.
    """

    by: str
    reason: str
    document: Mapping[str, str] = field(default_factory=dict[str, str])


class Move(BaseModel):
    """One entry of the history; what it says happened at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    at: datetime
    by: str
    action: Action
    reason: str
    document: dict[str, str] = {}
    """What stands behind the reason, by its name, such as each check of the gate."""
    stages: dict[str, Stage | None]
    """The new stage of each version that has another one now; None: it was removed."""
    aliases: dict[Alias, str]
    """Where each alias points from now on."""


class ModelCatalogue(Protocol):
    """What readers of a registry need."""

    def resolve(self, alias: Alias) -> str | None:
        """The version behind an alias.

        Raises:
            RejectedError: The registry was altered, or is not signed with our key.
            UnavailableError: It cannot be read now.
        """
        ...

    def stages(self) -> dict[str, Stage]:
        """The stage of every version, in the order in which they came."""
        ...

    def lineage(self, version: str) -> Lineage:
        """Where a version comes from.

        Raises:
            NotFoundError: No such version.
            RejectedError: It was altered.
        """
        ...

    def load(self, version: str) -> StoredVersion:
        """A version, its files checked against their digests.

        Raises:
            NotFoundError: No such version.
            RejectedError: A file was altered.
        """
        ...

    def history(self) -> list[Move]:
        """Every move there ever was, oldest first.

        Raises:
            RejectedError: It was altered.
        """
        ...

    @property
    def is_signed(self) -> bool:
        """Whether a key vouches for what is read; without one, digests find damage, not forgery."""
        ...


class ModelRegistry(ModelCatalogue, Protocol):
    """Versions never change; every change of the registry is one move, which happens whole or not at all."""

    def add(self, version: StoredVersion, note: Note) -> None:
        """Store a new version; its stage is `registered`.

        Raises:
            ConflictError: There is, or was, a version of that name.
            RejectedError: A file is not LightGBM text.
        """
        ...

    def put(self, version: str, stage: Stage, note: Note) -> None:
        """Let a version go to another stage than `champion`; one in `shadow` or `canary` is the challenger.

        Raises:
            NotFoundError: No such version.
            RejectedError: It cannot go there from where it is, or another one is on trial.
        """
        ...

    def promote(self, version: str, note: Note, *, over: str | None) -> None:
        """Make `version` the champion, and the champion of before `previous`; the champion stays as it is.

        Args:
            version: Its files are checked first.
            note: Who and why.
            over: The champion that it was judged against.

        Raises:
            ConflictError: The champion is another one than `over` now: judge again.
            NotFoundError: No such version.
            RejectedError: It was altered, or rejected before.
        """
        ...

    def roll_back(self, note: Note, *, of: str) -> str:
        """Let the previous champion serve again and reject `of`; returns who serves.

        Raises:
            ConflictError: The champion is not `of` any more.
            RejectedError: There is no previous one, or it was altered.
        """
        ...

    def remove(self, versions: Collection[str], note: Note) -> int:
        """Remove versions for good, and what killed writers have left; returns how many files that were.

        Raises:
            NotFoundError: No such version.
            RejectedError: An alias points to one, or it is on trial.
        """
        ...

    def sign(self, note: Note) -> None:
        """Vouch with our key for a registry that was kept without one; its versions are checked first.

        Raises:
            RejectedError: There is no key, or a version was altered.
        """
        ...
