"""Population stability index: how far a number is distributed in another way than it was."""

from typing import Final

import numpy as np

from cloud.trees import Floats

BINS: Final = 10
"""Tenths of the reference, as credit scorecards have it (Siddiqi 2006, Credit Risk Scorecards, ch. 9)."""

HALF_A_ROW: Final = 0.5
"""Added to every bin, so that an empty one is no infinite drift (Jeffreys' prior) [rows]."""


def stability_index(reference: Floats, current: Floats) -> float:
    """Sum over bins of (q - p) ln(q / p), p and q being the shares then and now; 0 means the same.

    By convention 0.1 is a little and 0.25 much (Siddiqi 2006). Unknown values (NaN) are a bin of their own,
    so that a sensor that has fallen silent is drift too; so are values below and above all that were known,
    so that a constant that moves is seen whichever way it goes.

    Args:
        reference: Values then, (n,).
        current: Values now, (m,).
    """
    known = reference[~np.isnan(reference)]
    edges = np.quantile(known, np.linspace(0.0, 1.0, BINS + 1)) if len(known) else np.zeros(0)
    edges[-1:] = np.nextafter(edges[-1:], np.inf)
    edges = np.unique(edges)
    then, now = _shares(reference, edges), _shares(current, edges)
    return float(((now - then) * np.log(now / then)).sum())


def _shares(values: Floats, edges: Floats) -> Floats:
    bins = len(edges) + 2
    place = np.where(np.isnan(values), bins - 1, np.searchsorted(edges, values, side="right"))
    rows = np.bincount(place, minlength=bins) + HALF_A_ROW
    return np.asarray(rows / rows.sum())
