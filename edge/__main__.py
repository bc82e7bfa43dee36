"""`python -m edge`: run the gateway until SIGTERM or SIGINT.

`python -m edge claim` shows its claim code; `python -m edge home-assistant` shows the devices of an account
in Home Assistant, and `python -m edge home-assistant login` signs that in.
"""

import logging
import shlex
import signal
import socket
import sys
from collections.abc import Sequence

import structlog
from pydantic import ValidationError

from edge.config import EdgeSettings, HomeAssistantSettings
from edge.contract import ClaimCode
from edge.contract.telemetry import describe
from edge.errors import EdgeError
from edge.wiring.claim import ask_for_code
from edge.wiring.home_assistant import HomeAssistantProcess, begin_sign_in, finish_sign_in
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
        return _run(sys.argv[1:])
    except ValidationError as error:
        prefix = "HA" if sys.argv[1:2] == ["home-assistant"] else "EDGE"
        print(f"{prefix}_{describe(error)}", file=sys.stderr)  # noqa: T201 (a command's answer)
    except EdgeError as error:
        print(error, file=sys.stderr)  # noqa: T201 (likewise)
    return 2


def _run(arguments: Sequence[str]) -> int:
    if arguments in (["--help"], ["-h"]):
        print(__doc__)  # noqa: T201 (the answer)
        return 0
    if arguments == ["claim"]:
        return _show_code(ask_for_code(EdgeSettings()))
    if arguments == ["home-assistant", "login"]:
        return _sign_in(HomeAssistantSettings())
    if arguments not in ([], ["home-assistant"]):
        print(f"no such command: {shlex.join(arguments)}; see --help", file=sys.stderr)  # noqa: T201 (the answer)
        return 2
    process = HomeAssistantProcess(HomeAssistantSettings()) if arguments else Edge(EdgeSettings())
    wait = _signals()
    process.start()
    wait.recv(1)
    process.stop()
    return 0


def _sign_in(settings: HomeAssistantSettings) -> int:
    codes = begin_sign_in(settings)
    print(f"open {codes.verification_uri} and type {codes.user_code}", flush=True)  # noqa: T201 (the answer)
    finish_sign_in(settings, codes)
    print("signed in")  # noqa: T201 (likewise)
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
