"""Signatures: whether a request to the skill is Amazon's own; asked of the raw body, before it is parsed.

Amazon signs the body (`Signature-256`, RSA with SHA-256) by a certificate for `echo-api.amazon.com`, and says
where its chain is. Who could name another place, or a certificate of their own, could speak for everybody.
https://developer.amazon.com/docs/custom-skills/host-a-custom-skill-as-a-web-service.html
"""

import base64
import binascii
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from mobile_api.errors import MalformedRequestError
from mobile_api.voice.outbound import Call, Transport, VendorUnreachableError

NAME: Final = "echo-api.amazon.com"
"""Whom the certificate has to be for."""

MAX_CHAINS: Final = 8
"""Chains that are kept; Amazon uses one at a time."""

MAX_CERTIFICATES: Final = 8
"""No chain is longer."""

_HOST: Final = "s3.amazonaws.com"
_PATH: Final = "/echo.api/"
_MAX_URL: Final = 512


class UnprovenRequestError(MalformedRequestError):
    """It is not shown that the request is Amazon's: 400, as Amazon's certification wants it."""


@dataclass(frozen=True, slots=True)
class _Signer:
    """A key that was believed, and until when."""

    key: RSAPublicKey
    until: datetime


@dataclass(slots=True)
class AlexaSignatures:
    """Checks signatures; chains are fetched once and kept while they are valid.

    Attributes:
        fetch: Gets a chain from its address.
        now: The wall clock (UTC).
        roots: Whom to believe; tests have their own.
    """

    fetch: Transport
    now: Callable[[], datetime]
    roots: Callable[[], Sequence[x509.Certificate]]
    _signers: OrderedDict[str, _Signer] = field(init=False, default_factory=OrderedDict[str, _Signer])
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def check(self, body: bytes, chain_url: str | None, signature: str | None) -> None:
        """Whether Amazon has signed `body`.

        Args:
            body: As it came, not parsed.
            chain_url: Header `SignatureCertChainUrl`.
            signature: Header `Signature-256`.

        Raises:
            UnprovenRequestError: It has not, or that cannot be found out.
        """
        if not chain_url or not signature:
            raise UnprovenRequestError("the request is not signed")
        check_address(chain_url)
        key = self._key(chain_url)
        try:
            key.verify(base64.b64decode(signature, validate=True), body, PKCS1v15(), SHA256())
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise UnprovenRequestError("the signature is not that of the body") from error

    def _key(self, chain_url: str) -> RSAPublicKey:
        """The key of a chain; one thread fetches, others wait for it and find it kept."""
        now, kept = self.now(), self._signers.get(chain_url)
        if kept is not None and now < kept.until:
            return kept.key
        with self._lock:
            kept = self._signers.get(chain_url)
            if kept is not None and now < kept.until:
                return kept.key
            signer = believe(self._fetch_chain(chain_url), self.roots(), now)
            self._signers[chain_url] = signer
            while len(self._signers) > MAX_CHAINS:
                self._signers.popitem(last=False)
            return signer.key

    def _fetch_chain(self, chain_url: str) -> list[x509.Certificate]:
        try:
            reply = self.fetch(Call("GET", chain_url))
        except VendorUnreachableError as error:
            raise UnprovenRequestError("the certificate cannot be had") from error
        if not reply.is_ok:
            raise UnprovenRequestError("the certificate cannot be had")
        return read_chain(reply.body)


def check_address(chain_url: str) -> None:
    """Refuse a place that is not Amazon's bucket; what could be read in two ways is refused, not repaired.

    Raises:
        UnprovenRequestError: It is another place.
    """
    try:
        parts = urlsplit(chain_url)
        port = parts.port
    except ValueError as error:
        raise UnprovenRequestError("the certificate's address cannot be read") from error
    is_plain = chain_url.isascii() and chain_url.isprintable() and not set(chain_url) & set("%@?#\\ ;")
    is_amazons = (parts.scheme.lower(), (parts.hostname or "").lower(), port or 443) == ("https", _HOST, 443)
    segments = parts.path.split("/")
    is_there = parts.path.startswith(_PATH) and not {".", ".."} & set(segments) and "" not in segments[1:]
    if not (is_plain and is_amazons and is_there and port != 0 and len(chain_url) <= _MAX_URL):
        raise UnprovenRequestError("the certificate is not where Amazon keeps it")


def read_chain(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM file, the leaf first.

    Raises:
        UnprovenRequestError: They cannot be read.
    """
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise UnprovenRequestError("the certificate cannot be read") from error
    if not 1 <= len(chain) <= MAX_CERTIFICATES:
        raise UnprovenRequestError("the certificate cannot be read")
    return chain


def believe(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime) -> _Signer:
    """The key of the leaf, if the chain leads to a root at that instant and is for Amazon's name.

    Raises:
        UnprovenRequestError: It does not.
    """
    policy = PolicyBuilder().store(Store(list(roots))).time(at.astimezone(UTC).replace(tzinfo=None))
    try:
        path = policy.build_server_verifier(x509.DNSName(NAME)).verify(chain[0], list(chain[1:]))
    except (VerificationError, ValueError) as error:
        raise UnprovenRequestError("the certificate is not good") from error
    key = chain[0].public_key()
    if not isinstance(key, RSAPublicKey):
        raise UnprovenRequestError("the certificate has a key of another kind")
    return _Signer(key, min(each.not_valid_after_utc for each in path))


@cache
def public_roots() -> Sequence[x509.Certificate]:
    """The roots that browsers believe (Mozilla's, by certifi)."""
    with warnings.catch_warnings():  # one of them has a serial number of 0
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
