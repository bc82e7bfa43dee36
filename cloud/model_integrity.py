"""What a stored model may be: LightGBM text under a safe name, with the digest that it was stored with."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from cloud.errors import ConflictError, RejectedError
from cloud.ports.models import Lineage

SAFE_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)
TEXT_MODEL: Final = b"tree\nversion=v"
"""How LightGBM's text begins (`GBDT::SaveModelToString` in LightGBM's `gbdt_model_text.cpp`)."""

_SIZES: Final = re.compile(rb"^tree_sizes=([0-9 ]*)\n\n", re.MULTILINE)

MAX_FILE_BYTES: Final = 16 * 1024**2
"""Of one model; 150 trees of 31 leaves take half a megabyte."""

_MAX_DIGITS: Final = 9
"""Of the size of a tree [bytes]."""


class AlteredFileError(RejectedError):
    """A stored file is not the one that was stored."""

    def __init__(self, version: str, name: str) -> None:
        super().__init__(f"{name} of model version {version} was altered; restore it or roll back")


class UnsafeNameError(RejectedError):
    """A name that could stand for another place than its own."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:140]!r} is no name: 1 to 128 letters, digits and . _ -, not beginning with a dot"
        )


class NotATextModelError(RejectedError):
    """A file that is not LightGBM's text; others, such as pickles, could run code when they are loaded."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:140]!r} is no whole LightGBM text model (*.txt, at most {MAX_FILE_BYTES // 1024**2} MiB)"
        )


class VersionTakenError(ConflictError):
    """A name of a version is used once, also after the version was removed."""

    def __init__(self, version: str) -> None:
        super().__init__("model", version)
        self.args = (f"there is a model version {version!r} already, or there was one",)


def require_safe_names(*names: str) -> None:
    """Check names of versions and files before they become paths.

    Raises:
        UnsafeNameError: One could lead elsewhere, or be taken for a file of the registry.
    """
    for name in names:
        if not SAFE_NAME.fullmatch(name):
            raise UnsafeNameError(name)


def require_text_models(files: Mapping[str, bytes]) -> None:
    """Check that files are what LightGBM writes as text, and whole.

    LightGBM goes by the sizes in the head of its text: of one that was cut off it reads what lies behind in
    memory, and may abort the process. Against text that was made to do harm only a signature helps.

    Raises:
        NotATextModelError: One is something else.
    """
    for name, content in files.items():
        fits = name.endswith(".txt") and len(content) <= MAX_FILE_BYTES and b"\0" not in content
        if not fits or not content.startswith(TEXT_MODEL) or not _is_whole(content):
            raise NotATextModelError(name)


def _is_whole(content: bytes) -> bool:
    """Whether every tree begins where the head says, and the end follows."""
    head = _SIZES.search(content)
    if head is None:
        return False
    at = head.end()
    for number, size in enumerate(head[1].split()):
        if len(size) > _MAX_DIGITS or not content.startswith(b"Tree=%d\n" % number, at):
            return False
        at += int(size)
    return content.startswith(b"end of trees\n", at)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file."""
    return {name: digest(content) for name, content in sorted(files.items())}


def require_unaltered(lineage: Lineage, files: Mapping[str, bytes]) -> None:
    """Check files against the digests of their manifest.

    Raises:
        AlteredFileError: One differs or is missing.
    """
    for name, expected in lineage.files.items():
        if name not in files or digest(files[name]) != expected:
            raise AlteredFileError(lineage.version, name)
