"""Steps of a device's history: means over each, and the energy by the device's own counter.

The energy up to an instant is a line through what the counter said. It runs on evenly where readings are
missing, so what a lost reading would have told is in the answer all the same. Where there is no counter, or
it was set back, a reading's mean power over its interval stands for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cloud.ports.history import HistoryStep
from cloud.reading_rows import milliseconds

MAX_POWER_KW: Final = 20.0
"""A counter that runs faster was exchanged, not used [kW]: the contract's greatest power."""

COUNTER_STEP_KWH: Final = 0.1
"""So much more than that may be a counter's own resolution [kWh]."""

_MS_PER_H: Final = 3_600_000.0
_MEANS: Final = ("indoor_dry_bulb_c", "indoor_rh_pct", "outdoor_dry_bulb_c")

_Floats: TypeAlias = npt.NDArray[np.float64]
_Places: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Line:
    """Something that grows with time: `total` at `at_ms`, both ascending; shapes `(2n,)`."""

    at_ms: _Floats
    total: _Floats

    def between(self, edges_ms: _Floats) -> _Floats:
        """How much it grows between neighbours of `edges_ms` `(m + 1,)`; shape `(m,)`."""
        if len(self.at_ms) == 0:
            return np.zeros(len(edges_ms) - 1)
        grown: _Floats = np.diff(np.interp(edges_ms, self.at_ms, self.total))
        return grown


def steps_of(table: pa.Table, edges: Sequence[datetime]) -> list[HistoryStep]:
    """The steps between each two neighbours of `edges` in which anything is known.

    Args:
        table: Readings of one device with the columns of a scan, ascending; those that lie around the first
            and the last edge say how energy goes on there.
        edges: Ascending (UTC).
    """
    edges_ms = np.array([milliseconds(edge) for edge in edges], np.float64)
    at_ms = np.asarray(table["sampled_at"].cast(pa.int64()), np.float64)
    places = np.searchsorted(edges_ms, at_ms, side="left") - 1
    inside = (places >= 0) & (places < len(edges) - 1)
    means = _means(table, places, inside, len(edges) - 1)
    last = dict(zip(places[inside].tolist(), np.flatnonzero(inside).tolist(), strict=True))
    energy_kwh = _known(_energy_kwh(table, at_ms, edges_ms), 4)
    modes, setpoints_c = ([*table[name].to_pylist(), None] for name in ("mode", "setpoint_c"))
    ends = [last.get(place, -1) for place in range(len(edges) - 1)]  # the last one is of no reading
    columns = [[values[end] for end in ends] for values in (modes, setpoints_c)]
    columns += [_known(means[name], 3) for name in (*_MEANS, "electric_power_w")]
    rows = zip(edges[1:], *columns, energy_kwh, strict=True)
    return [HistoryStep(*row) for end, row in zip(ends, rows, strict=True) if end >= 0 or row[-1] is not None]


def _means(table: pa.Table, places: _Places, inside: npt.NDArray[np.bool_], count: int) -> dict[str, _Floats]:
    """Means of each step, NaN where no value is; shape `(count,)` each."""
    steps = places[inside]
    ones = np.ones(len(steps))
    means = {name: _mean(steps, _column(table, name)[inside], ones, count) for name in _MEANS}
    power_w, interval_s = (_column(table, name)[inside] for name in ("electric_power_w", "interval_s"))
    return {**means, "electric_power_w": _mean(steps, power_w, interval_s, count)}


def _mean(steps: _Places, values: _Floats, weights: _Floats, count: int) -> _Floats:
    known = ~np.isnan(values)
    weight = np.bincount(steps[known], weights[known], minlength=count)
    total = np.bincount(steps[known], values[known] * weights[known], minlength=count)
    mean: _Floats = np.divide(total, weight, out=np.full(count, np.nan), where=weight > 0)
    return mean


def _energy_kwh(table: pa.Table, at_ms: _Floats, edges_ms: _Floats) -> _Floats:
    """Energy of each step, NaN where nothing is known of it; shape `(len(edges_ms) - 1,)`."""
    grown_kwh, known_from_ms = _increments(table, at_ms)
    known_ms = at_ms - known_from_ms
    energy, known = (_line(at_ms, known_from_ms, grown) for grown in (grown_kwh, known_ms))
    energy_kwh: _Floats = np.where(known.between(edges_ms) > 0, energy.between(edges_ms), np.nan)
    return energy_kwh


def _increments(table: pa.Table, at_ms: _Floats) -> tuple[_Floats, _Floats]:
    """What each reading adds [kWh], and since when it speaks [ms]; shapes `(n,)`."""
    counter_kwh, power_w = (_column(table, name) for name in ("energy_total_kwh", "electric_power_w"))
    before_ms = np.concatenate([[-np.inf], at_ms[:-1]])
    counted_kwh = np.diff(counter_kwh, prepend=np.nan)
    most_kwh = MAX_POWER_KW * (at_ms - before_ms) / _MS_PER_H + COUNTER_STEP_KWH
    is_counted = (counted_kwh >= 0) & (counted_kwh <= most_kwh)
    from_ms = np.maximum(before_ms, at_ms - _column(table, "interval_s") * 1000)
    metered_kwh = power_w / 1000 * (at_ms - from_ms) / _MS_PER_H
    grown_kwh = np.where(is_counted, counted_kwh, metered_kwh)
    since_ms = np.where(is_counted, before_ms, np.where(np.isnan(metered_kwh), at_ms, from_ms))
    return np.nan_to_num(grown_kwh), since_ms


def _line(at_ms: _Floats, from_ms: _Floats, grown: _Floats) -> _Line:
    """The line that grows by `grown` from each `from_ms` to its `at_ms`, and stands still in between."""
    total = np.cumsum(grown)
    return _Line(np.stack([from_ms, at_ms], 1).ravel(), np.stack([total - grown, total], 1).ravel())


def _column(table: pa.Table, name: str) -> _Floats:
    values: _Floats = pc.fill_null(table[name].cast(pa.float64()), np.nan).to_numpy()
    return values


def _known(values: _Floats, digits: int) -> list[float | None]:
    return [None if isnan(value) else value for value in np.round(values, digits).tolist()]
