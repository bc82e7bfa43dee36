"""An IoT rule's double: what AWS would do by the committed template, for moto runs no rules.

It takes SQL, topic filter, key and action from the template, and refuses what it does not know.
"""

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

TEMPLATE = Path(__file__).parent.parent / "infra" / "cloudformation" / "AcAdvisor.json"
_SQL = re.compile(
    r"SELECT topic\(\) AS topic, encode\(\*, 'base64'\) AS payload FROM '([^']+)'"
    r"(?: WHERE topic\((\d)\) <> '(\w+)')?"
)
_KEY = re.compile(r"\$\{topic\((\d)\)\}")


class UnknownRuleError(Exception):
    """The rule says what this double does not know."""


@dataclass(frozen=True)
class Bridge:
    """An IoT rule with one action, for Kinesis or Lambda, as the template has it.

    Attributes:
        topic_filter: What it takes.
        excluded: A level of the topic, from 1, and what may not stand there.
        key_level: The level that is a record's key; None where Lambda is called.
    """

    topic_filter: str
    excluded: tuple[int, str] | None
    key_level: int | None

    @classmethod
    def of(cls, template: dict[str, Any], name: str) -> Self:
        rules = [each["Properties"] for each in template["Resources"].values()
                 if each["Type"] == "AWS::IoT::TopicRule"]  # fmt: skip
        (payload,) = [rule["TopicRulePayload"] for rule in rules if rule["RuleName"] == name]
        sql, level = _SQL.fullmatch(payload["Sql"]), _key_level(payload["Actions"])
        if sql is None or level is _UNKNOWN:
            raise UnknownRuleError(payload["Sql"])
        return cls(sql[1], (int(sql[2]), sql[3]) if sql[2] else None, level)

    def data(self, topic: str, payload: bytes) -> dict[str, str] | None:
        """What the SQL makes of a message; None of one that the rule does not take."""
        levels, wanted = topic.split("/"), self.topic_filter.split("/")
        if len(levels) != len(wanted) or any(
            w not in ("+", got) for got, w in zip(levels, wanted, strict=True)
        ):
            return None
        if self.excluded is not None and levels[self.excluded[0] - 1] == self.excluded[1]:
            return None
        return {"topic": topic, "payload": b64encode(payload).decode()}

    def record(self, topic: str, payload: bytes) -> dict[str, Any] | None:
        """What goes into the stream; None for a message that the rule does not take."""
        data = self.data(topic, payload)
        if data is None or self.key_level is None:
            return None
        return {"Data": json.dumps(data).encode(), "PartitionKey": topic.split("/")[self.key_level - 1]}


_UNKNOWN = 0


def _key_level(actions: list[dict[str, Any]]) -> int | None:
    """The level of the topic in Kinesis's key; None for Lambda; `_UNKNOWN` for anything else."""
    if len(actions) != 1:
        return _UNKNOWN
    if actions[0].keys() == {"Lambda"}:
        return None
    level = _KEY.fullmatch(actions[0].get("Kinesis", {}).get("PartitionKey", ""))
    return _UNKNOWN if level is None else int(level[1])
