"""The ledger of a registry: the stage of every version and where the aliases point, and how both may change.

Pure: each change gives a new ledger or says why it may not be. `champion` is the alias of the one version at
that stage, `challenger` of the one on trial, `previous` of whom a roll-back would let serve again. One
version at most waits to be tried, the newest that was let wait.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from cloud.errors import ConflictError, NotFoundError, RejectedError
from cloud.model_integrity import VersionTakenError
from cloud.ports.models import Alias, Stage

TRIALS: Final = frozenset[Stage]({"shadow", "canary"})

WAYS: Final[Mapping[Stage, frozenset[Stage]]] = {
    "registered": frozenset({"waiting", "shadow", "canary", "rejected", "retired"}),
    "waiting": frozenset({"registered", "shadow", "canary", "rejected", "retired"}),
    "shadow": frozenset({"registered", "canary", "rejected"}),
    "canary": frozenset({"rejected"}),
    "champion": frozenset(),
    "retired": frozenset({"registered", "rejected"}),
    "rejected": frozenset({"registered"}),
}
"""Where a version may be put from each stage; who serves changes by promotion and roll-back only. What was in
the canary, or has served, is not tried again: homes that had left it would come back to it."""


class StageError(RejectedError):
    """A version cannot go from its stage to another."""

    def __init__(self, version: str, stage: Stage, wanted: Stage) -> None:
        ways = ", ".join(sorted(WAYS[stage])) or "nowhere: promote another version, or roll back"
        super().__init__(f"model version {version} is {stage}, not to be {wanted}; it may go {ways}")


class OnTrialError(RejectedError):
    """One challenger at a time."""

    def __init__(self, challenger: str) -> None:
        super().__init__(f"model version {challenger} is on trial: promote, reject or withdraw it first")
        self.challenger = challenger


class TriedBeforeError(RejectedError):
    """Homes that have left a version do not come back to it by another trial."""

    def __init__(self, version: str) -> None:
        super().__init__(f"model version {version} was tried in homes before, or has served: promote it")


class InUseError(RejectedError):
    """A version that serves, is on trial or may be rolled back to stays what it is."""

    def __init__(self, version: str, alias: str) -> None:
        super().__init__(f"model version {version} is the {alias} and stays")


class NoPreviousError(RejectedError):
    """There is nobody to roll back to."""

    def __init__(self, champion: str | None) -> None:
        who = (
            "there is no champion"
            if champion is None
            else f"nothing served before {champion}, or it was removed"
        )
        super().__init__(f"{who}: promote another version")


class ChampionChangedError(ConflictError):
    """The champion is not the one that was decided upon."""

    def __init__(self, expected: str | None, found: str | None) -> None:
        super().__init__("model", "champion")
        self.args = (f"the champion is {found} and not {expected} any more: look again, then decide",)


class Entry(BaseModel):
    """A version in the ledger.

    Attributes:
        stage: Where it is on its way.
        since: When it came there.
        folder: Where its files are.
        manifest_sha256: Of its manifest, which has the digests of its files.
        replaced: Whom it took over from when it was promoted.
        tried: Homes have had it: it was in the canary, or has served.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage = "registered"
    since: datetime
    folder: str
    manifest_sha256: str
    replaced: str | None = None
    tried: bool = False


