"""Parts of a long study: each is kept when it is done, joined with the others, and not played twice.

One file has all parts, beside the setting that they were played with: the study's options, and a digest of
the source. Whoever is stopped goes on by the same command; what another setting has made is not joined.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter, ValidationError

Figures: TypeAlias = dict[str, Any]

TIMES: Final = frozenset({"seconds"})
"""What no machine repeats."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The file of a study.

    Attributes:
        path: Where it is; None keeps nothing.
        setting: What the figures of a part depend on, besides its name.
    """

    path: Path | None
    setting: Mapping[str, Any]

    def done(self) -> dict[str, Figures]:
        """The parts that were played with this setting, by name; any other file counts for nothing."""
        if self.path is None or not self.path.exists():
            return {}
        try:
            kept = _kept.validate_json(self.path.read_bytes())
        except ValidationError:
            return {}
        return kept.get("parts", {}) if kept.get("setting") == dict(self.setting) else {}

    def keep(self, name: str, figures: Figures, order: Iterable[str]) -> None:
        """Join a part with those that are done; the file has them in `order`."""
        if self.path is None:
            return
        known = {**self.done(), name: figures}
        parts = {each: known[each] for each in order if each in known}
        new = self.path.with_suffix(".new")  # whoever is killed leaves the old one or the new one
        new.write_text(json.dumps({"setting": dict(self.setting), "parts": parts}, indent=1) + "\n")
        new.replace(self.path)


_kept = TypeAdapter(dict[str, dict[str, Any]])


def differences(before: Any, after: Any, name: str = "") -> list[str]:  # noqa: ANN401 (any JSON)
    """Where two parts of the same study differ, by path; times that something took are passed over."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [key for key in {**before, **after} if key not in TIMES]
        return [
            found
            for key in keys
            for found in differences(before.get(key), after.get(key), f"{name}.{key}".lstrip("."))
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [found for place, each in pairs for found in differences(*each, f"{name}[{place}]")]
    return [] if before == after else [name]
