"""Who may speak for Alexa: the true chain of Amazon's, and every way of pretending."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from mobile_api.voice.alexa_signature import (
    MAX_CHAINS,
    AlexaSignatures,
    UnprovenRequestError,
    believe,
    check_address,
    public_roots,
    read_chain,
)
from mobile_api.voice.outbound import Call, Reply
from tests.unit.mobile_api.voice.alexa_schema import needs_validators, validators
from tests.unit.mobile_api.voice.signed_requests import CHAIN_URL, UNTIL, authority, issue, pem

AT = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
BODY = b'{"version":"1.0"}'


def signatures(chain: bytes, at: datetime = AT, calls: list[Call] | None = None) -> AlexaSignatures:
    def fetch(call: Call) -> Reply:
        if calls is not None:
            calls.append(call)
        return Reply(200, chain)

    return AlexaSignatures(fetch, lambda: at, lambda: [authority().root.certificate])


def test_what_amazon_has_signed_is_believed_and_its_chain_is_fetched_once() -> None:
    calls: list[Call] = []
    checker = signatures(authority().chain(), calls=calls)

    for _ in range(3):
        checker.check(BODY, CHAIN_URL, authority().leaf.sign(BODY))

    assert [call.url for call in calls] == [CHAIN_URL]


def test_an_altered_byte_is_seen() -> None:
    signature = authority().leaf.sign(BODY)

    for wrong in (BODY.replace(b"1", b"2"), BODY + b" "):
        with pytest.raises(UnprovenRequestError, match="signature"):
            signatures(authority().chain()).check(wrong, CHAIN_URL, signature)
    for other in ("", "!!", signature[:-8], authority().middle.sign(BODY)):
        with pytest.raises(UnprovenRequestError, match="sign"):
            signatures(authority().chain()).check(BODY, CHAIN_URL, other)


def test_a_chain_that_is_not_good_is_refused() -> None:
    own, stranger = authority(), issue("root.example", None, is_ca=True)
    self_signed = issue("echo-api.amazon.com", None, is_ca=False)
    bad = {
        "leaf only": (pem([own.leaf.certificate]), own.leaf),
        "an authority as leaf": (pem([own.middle.certificate]), own.middle),
        "wrong name": (own.chain(own.wrong_name), own.wrong_name),
        "expired": (own.chain(own.expired), own.expired),
        "self-signed": (pem([self_signed.certificate]), self_signed),
        "another root": (
            pem([issue("echo-api.amazon.com", stranger, is_ca=False).certificate, stranger.certificate]),
            own.leaf,
        ),
        "no certificate": (b"hello", own.leaf),
        "too many": (pem([own.leaf.certificate] * 9), own.leaf),
    }
    believed: list[str] = []
    for why, (chain, signer) in bad.items():
        with suppress(UnprovenRequestError):
            signatures(chain).check(BODY, CHAIN_URL, signer.sign(BODY))
            believed.append(why)

    assert believed == []


def test_a_kept_chain_ends_with_its_certificate() -> None:
    at = UNTIL - timedelta(seconds=1)
    checker = AlexaSignatures(
        lambda _: Reply(200, authority().chain()), lambda: at, lambda: [authority().root.certificate]
    )
    checker.check(BODY, CHAIN_URL, authority().leaf.sign(BODY))

    at = UNTIL + timedelta(seconds=1)
    with pytest.raises(UnprovenRequestError, match="certificate is not good"):
        checker.check(BODY, CHAIN_URL, authority().leaf.sign(BODY))


def test_few_chains_are_kept() -> None:
    checker = signatures(authority().chain())
    for number in range(3 * MAX_CHAINS):
        url = CHAIN_URL.replace("12", str(number))
        checker.check(BODY, url, authority().leaf.sign(BODY))

    assert len(checker._signers) == MAX_CHAINS


@pytest.mark.parametrize(
    "address",
    [
        "https://s3.amazonaws.com/echo.api/echo-api-cert.pem",
        "https://s3.amazonaws.com:443/echo.api/echo-api-cert.pem",
        "HTTPS://S3.amazonaws.com/echo.api/echo-api-cert.pem",
    ],
)
def test_amazons_places(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://s3.amazonaws.com/echo.api/echo-api-cert.pem",
        "https://notamazon.com/echo.api/echo-api-cert.pem",
        "https://s3.amazonaws.com.evil.example/echo.api/cert.pem",
        "https://s3.amazonaws.com:563/echo.api/echo-api-cert.pem",
        "https://s3.amazonaws.com:0/echo.api/echo-api-cert.pem",
        "https://s3.amazonaws.com:x/echo.api/echo-api-cert.pem",
        "https://s3.amazonaws.com/EcHo.aPi/echo-api-cert.pem",
        "https://s3.amazonaws.com/invalid.path/echo-api-cert.pem",
        "https://s3.amazonaws.com/echo.api/../mine/cert.pem",
        "https://s3.amazonaws.com/echo.api/%2e%2e/mine/cert.pem",
        "https://s3.amazonaws.com/echo.api/%2E./mine/cert.pem",
        "https://s3.amazonaws.com/echo.api//cert.pem",
        "https://s3.amazonaws.com/echo.api/cert.pem?x=1",
        "https://s3.amazonaws.com/echo.api/cert.pem#x",
        "https://user@s3.amazonaws.com/echo.api/cert.pem",
        "https://s3.amazonaws.com\\@evil.example/echo.api/cert.pem",
        "https://s3.amazonaws.com/echo.api/\ncert.pem",
        "https://s3.amazonaws.com/echo.api/" + "x" * 600,
        "https://[::1/echo.api/",
    ],
)
def test_other_places(address: str) -> None:
    with pytest.raises(UnprovenRequestError):
        check_address(address)


@needs_validators
def test_amazons_true_chain_is_good_in_its_time_and_not_after() -> None:
    chain = read_chain((validators() / "alexa-cert" / "echo-api-cert-7.pem").read_bytes())

    believe(chain, public_roots(), datetime(2019, 12, 1, tzinfo=UTC))  # valid 2019-05-22..2020-05-15
    for at in (datetime(2019, 5, 1, tzinfo=UTC), datetime(2020, 5, 16, tzinfo=UTC)):
        with pytest.raises(UnprovenRequestError):
            believe(chain, public_roots(), at)
    for wrong in (chain[:1], chain[1:], chain[2:]):  # leaf only; an authority as leaf
        with pytest.raises(UnprovenRequestError):
            believe(wrong, public_roots(), datetime(2019, 12, 1, tzinfo=UTC))
