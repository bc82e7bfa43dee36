"""Scale on paper: what is printed is what is written, and queues behave as theory says."""

import json
from pathlib import Path

import pytest

from infra.scale.report import report
from infra.scale.sizing import KEPT_DAYS, Scale
from infra.scale.storm import CONNECTS_PER_S, in_step, jittered, longest_wait_s, reconnect

ROOT = Path(__file__).parents[3]


def test_what_is_written_is_what_the_command_prints() -> None:
    assert (ROOT / "infra" / "SCALE.md").read_text() == report()


def test_a_million_homes_on_paper() -> None:
    scale = Scale(1_000_000)

    assert scale.messages_per_s == pytest.approx(2_000_000 / 900)
    assert scale.shards == 30  # 2222 messages of 6667 bytes are 14.8 MB/s, twice
    assert scale.usd()["connections"] == pytest.approx(3504)  # 43,800 minutes of a million homes


def test_a_stream_of_a_million_homes_by_shards_and_on_demand() -> None:
    scale = Scale(1_000_000)

    # 30 shards of 730 hours, and 5840 million messages of one PUT unit each
    assert scale.by_shards_usd() == pytest.approx(30 * 730 * 0.035 + 5840 * 0.014)
    # 7 KB each: 38,986 GB, in and out, of which six days of 30.4 are paid for
    assert scale.on_demand_usd() == pytest.approx(730 * 0.04 + 38_986 * (0.12 + 0.1 * 6 / 30.417), rel=1e-3)


def test_the_stream_is_ordered_as_it_is_priced() -> None:
    template = json.loads((ROOT / "infra" / "cloudformation" / "AcAdvisor.json").read_text())
    (stream,) = [each["Properties"] for each in template["Resources"].values()
                 if each["Type"] == "AWS::Kinesis::Stream"]  # fmt: skip

    assert stream["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert stream["ShardCount"] == {"Ref": "Shards"}
    assert template["Parameters"]["Shards"]["Default"] == Scale(1_000).shards
    assert stream["RetentionPeriodHours"] == KEPT_DAYS * 24
    assert "on demand" not in json.dumps(template)


@pytest.mark.parametrize("homes", [CONNECTS_PER_S, 10_000])
def test_no_storm_ends_sooner_than_the_quota_lets_it(homes: int) -> None:
    storm = reconnect(homes, jittered, 1)

    assert storm.over_s >= homes / CONNECTS_PER_S
    assert storm.attempts >= 1


def test_jitter_ends_a_storm_sooner_and_with_fewer_attempts() -> None:
    spread, together = reconnect(100_000, jittered, 1), reconnect(100_000, in_step, 1)

    assert spread.over_s < together.over_s
    assert spread.busiest_per_s < together.busiest_per_s / 4
    assert spread.attempts < together.attempts


def test_a_shard_is_behind_by_what_came_over_what_it_takes() -> None:
    assert longest_wait_s(0, 300, 60, 100, seed=1) == pytest.approx((300 - 100) * 60 / 100)
    assert longest_wait_s(0, 90, 60, 100, seed=1) == 0
