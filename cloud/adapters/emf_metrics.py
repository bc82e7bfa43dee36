"""Metrics of CloudWatch in the embedded metric format: one line of JSON a document, which its agent reads.

What Lambda prints, and what a Fargate task's `awslogs` take, is a log line; CloudWatch makes metrics of those
that have `_aws` (CloudWatch User Guide, "Specification: Embedded metric format").
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TextIO, TypeAlias

from cloud.errors import RejectedError
from cloud.quotas import EMF_DIMENSIONS, EMF_METRICS

NAMESPACE: Final = "AcAdvisor"

Unit: TypeAlias = Literal["Count", "Seconds", "None"]
Figures: TypeAlias = Mapping[str, tuple[float, Unit]]
"""By name: a value, and what it counts."""


@dataclass(frozen=True, slots=True)
class EmfMetrics:
    """Writes documents.

    Attributes:
        stream: Where lines go that CloudWatch reads.
        now: The clock (UTC).
    """

    stream: TextIO
    now: Callable[[], datetime]

    def tell(self, figures: Figures, dimensions: Mapping[str, str]) -> None:
        """Write figures with their dimensions; one that is no number is left out.

        Raises:
            RejectedError: More than a document may have.
        """
        told = {name: each for name, each in figures.items() if math.isfinite(each[0])}
        if told:
            self.stream.write(json.dumps(_document(told, dimensions, self.now())) + "\n")
            self.stream.flush()


def _document(figures: Figures, dimensions: Mapping[str, str], at: datetime) -> dict[str, Any]:
    if len(figures) > EMF_METRICS or len(dimensions) > EMF_DIMENSIONS:
        raise RejectedError(f"{len(figures)} metrics and {len(dimensions)} dimensions in one document")
    metrics = [{"Name": name, "Unit": unit} for name, (_, unit) in figures.items()]
    directive = {"Namespace": NAMESPACE, "Dimensions": [sorted(dimensions)], "Metrics": metrics}
    values = {name: value for name, (value, _) in figures.items()}
    return {
        "_aws": {"Timestamp": round(at.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        **dimensions,
        **values,
    }
