"""An authority of our own that signs as Amazon does, so that each attack can be made."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mobile_api.voice.alexa_signature import NAME

CHAIN_URL = "https://s3.amazonaws.com/echo.api/echo-api-cert-12.pem"
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Party:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    def sign(self, body: bytes) -> str:
        return base64.b64encode(self.key.sign(body, PKCS1v15(), SHA256())).decode()


def issue(name: str, issuer: Party | None, *, is_ca: bool, until: datetime = UNTIL) -> Party:
    """A certificate for `name`; self-signed without an issuer."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing = key if issuer is None else issuer.key
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=not is_ca,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder(subject if issuer is None else issuer.certificate.subject, subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SINCE)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    if not is_ca:
        extended = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(extended, critical=False)
    return Party(builder.sign(signing, SHA256()), key)


@dataclass(frozen=True, slots=True)
class Authority:
    """A root, an intermediate, and leaves of several kinds."""

    root: Party
    middle: Party
    leaf: Party
    wrong_name: Party
    expired: Party

    def chain(self, leaf: Party | None = None) -> bytes:
        return pem([(leaf or self.leaf).certificate, self.middle.certificate])


@cache
def authority() -> Authority:
    root = issue("root.example", None, is_ca=True)
    middle = issue("middle.example", root, is_ca=True)
    return Authority(
        root,
        middle,
        issue(NAME, middle, is_ca=False),
        issue("echo-api.amazon.com.example.org", middle, is_ca=False),
        issue(NAME, middle, is_ca=False, until=SINCE + timedelta(days=30)),
    )


def pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
