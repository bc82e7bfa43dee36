"""A process of the cloud under test: started until it is ready, and ended or killed."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.waiting import wait_for

TIMEOUT_S = 25.0


@dataclass
class CloudProcess:
    """`python -m cloud ROLE` on a broker, as the service `cloud`.

    Attributes:
        role: What it does.
        data_dir: Its data directory.
        port: Of the broker.
        settings: What else it is told by its environment.
        name: Of its files below `run/`.
    """

    role: str
    data_dir: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict[str, str])
    name: str = ""
    process: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> None:
        environment = {
            "CLOUD_DATA_DIR": str(self.data_dir),
            "CLOUD_MQTT_PORT": str(self.port),
            "CLOUD_MQTT_PASSWORD": "cloud-password",
        }
        self.ready_file.unlink(missing_ok=True)  # one that was killed has left it
        command = [sys.executable, "-m", "cloud", self.role]
        self.process = subprocess.Popen(command, env=environment | self.settings | settings)
        wait_for(self.ready_file.exists)

    def end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        status = self.process.wait(TIMEOUT_S)
        self.process = None
        return status

    def end_at_last(self) -> None:
        """End it however its test has left it."""
        if self.process is not None:
            self.end(signal.SIGKILL)

    @property
    def ready_file(self) -> Path:
        return self.data_dir / "run" / f"{self.name or self.role}.ready"

    @property
    def status(self) -> dict[str, Any]:
        path = self.data_dir / "run" / f"{self.name or self.role}.status.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}
