"""Preflight: what must be true of this machine before anything starts; `doctor` prints the same list."""

import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from infra.local.broker import broker_binary
from infra.local.errors import DataDirectoryError, LocalError, PortTakenError
from infra.local.ingest_lag import lags
from infra.local.run_folder import RunFolder

MIN_FREE_BYTES = 500 * 1024**2
"""Room that the demo needs for broker, log, lake and models, with reserve [bytes]."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port that we want to listen on."""

    number: int
    purpose: str
    setting: str


def require_free_port(port: Port) -> None:
    """Refuse to start beside another program.

    Raises:
        PortTakenError: Somebody listens there.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port.number))
        except OSError as error:
            raise PortTakenError(port.number, port.purpose, port.setting) from error


def next_free_port(first: int) -> int:
    """`first` or the next one above it that nobody listens on."""
    for number in range(first, 65_536):
        try:
            require_free_port(Port(number, "", ""))
        except PortTakenError:
            continue
        return number
    raise PortTakenError(first, "and every port above it", "another number")


def require_data_directory(path: Path) -> None:
    """Make the data directory and be sure that it can hold something.

    Raises:
        DataDirectoryError: It cannot be written, or there is no room.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".probe"
        probe.write_bytes(b"x")
        probe.unlink()
        free = shutil.disk_usage(path).free
    except OSError as error:
        raise DataDirectoryError(str(path), error.strerror or str(error)) from error
    if free < MIN_FREE_BYTES:
        why = f"only {free // 1024**2} MB are free, {MIN_FREE_BYTES // 1024**2} MB are needed"
        raise DataDirectoryError(str(path), why)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `doctor`; `problem` is None when all is well, and `fact` is what was found."""

    check: str
    problem: str | None
    fact: str = ""

    def __str__(self) -> str:
        """What is said of the check."""
        return self.problem or ("ok" if not self.fact else f"ok ({self.fact})")


def examine(data_dir: Path, ports: Sequence[Port]) -> Iterator[Finding]:
    """Every check, one after the other, also when one fails; an `ac-advisor` that runs here has its ports."""
    checks: list[tuple[str, Callable[[], object]]] = [
        ("broker binary", broker_binary),
        (f"data directory {data_dir}", partial(require_data_directory, data_dir)),
    ]
    holder = RunFolder(data_dir).holder()
    if holder is None:
        checks += [
            (f"port {port.number} ({port.purpose})", partial(require_free_port, port)) for port in ports
        ]
    else:
        yield Finding("ac-advisor", None, f"runs here as process {holder}")
    for name, check in checks:
        try:
            check()
        except LocalError as error:
            yield Finding(name, str(error))
        else:
            yield Finding(name, None)
    for worker, problem in lags(data_dir):
        yield Finding(f"worker {worker}", problem)
