"""Champion: the models that serve together, under one version."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final, Self

import pandas as pd
from lightgbm.basic import LightGBMError

from cloud.energy import TREE_FEATURES, EnergyModel
from cloud.errors import RejectedError
from cloud.feature_catalogue import OVERRIDE_FEATURES
from cloud.override import OverrideModel
from cloud.ports.models import Lineage, StoredVersion
from cloud.presence_features import AWAY_FEATURES, RETURN_FEATURES
from cloud.presence_model import PresenceModel
from cloud.trees import Trees

ENERGY_FILE: Final = "energy.txt"
JUDGED_FILE: Final = "energy_judged.txt"
OVERRIDE_FILE: Final = "override.txt"
PRESENCE_FILE: Final = "presence.txt"
RETURNS_FILE: Final = "presence_returns.txt"
MANIFEST_FILE: Final = "manifest.json"
RESERVOIR_FILE: Final = "reservoir.parquet"


class FeatureMismatchError(RejectedError):
    """A stored model wants other features than this code computes."""

    def __init__(self, file: str, wanted: tuple[str, ...], computed: tuple[str, ...]) -> None:
        strange = sorted(set(wanted) ^ set(computed)) or ["the same in another order"]
        super().__init__(f"{file} was trained on other features than this version computes: {strange}")


class UnreadableModelError(RejectedError):
    """A stored model is missing, or no model."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file} is no model that can serve: {why}")


@dataclass(frozen=True, slots=True)
class Champion:
    """The models that make advice.

    Attributes:
        version: Name in the registry.
        energy: Electricity of an hour.
        override: Chance of a warm override in an hour.
        presence: When homes are empty and people come back; None in versions made before it.
        judged: The energy model as the gate judged it, before it was learnt anew from all homes and days;
            None: it is the one that serves.
    """

    version: str
    energy: EnergyModel
    override: OverrideModel
    presence: PresenceModel | None = None
    judged: EnergyModel | None = None

    @property
    def as_judged(self) -> EnergyModel:
        """The energy model that knows neither held-out homes nor the days on which it was judged."""
        return self.judged or self.energy

    @classmethod
    def from_files(cls, version: str, files: Mapping[str, bytes]) -> Self:
        """The models in `files`.

        Raises:
            FeatureMismatchError: They were made for other features.
            UnreadableModelError: One is missing, or no model.
        """
        energy = _read(files, ENERGY_FILE, TREE_FEATURES)
        override = _read(files, OVERRIDE_FILE, OVERRIDE_FEATURES)
        judged = EnergyModel(_read(files, JUDGED_FILE, TREE_FEATURES)) if JUDGED_FILE in files else None
        return cls(version, EnergyModel(energy), OverrideModel(override), _presence(files), judged)

    @classmethod
    def from_stored(cls, stored: StoredVersion) -> Self:
        """The models of a version in the registry."""
        return cls.from_files(stored.lineage.version, stored.files)

    @classmethod
    def from_package(cls) -> Self:
        """The champion that is shipped: made from simulated homes with randomised setpoints."""
        return cls.from_stored(package_version())

    def to_files(self) -> dict[str, bytes]:
        """What the registry keeps."""
        trees = {ENERGY_FILE: self.energy.trees, OVERRIDE_FILE: self.override.trees}
        if self.presence is not None:
            trees |= {PRESENCE_FILE: self.presence.away_trees, RETURNS_FILE: self.presence.return_trees}
        if self.judged is not None:
            trees[JUDGED_FILE] = self.judged.trees
        return {name: each.text.encode() for name, each in trees.items()}


def package_version() -> StoredVersion:
    """The shipped champion as a version with its lineage."""
    folder = resources.files("cloud") / "base"
    lineage = Lineage.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    files = {name: (folder / name).read_bytes() for name in lineage.files}
    return StoredVersion(lineage, files)


def package_reservoir() -> pd.DataFrame:
    """Hours of the base data: randomised setpoints, which keep later training from confounding."""
    content = (resources.files("cloud") / "base" / RESERVOIR_FILE).read_bytes()
    return pd.read_parquet(io.BytesIO(content))


def _read(files: Mapping[str, bytes], name: str, features: tuple[str, ...]) -> Trees:
    if name not in files:
        raise UnreadableModelError(name, "it is missing")
    try:
        trees = Trees(files[name].decode())
    except (LightGBMError, UnicodeDecodeError) as error:
        raise UnreadableModelError(name, str(error)) from error
    if trees.features != features:
        raise FeatureMismatchError(name, trees.features, features)
    return trees


def _presence(files: Mapping[str, bytes]) -> PresenceModel | None:
    if PRESENCE_FILE not in files:
        return None
    away = _read(files, PRESENCE_FILE, AWAY_FEATURES)
    return PresenceModel(away, _read(files, RETURNS_FILE, RETURN_FEATURES))
