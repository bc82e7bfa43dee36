"""Logs: what the processes of the cloud say, one JSON object a line; for a person at a terminal as text."""

import logging
import sys
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.types import Processor


def configure_logs(*, as_json: bool = True) -> None:
    """Say to stderr what happens, with its time (UTC) and level; stdout is for answers.

    Facts are fields. What is told of devices is their id at most: no payload, no token, no person.
    """
    to_json: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=to_json if as_json else None,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO) if as_json else None,
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
