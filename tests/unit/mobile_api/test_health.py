from typing import TYPE_CHECKING

import pytest

from cloud.errors import UnavailableError
from mobile_api.events import drain
from mobile_api.metrics import Metrics

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import World


def test_the_process_lives_and_is_ready(world: "World") -> None:
    assert world.nobody().get("/healthz").json == {"status": "alive"}
    assert world.nobody().get("/readyz").json == {"status": "ready"}


@pytest.mark.parametrize(
    ("store", "method"),
    [("state", "get"), ("state", "transact"), ("readings", "latest"), ("lake", "snapshot")],
)
def test_it_is_not_ready_without_its_stores_but_lives(
    world: "World", monkeypatch: pytest.MonkeyPatch, store: str, method: str
) -> None:
    def fail(*_: object) -> None:
        raise UnavailableError("locked")

    monkeypatch.setattr(type(getattr(world, store)), method, fail)

    assert world.nobody().get("/readyz").status_code == 503
    assert world.nobody().get("/healthz").status_code == 200


def test_stores_are_tried_once_in_a_while_however_often_somebody_asks(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    monkeypatch.setattr(type(world.state), "transact", lambda _, writes: tries.append(writes))

    for _ in range(5):
        assert world.nobody().get("/readyz").status_code == 200

    assert len(tries) == 1


def test_it_is_not_ready_while_it_drains(world: "World") -> None:
    drain(world.app)

    assert world.nobody().get("/readyz").status_code == 503
    assert world.nobody().get("/healthz").status_code == 200


def test_metrics_count_routes_not_paths(world: "World") -> None:
    person = world.sign_up()
    world.device_of(person)
    for path in ("/v1/devices/dev-1", "/v1/devices/dev-2", "/v1/nowhere"):
        person.get(path)

    text = world.nobody().get("/metrics").text

    assert 'api_requests_total{method="GET",route="/v1/devices/<device_id>",status="200"} 1.0' in text
    assert 'api_requests_total{method="GET",route="/v1/devices/<device_id>",status="404"} 1.0' in text
    assert 'api_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert "dev-1" not in text


def test_the_histogram_is_cumulative() -> None:
    metrics = Metrics()
    for duration_s in (0.001, 0.004, 9.0):
        metrics.record("GET", "/", 200, duration_s)

    text = metrics.exposition()

    assert 'api_request_duration_seconds_bucket{le="0.001"} 1.0\n' in text
    assert 'api_request_duration_seconds_bucket{le="0.005"} 2.0\n' in text
    assert 'api_request_duration_seconds_bucket{le="2.5"} 2.0\n' in text
    assert 'api_request_duration_seconds_bucket{le="+Inf"} 3.0\n' in text
    assert "api_request_duration_seconds_sum 9.005\n" in text
    assert "api_request_duration_seconds_count 3.0\n" in text


def test_words_of_strangers_make_no_series(world: "World") -> None:
    for word in ("BREW", "WHEN"):
        world.app.test_client().open("/", method=word)

    assert "BREW" not in (text := world.nobody().get("/metrics").text)
    assert 'api_requests_total{method="other",route="unmatched",status="405"} 2.0' in text
