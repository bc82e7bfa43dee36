"""Tiny processes that do as they are told, and a supervisor that looks after them."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.restart_budget import RestartPolicy
from infra.local.run_folder import RunFolder
from infra.local.supervisor import Supervisor, Worker

TINY = """
import pathlib, signal, sys, time

home, name = pathlib.Path(sys.argv[1]), sys.argv[2]
ready = home / f"{name}.ready"


def note(what):
    with (home / "diary").open("a") as diary:
        diary.write(f"{what} {name}\\n")


def end(*_):
    note("ended")
    sys.exit(0)


mode = (home / f"{name}.mode").read_text()
if mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "serve":
    signal.signal(signal.SIGTERM, end)
note("began")
if mode == "crash":
    sys.exit("no room for the spool")
if mode != "hang":
    ready.touch()
time.sleep(600)
"""
"""Does what the file `<name>.mode` says when it begins: serve, serve and be deaf to SIGTERM, hang before it
serves, or crash."""

QUICK = RestartPolicy(most=3, window_s=600.0, first_pause_s=0.01, longest_pause_s=0.01)


@dataclass(frozen=True)
class Household:
    """Tiny workers below one folder.

    Attributes:
        home: Their folder.
    """

    home: Path

    def worker(self, name: str, mode: str = "serve") -> Worker:
        self.tell(name, mode)
        (self.home / "tiny.py").write_text(TINY)
        return Worker(
            name,
            ("tiny", str(self.home), name),
            {"PYTHONPATH": str(self.home)},
            self.home / f"{name}.ready",
            self.home / f"{name}.log",
        )

    def tell(self, name: str, mode: str) -> None:
        """What `name` does when it is started next."""
        (self.home / f"{name}.mode").write_text(mode)

    def diary(self) -> list[str]:
        path = self.home / "diary"
        return path.read_text().splitlines() if path.exists() else []

    def starts(self, name: str) -> int:
        return self.diary().count(f"began {name}")


@pytest.fixture
def household(tmp_path: Path) -> Household:
    return Household(tmp_path)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    supervisors: list[Supervisor] = []

    def make(
        workers: Sequence[Worker],
        policy: RestartPolicy = QUICK,
        clock: Callable[[], float] = time.monotonic,
    ) -> Supervisor:
        supervisors.append(Supervisor(workers, RunFolder(tmp_path), policy, clock))
        return supervisors[-1]

    yield make
    for supervisor in supervisors:
        supervisor.stop()
