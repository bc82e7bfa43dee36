"""Metrics of ours as CloudWatch tells them apart: what alarms ask for, and what the program really told."""

import json
from typing import Any, TypeAlias

from cloud.adapters.emf_metrics import NAMESPACE

Metric: TypeAlias = tuple[str, frozenset[tuple[str, str]], str]
"""Namespace, dimensions with their values, name: with other dimensions it is another metric (CloudWatch User
Guide, "Dimensions")."""


def asked_by_alarms(template: dict[str, Any]) -> set[Metric]:
    """Those of the program, not of AWS's services."""
    alarms = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm" and each["Properties"].get("Namespace") == NAMESPACE
    ]
    return {
        (
            each["Namespace"],
            frozenset((one["Name"], one["Value"]) for one in each["Dimensions"]),
            each["MetricName"],
        )
        for each in alarms
    }


def of_source(metrics: set[Metric], source: str) -> set[Metric]:
    """Those that this part of the program tells."""
    return {each for each in metrics if ("Source", source) in each[1]}


def emitted(text: str) -> set[Metric]:
    """Those of the lines that are documents in the embedded metric format."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"_aws"')]
    return {
        (directive["Namespace"], frozenset((name, str(line[name])) for name in names), metric["Name"])
        for line in lines
        for directive in line["_aws"]["CloudWatchMetrics"]
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
        if metric["Name"] in line
    }
