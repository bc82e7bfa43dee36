"""Durable readings a second, against the broker's own PUBACK rate in the same run."""

import json
from dataclasses import asdict

import pytest

from edge.contract import MAX_PAYLOAD_BYTES, read_telemetry
from infra.local.compare_bench import compare
from infra.local.ingest_bench import DEVICES, READINGS_A_BATCH, Fleet, measure
from infra.local.mqtt_load import bursts

pytestmark = pytest.mark.bench


def test_durable_readings_against_the_raw_puback_rate() -> None:
    figures = measure(10_000, 50_000)

    print(json.dumps(asdict(figures)))
    assert figures.generator_msgs_per_s > 4 * figures.broker_raw_msgs_per_s
    assert figures.ratio > 0.15  # 0.07 by paho and a row for each reading


def test_what_is_published_is_within_the_contract() -> None:
    (_, payload), *_ = Fleet().batches(1)

    readings, refusals = read_telemetry(payload)

    assert (len(readings), refusals) == (READINGS_A_BATCH, [])
    assert len(payload) <= MAX_PAYLOAD_BYTES
    assert {each.device_id for each in readings} == set(DEVICES)


def test_a_burst_holds_what_it_says() -> None:
    pieces = bursts(Fleet().singles(30), 20)

    assert [each.messages for each in pieces] == [20, 10]
    assert all(each.packets.startswith(b"\x32") for each in pieces)


def test_ours_beside_a_consumer_as_people_write_it() -> None:
    figures = compare(10_000)

    print(json.dumps(asdict(figures)))
    assert figures.ratio_to_batch > 1.2
    assert figures.ratio_to_message > 5
    assert (figures.ratio_to_node_red_influxdb is None) == figures.node_red_influxdb.startswith(
        "not measured: "
    )
