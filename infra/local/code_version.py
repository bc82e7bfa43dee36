"""Which code: versions of the libraries, a digest of the source, and the commit where there is one.

A version of the models names what made it, so that it can be made again: the digest says whether the source
is the same, in a checkout or a container; the commit says where to find it.
"""

import subprocess
from collections.abc import Sequence
from hashlib import sha256
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

LIBRARIES: Final = ("ac-advisor", "duckdb", "ibis-framework", "lightgbm", "numpy", "pandas", "pyarrow")
"""What may change the bits of a model."""

MAKERS: Final = ("cloud", "edge", "infra.local")
"""Packages whose source makes models here."""

GIT_S: Final = 10.0
"""Longer than this git is not waited for [s]."""


def code_version() -> dict[str, str]:
    """What makes models here: libraries, a digest of the source and base data, and the commit.

    The commit is followed by `-dirty` where files differ from it; without a checkout there is none.
    """
    versions = {name: metadata.version(name) for name in LIBRARIES}
    commit = commit_of(Path(__file__).parents[2])
    return versions | {"source_sha256": source_digest(MAKERS)} | ({"commit": commit} if commit else {})


def source_digest(packages: Sequence[str]) -> str:
    """SHA-256 of all files of some packages, and of their names."""
    found = [each for name in packages for each in _below(resources.files(name), f"{name}/")]
    return sha256("\n".join(f"{name} {digest}" for name, digest in sorted(found)).encode()).hexdigest()


def commit_of(folder: Path) -> str:
    """The commit of a checkout, `-dirty` behind it where its files differ; empty where there is none."""
    if not (folder / ".git").exists():
        return ""
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _below(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found = list[tuple[str, str]]()
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith((".pyc", ".md")):
            found.append((prefix + entry.name, sha256(entry.read_bytes()).hexdigest()))
    return found
