"""Trees grown by the workers of a Dask cluster together, each with a part of the rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cloud.errors import UnavailableError

Floats = npt.NDArray[np.float64]


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
    import dask.array as da  # noqa: PLC0415 (comes with the extra `dask`)
    from distributed import Client  # noqa: PLC0415 (the same)
    from lightgbm import DaskLGBMRegressor  # noqa: PLC0415 (wants dask)

    try:
        client = Client(cluster, set_as_default=False)
    except OSError as error:
        raise UnavailableError(f"training cluster {cluster}: {error}") from error
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
