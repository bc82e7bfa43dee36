"""`python -m edge`: run the gateway until SIGTERM or SIGINT; `python -m edge claim`: show its claim code."""

import logging
import signal
import socket
import sys

import structlog
from pydantic import ValidationError

from edge.config import EdgeSettings
from edge.contract import ClaimCode
from edge.contract.telemetry import describe
from edge.errors import EdgeError
from edge.wiring.claim import ask_for_code
from edge.wiring.process import Edge


def main() -> int:
    """Serve; 0 after a signal, 2 with one line when the settings or the disk are at fault."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    try:
        if sys.argv[1:] == ["claim"]:
            return _show_code(ask_for_code(EdgeSettings()))
        edge = Edge(EdgeSettings())
    except ValidationError as error:
        print(f"EDGE_{describe(error)}", file=sys.stderr)  # noqa: T201 (a command's answer)
        return 2
    except EdgeError as error:
        print(error, file=sys.stderr)  # noqa: T201 (likewise)
        return 2
    wait = _signals()
    edge.start()
    wait.recv(1)
    edge.stop()
    return 0


def _show_code(claim: ClaimCode) -> int:
    until = "" if claim.expires_at is None else f", good until {claim.expires_at:%H:%M} UTC"
    print("the gateway is in a home already" if claim.code is None else claim.code + until)  # noqa: T201 (the answer)
    return 0


def _signals() -> socket.socket:
    """A socket that can be read once somebody wants this process to end."""
    receiver, sender = socket.socketpair()
    sender.settimeout(0)  # a full socket must not stop a signal
    signal.set_wakeup_fd(sender.detach())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return receiver


if __name__ == "__main__":
    sys.exit(main())
