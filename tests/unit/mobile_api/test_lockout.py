"""Guessing is slow, nobody is shut out for long, and no answer tells who has an account."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.adapters.memory_state import MemoryStateStore
from cloud.errors import ConflictError
from mobile_api.errors import TooManyAttemptsError
from mobile_api.lockout import (
    LONGEST_WAIT,
    Count,
    count_attempt,
    remember_source,
    sign_in_counts,
    take_back,
    wait_after,
)
from tests.unit.mobile_api.conftest import PASSWORD, T0, Clock

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld, Reply, World

ANN, HOME = "ann@example.org", "198.51.100.7"
A_DAY_OF_GUESSES = 20 + 10 + 24 * 4
"""Free ones, those of the doubling waits (1 s to 512 s), one each quarter of an hour."""


def _heard(state: MemoryStateStore, source: str, now: datetime, *, right: bool = False) -> bool:
    """One attempt to sign in as Ann; whether it was looked at."""
    counts = sign_in_counts(state, ANN, source)
    try:
        count_attempt(state, counts, now)
    except TooManyAttemptsError:
        return False
    if right:
        take_back(state, counts, now)
        remember_source(state, ANN, source, now)
    return True


_attempts = st.lists(
    st.tuples(st.sampled_from(["203.0.113.1", "203.0.113.2", "203.0.113.3"]), st.integers(0, 2000)),
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(_attempts)
def test_where_she_has_signed_in_before_nothing_done_elsewhere_shuts_her_out(
    attempts: list[tuple[str, int]],
) -> None:
    clock = Clock()
    state = MemoryStateStore(clock)
    assert _heard(state, HOME, clock.at, right=True)

    for source, pause_s in attempts:
        clock.forward(seconds=pause_s)
        _heard(state, source, clock.at)
        assert _heard(state, HOME, clock.at, right=True)


@settings(max_examples=40, deadline=None)
@given(_attempts)
def test_from_a_new_place_she_waits_a_quarter_of_an_hour_at_most_once_it_is_quiet(
    attempts: list[tuple[str, int]],
) -> None:
    clock = Clock()
    state = MemoryStateStore(clock)
    for source, pause_s in attempts:
        clock.forward(seconds=pause_s)
        _heard(state, source, clock.at)

    clock.at += LONGEST_WAIT

    assert _heard(state, "192.0.2.9", clock.at, right=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 200), st.integers(1, 900))
def test_a_day_of_guesses_from_everywhere_is_bounded(sources: int, pause_s: int) -> None:
    clock = Clock()
    state = MemoryStateStore(clock)
    heard = 0
    for n in range(min(400, 24 * 3600 // pause_s)):
        heard += _heard(state, f"203.0.113.{n % sources}", clock.at)
        clock.forward(seconds=pause_s)

    assert heard <= A_DAY_OF_GUESSES


@given(st.integers(0, 10**6), st.integers(1, 50))
def test_waits_never_shrink_with_failures_and_end_at_the_longest(failures: int, free: int) -> None:
    count = Count("x", free)

    assert wait_after(failures, count) <= wait_after(failures + 1, count) <= LONGEST_WAIT
    assert (wait_after(failures, count) == timedelta(0)) == (failures < free)


def test_a_count_may_wait_longer_at_first_and_forget_sooner() -> None:
    clock = Clock()
    state, window = MemoryStateStore(clock), timedelta(minutes=10)
    count = Count("codes", free=2, first_wait=window, forgotten_after=window)
    for _ in range(3):  # after each wait it begins anew
        count_attempt(state, [count], clock.at)
        count_attempt(state, [count], clock.at)
        clock.forward(minutes=9)
        with pytest.raises(TooManyAttemptsError) as refused:
            count_attempt(state, [count], clock.at)
        assert refused.value.retry_after_s == 60
        clock.forward(minutes=1)


def test_waiting_is_not_prolonged_by_attempts_that_are_not_heard() -> None:
    clock = Clock()
    state = MemoryStateStore(clock)
    for _ in range(5):
        assert _heard(state, HOME, clock.at)

    assert not any(_heard(state, HOME, clock.at) for _ in range(100))

    clock.forward(seconds=1)  # the first wait, though a hundred more were tried
    assert _heard(state, HOME, clock.at)


class _Racing(MemoryStateStore):
    """Somebody else always writes first."""

    def transact(self, writes: Any) -> None:  # noqa: ANN401 (the port's)
        raise ConflictError(writes[0].pk, writes[0].sk)


def test_attempts_at_the_same_moment_cannot_outrun_the_count() -> None:
    state = _Racing(Clock())

    with pytest.raises(TooManyAttemptsError):
        count_attempt(state, [Count("x", free=5)], T0)


def _sign_in(world: "World", email: str, password: str, source: str = HOME) -> "Reply":
    form = {"email": email, "password": password}
    return world.app.test_client().post("/login", data=form, environ_base={"REMOTE_ADDR": source})


def test_a_right_password_is_not_heard_while_one_waits_and_is_a_second_later(world: "World") -> None:
    world.sign_up(ANN)
    for _ in range(5):
        assert _sign_in(world, ANN, "a wrong one").status_code == 401

    refused = _sign_in(world, ANN, PASSWORD)
    world.clock.forward(seconds=1)

    assert refused.status_code == 429
    assert "Too many attempts" in refused.text
    assert _sign_in(world, ANN, PASSWORD).status_code == 303


def test_an_app_is_told_when_to_try_again(world: "World") -> None:
    world.sign_up(ANN)
    form = {
        "response_type": "code",
        "client_id": "ac-advisor-app",
        "redirect_uri": "http://127.0.0.1:4000/callback",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "email": ANN,
        "password": "a wrong one",
    }
    answers = [
        world.nobody().post("/oauth/authorize", data=form, headers={"Accept": "application/json"})
        for _ in range(7)
    ]

    assert answers[-1].status_code == 429
    assert answers[-1].mimetype == "application/problem+json"
    assert answers[-1].headers["Retry-After"] == "1"


def test_an_unknown_address_is_answered_counted_and_worked_for_like_a_known_one(world: "World") -> None:
    world.sign_up(ANN)
    seen: dict[str, list[tuple[int, str, int]]] = {}
    for email, source in ((ANN, "203.0.113.1"), ("eve@example.org", "203.0.113.2")):
        seen[email] = []
        for _ in range(12):
            before = sum(row.version for row in world.state._rows.values())
            answer = _sign_in(world, email, "a wrong one", source)
            writes = sum(row.version for row in world.state._rows.values()) - before
            seen[email].append((answer.status_code, answer.text.replace(email, ""), writes))
            world.clock.forward(milliseconds=700)

    assert seen[ANN] == seen["eve@example.org"]
    assert {status for status, _, _ in seen[ANN]} == {401, 429}


def test_signing_up_with_an_address_in_use_is_answered_alike_and_its_person_is_told(
    make_world: "MakeWorld",
) -> None:
    world = make_world(email_check="required")
    first = world.nobody().post("/v1/accounts", json={"email": ANN, "password": PASSWORD})
    world.flush_post()
    second = world.nobody().post(
        "/v1/accounts", json={"email": " Ann@Example.org".strip(), "password": "another one!"}
    )
    world.flush_post()

    assert first.status_code == second.status_code == 201
    assert set(first.json) == set(second.json)
    assert first.json["account_id"] != second.json["account_id"]
    assert {name: first.headers[name] for name in ("Location", "Content-Length")} == {
        name: second.headers[name] for name in ("Location", "Content-Length")
    }
    subjects = [mail.subject for mail in world.mailer.sent]
    assert subjects == ["Confirm your address · ac-advisor", "You have an account already · ac-advisor"]
    # Neither the new password nor, before the address is confirmed, the old one tells anything.
    wrong, unconfirmed = _sign_in(world, ANN, "another one!"), _sign_in(world, ANN, PASSWORD)
    assert (wrong.status_code, wrong.text) == (unconfirmed.status_code, unconfirmed.text) == (401, wrong.text)


def test_only_what_our_own_proxies_say_of_a_source_is_believed(make_world: "MakeWorld") -> None:
    world = make_world(trusted_proxies=1)
    world.sign_up(ANN)

    def attempt(forwarded: str) -> int:
        form = {"email": ANN, "password": "a wrong one"}
        status: int = (
            world.app.test_client()
            .post("/login", data=form, headers={"X-Forwarded-For": forwarded})
            .status_code
        )
        return status

    spoofed = [attempt(f"10.0.0.{n}, 203.0.113.5") for n in range(7)]

    assert spoofed[-1] == 429
    assert attempt("203.0.113.6") == 401