class Ledger(BaseModel):
    """The registry at one moment.

    Attributes:
        entries: Every version, in the order in which they came.
        aliases: Where each points; absent: nowhere.
        gone: Names of versions that were removed; they are never used again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries: dict[str, Entry] = {}
    aliases: dict[Alias, str] = {}
    gone: tuple[str, ...] = ()

    def require(self, version: str) -> Entry:
        """The entry of a version.

        Raises:
            NotFoundError: There is none.
        """
        try:
            return self.entries[version]
        except KeyError:
            raise NotFoundError("model version", version) from None

    def registered(self, version: str, entry: Entry) -> "Ledger":
        """With a new version."""
        if version in self.entries or version in self.gone:
            raise VersionTakenError(version)
        return self._with({**self.entries, version: entry}, self.aliases)

    def put(self, version: str, stage: Stage, at: datetime) -> "Ledger":
        """With a version at another stage than `champion`; nothing changes if it is there already."""
        entry = self.require(version)
        if entry.stage == stage:
            return self
        if stage not in WAYS[entry.stage]:
            raise StageError(version, entry.stage, stage)
        if self.aliases.get("previous") == version and stage != "rejected":
            raise InUseError(version, "previous")
        if stage in TRIALS and entry.tried:
            raise TriedBeforeError(version)
        entries = {**self.entries, version: _moved(entry, stage, at)}
        if stage == "waiting":
            overtaken = (name for name, other in self.entries.items() if other.stage == "waiting")
            entries |= {name: _moved(self.entries[name], "retired", at) for name in overtaken}
        return self._with(entries, self._aliases_after(version, stage))

    def _aliases_after(self, version: str, stage: Stage) -> dict[Alias, str]:
        """The aliases when a version comes to another stage than `champion`."""
        aliases = {alias: pointed for alias, pointed in self.aliases.items() if pointed != version}
        if stage in TRIALS:
            if "challenger" in aliases:
                raise OnTrialError(aliases["challenger"])
            aliases["challenger"] = version
        return aliases

    def promoted(self, version: str, over: str | None, at: datetime) -> "Ledger":
        """With another champion; nothing changes if it is that already."""
        entry, champion = self.require(version), self.aliases.get("champion")
        if champion == version:
            return self
        if champion != over:
            raise ChampionChangedError(over, champion)
        if entry.stage == "rejected":
            raise StageError(version, entry.stage, "champion")
        serving = _moved(entry, "champion", at).model_copy(update={"replaced": champion})
        entries = {**self.entries, version: serving}
        aliases: dict[Alias, str] = {**self.aliases, "champion": version}
        if champion is not None:
            entries[champion] = _moved(entries[champion], "retired", at)
            aliases["previous"] = champion
        if aliases.get("challenger") == version:
            del aliases["challenger"]
        return self._with(entries, aliases)

    def rolled_back(self, of: str, at: datetime) -> "Ledger":
        """With the previous champion serving again, and `of` rejected."""
        champion, previous = self.aliases.get("champion"), self.aliases.get("previous")
        if champion != of:
            raise ChampionChangedError(of, champion)
        if previous is None:
            raise NoPreviousError(champion)
        entries = {
            **self.entries,
            of: _moved(self.require(of), "rejected", at),
            previous: _moved(self.require(previous), "champion", at),
        }
        aliases: dict[Alias, str] = {**self.aliases, "champion": previous}
        del aliases["previous"]
        before = entries[previous].replaced
        if before is not None and before in entries and entries[before].stage == "retired":
            aliases["previous"] = before
        return self._with(entries, aliases)

    def without(self, versions: Collection[str]) -> "Ledger":
        """Without some versions; nothing changes if there are none."""
        if not versions:
            return self
        for version in versions:
            self.require(version)
            for alias, pointed in self.aliases.items():
                if pointed == version:
                    raise InUseError(version, alias)
        kept = {name: entry for name, entry in self.entries.items() if name not in versions}
        return Ledger(entries=kept, aliases=self.aliases, gone=(*self.gone, *sorted(versions)))

    def difference(self, before: "Ledger") -> dict[str, Stage | None]:
        """The new stage of each version that had another one `before`; None: it is gone."""
        changed: dict[str, Stage | None] = {
            name: entry.stage
            for name, entry in self.entries.items()
            if name not in before.entries or before.entries[name].stage != entry.stage
        }
        return changed | dict.fromkeys(name for name in before.entries if name not in self.entries)

    def _with(self, entries: dict[str, Entry], aliases: dict[Alias, str]) -> "Ledger":
        return Ledger(entries=entries, aliases=aliases, gone=self.gone)


def _moved(entry: Entry, stage: Stage, at: datetime) -> Entry:
    tried = entry.tried or stage in ("canary", "champion")
    return entry.model_copy(update={"stage": stage, "since": at, "tried": tried})
