import json
from datetime import UTC, datetime
from io import StringIO

import pytest

from cloud.adapters.emf_metrics import EmfMetrics
from cloud.errors import RejectedError
from cloud.quotas import EMF_METRICS

NOW = datetime(2025, 7, 1, 12, tzinfo=UTC)


def test_a_document_is_as_cloudwatch_specifies_it() -> None:
    lines = StringIO()

    EmfMetrics(lines, lambda: NOW).tell(
        {"Readings": (3, "Count"), "Age": (1.5, "Seconds"), "Nothing": (float("nan"), "None")},
        {"Source": "sqs"},
    )

    (line,) = lines.getvalue().splitlines()
    assert json.loads(line) == {  # by hand, from the specification
        "_aws": {
            "Timestamp": 1751371200000,
            "CloudWatchMetrics": [{
                "Namespace": "AcAdvisor",
                "Dimensions": [["Source"]],
                "Metrics": [{"Name": "Readings", "Unit": "Count"}, {"Name": "Age", "Unit": "Seconds"}],
            }],
        },
        "Source": "sqs",
        "Readings": 3,
        "Age": 1.5,
    }  # fmt: skip


def test_more_than_a_document_may_have_is_refused() -> None:
    with pytest.raises(RejectedError):
        EmfMetrics(StringIO(), lambda: NOW).tell({f"m{n}": (1, "Count") for n in range(EMF_METRICS + 1)}, {})
