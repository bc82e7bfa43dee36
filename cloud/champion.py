"""Champion: the models that serve together, under one version."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final, Self

import pandas as pd

from cloud.energy import TREE_FEATURES, EnergyModel
from cloud.errors import RejectedError
from cloud.feature_catalogue import OVERRIDE_FEATURES
from cloud.override import OverrideModel
from cloud.ports.models import Lineage, StoredVersion
from cloud.trees import Trees

ENERGY_FILE: Final = "energy.txt"
OVERRIDE_FILE: Final = "override.txt"
MANIFEST_FILE: Final = "manifest.json"
RESERVOIR_FILE: Final = "reservoir.parquet"


class FeatureMismatchError(RejectedError):
    """A stored model wants other features than this code computes."""

    def __init__(self, file: str, wanted: tuple[str, ...], computed: tuple[str, ...]) -> None:
        strange = sorted(set(wanted) ^ set(computed)) or ["the same in another order"]
        super().__init__(f"{file} was trained on other features than this version computes: {strange}")


@dataclass(frozen=True, slots=True)
class Champion:
    """The models that make advice.

    Attributes:
        version: Name in the registry.
        energy: Electricity of an hour.
        override: Chance of a warm override in an hour.
    """

    version: str
    energy: EnergyModel
    override: OverrideModel

    @classmethod
    def from_files(cls, version: str, files: Mapping[str, bytes]) -> Self:
        """The models in `files`.

        Raises:
            FeatureMismatchError: They were made for other features.
        """
        energy, override = (Trees(files[name].decode()) for name in (ENERGY_FILE, OVERRIDE_FILE))
        for file, trees, features in (
            (ENERGY_FILE, energy, TREE_FEATURES),
            (OVERRIDE_FILE, override, OVERRIDE_FEATURES),
        ):
            if trees.features != features:
                raise FeatureMismatchError(file, trees.features, features)
        return cls(version, EnergyModel(energy), OverrideModel(override))

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
        return {
            ENERGY_FILE: self.energy.trees.text.encode(),
            OVERRIDE_FILE: self.override.trees.text.encode(),
        }


def package_version() -> StoredVersion:
    """The shipped champion as a version with its lineage."""
    folder = resources.files("cloud") / "base"
    lineage = Lineage.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    files = {name: (folder / name).read_bytes() for name in (ENERGY_FILE, OVERRIDE_FILE)}
    return StoredVersion(lineage, files)


def package_reservoir() -> pd.DataFrame:
    """Hours of the base data: randomised setpoints, which keep later training from confounding."""
    content = (resources.files("cloud") / "base" / RESERVOIR_FILE).read_bytes()
    return pd.read_parquet(io.BytesIO(content))
