"""So many requests a minute, told beforehand, in bounded memory."""

import re
from typing import TYPE_CHECKING

import pytest

from mobile_api import rate_limits
from mobile_api.app import all_operations
from mobile_api.rate_limits import Buckets

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld


def test_the_quota_is_there_at_once_and_comes_back_evenly() -> None:
    now = [0.0]
    buckets = Buckets("account", 6, clock=lambda: now[0])  # one in 10 s

    taken = [buckets.take("ann") for _ in range(7)]

    assert [standing.remaining for standing in taken] == [5, 4, 3, 2, 1, 0, 0]
    assert [standing.retry_after_s for standing in taken] == [0] * 6 + [10]
    assert taken[5].reset_s == 60
    now[0] = 9.9
    assert buckets.take("ann").retry_after_s == 1
    now[0] = 10.0
    assert buckets.take("ann").retry_after_s == 0
    assert buckets.take("ann").retry_after_s == 10
    assert buckets.take("bob").remaining == 5


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "MAX_KEYS", 100)
    buckets = Buckets("address", 60)

    for number in range(1000):
        buckets.take(str(number))

    assert len(buckets._full_at) == 100


def test_an_account_is_told_and_then_refused(make_world: "MakeWorld") -> None:
    world = make_world(rate_per_minute=3)
    person, other = world.sign_up(), world.sign_up()

    answers = [person.get("/v1/homes") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"account";q=3;w=60'
    assert answers[0].headers["RateLimit"] == '"account";r=2;t=20'
    refused = answers[3]
    assert refused.mimetype == "application/problem+json"
    assert refused.headers["RateLimit"].startswith('"account";r=0;t=')
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert other.get("/v1/homes").status_code == 200


def test_junk_tokens_use_up_their_address_and_nobody_elses(make_world: "MakeWorld") -> None:
    world = make_world(anonymous_rate_per_minute=10)
    person = world.sign_up()  # three requests of nobody
    junk = {"Authorization": "Bearer junk"}

    answers = [world.nobody().get("/v1/homes", headers=junk).status_code for _ in range(9)]

    assert answers == [401] * 7 + [429] * 2
    assert person.get("/v1/homes").status_code == 200  # of the same address, but known
    assert world.nobody().get("/healthz").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert world.nobody().get("/v1/homes", headers=junk, environ_base=elsewhere).status_code == 401


FREE = {"show_health", "show_readiness", "show_metrics"}
VENDORS = {"answer_alexa_directive", "answer_google"}
"""Their servers ask for everybody: what is counted is the account of the token inside."""


def test_every_answer_says_how_its_client_stands(make_world: "MakeWorld") -> None:
    """Also those of paths and methods that there are not; probes and static files cost nothing."""
    nobody = make_world(anonymous_rate_per_minute=10_000).nobody()
    asked = [(each.name, each.method, re.sub("<.*?>", "x", each.path)) for each in all_operations()]
    others = [("", "GET", "/openapi.json"), ("", "GET", "/v1/nowhere"), ("", "PATCH", "/v1/homes")]

    silent = set()
    for name, method, path in [*asked, *others]:
        with nobody.call(method, path) as answer:
            if "RateLimit" not in answer.headers:
                silent.add(name or f"{method} {path}")

    assert silent == FREE | VENDORS


def test_who_asks_for_what_there_is_not_is_refused_at_last(make_world: "MakeWorld") -> None:
    nobody = make_world(anonymous_rate_per_minute=3).nobody()

    answers = [nobody.get(f"/v1/nowhere/{number}") for number in range(4)]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert answers[3].mimetype == "application/problem+json"
    assert int(answers[3].headers["Retry-After"]) >= 1
    assert nobody.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("addresses", "same"),
    [
        (("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"), True),
        (("2001:db8:0:1::1", "2001:db8:0:2::1"), False),
        (("192.0.2.1", "192.0.2.2"), False),
    ],
)
def test_a_network_of_ipv6_is_one_client(
    make_world: "MakeWorld", addresses: tuple[str, str], *, same: bool
) -> None:
    nobody = make_world(anonymous_rate_per_minute=1).nobody()

    answers = [nobody.get("/v1/homes", environ_base={"REMOTE_ADDR": address}) for address in addresses]

    assert [answer.status_code for answer in answers] == [401, 429 if same else 401]


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [401, 429]), (1, [401, 401])])
def test_only_a_trusted_proxy_says_who_asks(
    make_world: "MakeWorld", proxies: int, statuses: list[int]
) -> None:
    nobody = make_world(anonymous_rate_per_minute=1, trusted_proxies=proxies).nobody()

    answers = [nobody.get("/v1/homes", headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in (1, 2)]

    assert [answer.status_code for answer in answers] == statuses
