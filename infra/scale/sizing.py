"""What so many homes ask of each part, which part gives first, and what it costs."""

import math
from dataclasses import dataclass
from typing import Final

from infra.scale import prices

CONDITIONERS_PER_HOME: Final = 2
READINGS_PER_MESSAGE: Final = 15
MESSAGE_INTERVAL_S: Final = 900
MESSAGE_BYTES: Final = 5000
ROW_BYTES: Final = 20
"""Of a reading in the lake, compressed [bytes]; assumed."""
STATE_WRITES: Final = 2
"""DynamoDB write units an air conditioner and decision."""
DECISION_INTERVAL_S: Final = 1800
DECISION_MS: Final = 5.0
"""Of one core of the advisor, a decision; `ac-advisor bench advise` measures it."""
HOURS_ROW_BYTES: Final = 124
"""Of one hour in training: 24 features as float32, and 28 bytes binned."""
TRAINED_DAYS: Final = 30
TRAINER_BYTES: Final = 16 * 2**30
"""Memory of the task `Train` (`infra/cdk/jobs.py`)."""
HEADROOM: Final = 2
"""Shards, over what an even load needs: after an outage the spools are sent, too."""
KEPT_DAYS: Final = 7
"""Records stay in the stream [days] (`infra/cdk/ingest.py`)."""
BATCH: Final = 500
BATCHES_PER_SHARD_S: Final = 60
"""A shard's function runs at least so often while there is anything [s] (`infra/cdk/ingest.py`)."""
FILES_PER_BATCH: Final = 9
"""The day's eight buckets, and the manifest."""
FUNCTION_S: Final = 2.0
FUNCTION_GB: Final = 1.769
MONTH_S: Final = 730 * 3600

SHARD_RECORDS_PER_S: Final = 1000
SHARD_BYTES_PER_S: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a part, how much of it is asked for [ratio], and what changes beyond it."""

    part: str
    used: float
    change: str


@dataclass(frozen=True, slots=True)
class Scale:
    """So many homes, always connected, one gateway a home."""

    homes: int

    @property
    def conditioners(self) -> int:
        """Air conditioners."""
        return self.homes * CONDITIONERS_PER_HOME

    @property
    def messages_per_s(self) -> float:
        """Messages into the rule [1/s]."""
        return self.conditioners / MESSAGE_INTERVAL_S

    @property
    def shards(self) -> int:
        """Of the stream."""
        by_count = self.messages_per_s / SHARD_RECORDS_PER_S
        by_bytes = self.messages_per_s * MESSAGE_BYTES * 4 / 3 / SHARD_BYTES_PER_S  # base64
        return math.ceil(max(by_count, by_bytes) * HEADROOM)

    @property
    def advisor_cores(self) -> float:
        """Cores that decisions keep busy."""
        return self.conditioners * DECISION_MS / 1000 / DECISION_INTERVAL_S

    def limits(self) -> list[Limit]:
        """All that may give, the nearest first."""
        trained = self.conditioners * 24 * TRAINED_DAYS * HOURS_ROW_BYTES
        found = [
            Limit("advisor, one core", self.advisor_cores, "advisors by partition of homes"),
            Limit(
                "trainer, 16 GiB",
                trained / TRAINER_BYTES,
                "train on a drawn share of the homes, or trees on Dask",
            ),
            Limit("connections, 500 000", self.homes / 500_000, "quota raised; then accounts by region"),
            Limit("publishes, 20 000/s", self.messages_per_s / 20_000, "quota raised, longer batches"),
            Limit("functions, 1000 at once", self.shards / 1000, "quota raised, longer windows"),
        ]
        return sorted(found, key=lambda each: each.used, reverse=True)

    def by_shards_usd(self) -> float:
        """What a month of the stream costs as the template orders it: by shards [USD]."""
        shard_hours = self.shards * MONTH_S / 3600
        messages_m = self.messages_per_s * MONTH_S / 1e6
        return shard_hours * (prices.SHARD.usd + prices.KEPT_A_WEEK.usd) + messages_m * prices.PUT_UNIT.usd

    def on_demand_usd(self) -> float:
        """What the same stream costs on demand [USD]."""
        record_kb = math.ceil(MESSAGE_BYTES * 4 / 3 / 1024)
        gb = self.messages_per_s * MONTH_S * record_kb / 1024**2
        kept_gb = gb * (KEPT_DAYS - 1) * 24 * 3600 / MONTH_S
        by_gb = gb * (prices.GB_IN.usd + prices.GB_OUT.usd) + kept_gb * prices.GB_KEPT.usd
        return MONTH_S / 3600 * prices.STREAM_HOUR.usd + by_gb

    def usd(self) -> dict[str, float]:
        """What a month costs, by part [USD]."""
        messages_m = self.messages_per_s * MONTH_S / 1e6
        batches_m = max(self.shards * MONTH_S / BATCHES_PER_SHARD_S / 1e6, messages_m / BATCH)
        cores = max(1.0, self.advisor_cores * HEADROOM)
        stored_gb = messages_m * READINGS_PER_MESSAGE * ROW_BYTES / 1000
        decisions_m = self.conditioners * MONTH_S / DECISION_INTERVAL_S / 1e6
        return {
            "connections": self.homes * MONTH_S / 60 / 1e6 * prices.CONNECTED.usd,
            "rule": messages_m * (prices.BASIC_INGEST.usd + prices.RULE.usd + prices.ACTION.usd),
            "stream": self.by_shards_usd(),
            "functions": batches_m
            * (prices.INVOCATION.usd + 1e6 * FUNCTION_S * FUNCTION_GB * prices.FUNCTION.usd),
            "lake": batches_m * 1000 * FILES_PER_BATCH * prices.OBJECT.usd + stored_gb * prices.STORED.usd,
            "state": decisions_m * STATE_WRITES * prices.WRITE.usd,
            "tasks": 730 * (2 + cores) * (prices.CORE.usd + 4 * prices.MEMORY.usd) + 730 * prices.FIXED.usd,
        }
