"""Planted models: versions with one fault each, made from the shipped text, for studies and tests."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from cloud.champion import ENERGY_FILE, OVERRIDE_FILE, package_version
from cloud.energy import TREE_FEATURES

TIMES: Final = 10
"""So many times as slow."""


def cheap_cold() -> bytes:
    """The energy model with every leaf negative: what was dear is cheap, and the cold saves."""
    return energy_leaves(lambda ratio: -ratio)


def no_numbers() -> bytes:
    """The energy model with leaves that are no number."""
    return energy_leaves(lambda _: math.nan)


def slow() -> bytes:
    """The energy model, the same in ten times as many trees."""
    return repeated(energy_leaves(lambda ratio: ratio / TIMES), TIMES)


def other_features() -> bytes:
    """The override model in the energy model's place."""
    return package_version().files[OVERRIDE_FILE]


def mixed_up() -> bytes:
    """The energy model with two columns taken for each other: the degrees of a day, and the hour."""
    one, other = (str(TREE_FEATURES.index(name)) for name in ("degree_24h_k", "solar_hour"))
    swapped = {one: other, other: one}
    text = package_version().files[ENERGY_FILE]
    return _resized(_each(rb"split_feature", text, lambda place: swapped.get(place, place)))


FAULTS: Final[Mapping[str, Callable[[], bytes]]] = {
    "saves by cold": cheap_cold,
    "no numbers": no_numbers,
    "ten times slower": slow,
    "other features": other_features,
    "columns mixed up": mixed_up,
}
"""What the energy model of a version with that fault is."""


def energy_leaves(change: Callable[[float], float]) -> bytes:
    """The shipped energy model with every leaf changed [ratio]."""
    text = package_version().files[ENERGY_FILE]
    return _resized(_each(rb"leaf_value", text, lambda value: str(change(float(value)))))


def repeated(text: bytes, times: int) -> bytes:
    """A model with all its trees so many times over."""
    head, trees, end = _parts(text)
    numbered = [re.sub(rb"Tree=\d+", b"Tree=%d" % place, each) for place, each in enumerate(trees * times)]
    return _resized(head + b"".join(numbered) + end)


def _each(name: bytes, text: bytes, change: Callable[[str], str]) -> bytes:
    def changed(match: re.Match[bytes]) -> bytes:
        return name + b"=" + " ".join(change(value) for value in match[1].decode().split()).encode()

    return re.sub(name + rb"=([^\n]*)", changed, text)


def _resized(text: bytes) -> bytes:
    """With LightGBM's list of the sizes of its trees, as they are now."""
    head, trees, end = _parts(text)
    sizes = " ".join(str(len(each)) for each in trees).encode()
    return re.sub(rb"tree_sizes=[^\n]*", b"tree_sizes=" + sizes, head) + b"".join(trees) + end


def _parts(text: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Head, trees, and what follows them."""
    head, *trees = re.split(rb"(?=Tree=\d+\n)", text)
    last, end = trees[-1].split(b"end of trees")
    return head, [*trees[:-1], last], b"end of trees" + end
