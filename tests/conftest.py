"""Fixtures that every suite may use."""

import gc
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.contract import Telemetry
from infra.local.broker import ACK_WAIT_S, Broker, BrokerSettings, BrokerTls, Identity, free_ports

if TYPE_CHECKING:
    from cloud.adapters.dynamodb_state import DynamoDbStateStore
    from cloud.adapters.s3_files import S3Files


class Folders(BaseSettings):
    """Where measured data and recorded payloads are."""

    model_config = SettingsConfigDict(env_prefix="AC_ADVISOR_", extra="ignore")

    data: Path | None = None
    dialects: Path | None = None


SERVER_START_S = 30.0

SLOW_TIMEOUT_S = 1800
"""What a slow test may take, as any part of `make slow` [s]. An alarm that goes off before, while hypothesis
draws, looks like data that cannot be drawn again (`FlakyStrategyDefinition`)."""

MakeBroker = Callable[..., Broker]
MakeTelemetry = Callable[..., Telemetry]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end: the collector of garbage need not look at it again.

    Else it does so dozens of times, and an eighth of the time of quick tests goes into it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """At the end it may look at all again: modules that count what they have made find nothing left."""
    gc.unfreeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests have their own time, unless they say another one."""
    for item in items:
        if item.get_closest_marker("slow") is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_S))


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """The folder of the measured data sets, or a skip."""
    folder = Folders().data
    if folder is None:
        pytest.skip("AC_ADVISOR_DATA is not set: the measured data sets are not here")
    return folder


@pytest.fixture(scope="session")
def dialects_directory() -> Path:
    """The folder of payloads recorded from true devices, or a skip."""
    folder = Folders().dialects
    if folder is None:
        pytest.skip("AC_ADVISOR_DIALECTS is not set: the recorded payloads are not here")
    return folder


@pytest.fixture
def make_telemetry() -> MakeTelemetry:
    """Build a good reading; a test changes the one field that it is about."""

    def make(**changes: object) -> Telemetry:
        good = {
            "device_id": "dev-1",
            "sampled_at": datetime(2025, 7, 1, 12, 0, tzinfo=UTC),
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 25.5,
        }
        return Telemetry.model_validate(good | changes)

    return make


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[MakeBroker]:
    """Start a real broker for the given identities on free loopback ports; it is stopped after the test."""
    started: list[Broker] = []

    def make(*identities: Identity, tls: BrokerTls | None = None, ack_wait_s: float = ACK_WAIT_S) -> Broker:
        mqtt, client, monitor = free_ports(3)
        directory = tmp_path / f"broker-{len(started)}"
        settings = BrokerSettings(directory, mqtt, client, monitor, tls=tls, ack_wait_s=ack_wait_s)
        broker = Broker(settings, identities)
        broker.start()
        started.append(broker)
        return broker

    yield make
    for broker in started:
        broker.stop()


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of one's own, and what it issues."""

    directory: Path
    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    @property
    def ca_file(self) -> Path:
        """Its own certificate."""
        return self.directory / "ca.pem"

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate for a DNS name, also good on loopback, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
        certificate = _certificate(name, key.public_key(), self.name).add_extension(
            x509.SubjectAlternativeName(alternatives), critical=False
        )
        cert_file, key_file = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        cert_file.write_bytes(certificate.sign(self.key, SHA256()).public_bytes(Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        return cert_file, key_file

    def broker_tls(self) -> BrokerTls:
        """What a broker needs to ask for certificates."""
        return BrokerTls(self.ca_file, *self.issue("localhost"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority, made in the test."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = Authority(tmp_path, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")]), key)
    own = _certificate("test authority", key.public_key(), made.name)
    own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made.ca_file.write_bytes(own.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return made


def _certificate(subject: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An AWS of one's own: moto's server in a process of its own, with nobody's credentials."""
    (port,) = free_ports(1)
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("moto_server.py")), str(port)]
    nowhere = subprocess.DEVNULL
    with (
        pytest.MonkeyPatch.context() as patched,
        subprocess.Popen(command, stdout=nowhere, stderr=nowhere) as moto,
    ):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "nobody")
        patched.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patched.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")  # nothing goes to AWS itself
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            moto.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + SERVER_START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def make_s3_files(s3_endpoint: str) -> "Iterator[Callable[[], S3Files]]":
    """More and more clients of one new bucket."""
    from cloud.adapters.s3_files import s3_files  # noqa: PLC0415 (boto3 takes its time; few tests need it)
    from tests.moto_account import make_bucket  # noqa: PLC0415 (the same)

    bucket = f"lake-{uuid4()}"
    made = [s3_files(f"s3://{bucket}/telemetry", s3_endpoint)]
    make_bucket(made[0].client, bucket)

    def make() -> "S3Files":
        made.append(s3_files(f"s3://{bucket}/telemetry", s3_endpoint))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def make_dynamodb_state(
    s3_endpoint: str,
) -> "Iterator[Callable[[Callable[[], datetime]], DynamoDbStateStore]]":
    """More and more stores by the given clocks, each in a new table."""
    from cloud.adapters.dynamodb_state import dynamodb_state  # noqa: PLC0415 (as above)

    made: list[DynamoDbStateStore] = []

    def make(now: Callable[[], datetime]) -> "DynamoDbStateStore":
        table = f"state-{uuid4()}"
        made.append(dynamodb_state(table, now))
        made[-1].client.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        return made[-1]

    yield make
    for each in made:
        each.close()
