"""DESIGN section 2: the topics, letter by letter, because firmware is written against them."""

import pytest

from edge.contract import topics


def test_topics_are_those_of_the_design() -> None:
    assert topics.telemetry("ac-1") == "dt/ac/ac-1/telemetry"
    assert topics.batch("gw-1") == "dt/ac/gw-1/batch"
    assert topics.event("ac-1") == "dt/ac/ac-1/event"
    assert topics.shadow("ac-1", "update") == "$aws/things/ac-1/shadow/update"
    assert topics.shadow("ac-1", "get/accepted") == "$aws/things/ac-1/shadow/get/accepted"


@pytest.mark.parametrize(
    ("filter_", "topic"),
    [
        (topics.TELEMETRY, topics.telemetry("ac:1_-Z")),
        (topics.BATCH, topics.batch("ac:1_-Z")),
        (topics.EVENT, topics.event("ac:1_-Z")),
        (topics.SHADOW_UPDATE, topics.shadow("ac:1_-Z", "update")),
        (topics.SHADOW_GET, topics.shadow("ac:1_-Z", "get")),
        (topics.SHADOW_DELETE, topics.shadow("ac:1_-Z", "delete")),
    ],
)
def test_a_subscription_covers_its_topic_which_names_its_owner(filter_: str, topic: str) -> None:
    assert filter_.replace("+", "ac:1_-Z") == topic
    assert topics.owner(topic) == "ac:1_-Z"


def test_an_answer_of_the_shadow_is_no_request() -> None:
    assert topics.SHADOW_UPDATE.replace("+", "ac-1") != topics.shadow("ac-1", "update/accepted")
