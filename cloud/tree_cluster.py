"""Work for a Dask cluster: trees that its workers grow together, and parts that each does by itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from cloud.errors import UnavailableError

Floats = npt.NDArray[np.float64]
_Part = TypeVar("_Part")
_Done = TypeVar("_Done")


def grow_together(
    rows: Floats, target: Floats, weight: Floats | None, settings: Mapping[str, Any], cluster: str
) -> str:
    """The trees, as LightGBM's text.

    They are as good as those of one machine, and not the same: each worker draws the borders of bins from
    its own rows (LightGBM, "Distributed Learning Guide"), and constraints are kept by the method `basic`.

    Args:
        rows: (n, features).
        target: (n,).
        weight: Of each row (n,); None: all the same.
        settings: LightGBM's, with `feature_name` and `num_boost_round`.
        cluster: Address of the scheduler, such as `tcp://10.0.0.5:8786`.

    Raises:
        UnavailableError: The cluster does not answer.
    """
    from lightgbm import DaskLGBMRegressor  # noqa: PLC0415 (wants dask)

    client, da = _connected(cluster), _dask_arrays()
    told = dict(settings)
    names, trees = told.pop("feature_name"), told.pop("num_boost_round")
    with client, client.as_current():
        size = -(-len(rows) // max(1, len(client.scheduler_info()["workers"])))
        model = DaskLGBMRegressor(client=client, tree_learner="data", n_estimators=trees, **told)
        model.fit(
            da.from_array(rows, chunks=(size, rows.shape[1])),
            da.from_array(target, chunks=size),
            sample_weight=None if weight is None else da.from_array(weight, chunks=size),
            feature_name=names,
        )
        return str(model.booster_.model_to_string())


def each_done(function: Callable[[_Part], _Done], parts: Sequence[_Part], cluster: str) -> Iterator[_Done]:
    """What `function` makes of each part, in order; the workers of a cluster do several at once.

    Args:
        function: It and the parts travel to the workers; what it raises comes back.
        parts: What it is done with.
        cluster: Address of the scheduler; empty: this process, one after the other.

    Raises:
        UnavailableError: The cluster does not answer, or has lost its workers.
    """
    if not cluster:
        yield from map(function, parts)
        return
    with _connected(cluster) as client:
        futures = client.map(function, list(parts), pure=False)
        try:
            while futures:
                yield futures.pop(0).result()
        except (OSError, CancelledError) as error:
            raise UnavailableError(f"training cluster {cluster}: {error}") from error


def _connected(cluster: str) -> Any:  # noqa: ANN401 (distributed's own functions have no types)
    import distributed  # noqa: PLC0415 (comes with the extra `dask`)

    client: Any = distributed.Client
    try:
        return client(cluster, set_as_default=False)
    except OSError as error:
        raise UnavailableError(f"training cluster {cluster}: {error}") from error


def _dask_arrays() -> Any:  # noqa: ANN401 (dask's own functions have no types)
    import dask.array  # noqa: PLC0415 (comes with the extra `dask`)

    return dask.array
