"""Logs: one event a line, facts as fields, nothing personal in them.

An exception is written as its kind and the places that it came through. What it says stays out: pydantic's
errors repeat what was typed in, others name accounts. What disks and stores say of themselves is let through.
What libraries log goes the same way: who said it and where, and no word of it.
"""

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Final, cast

import structlog
from flask import g, has_request_context
from typing_extensions import override

from cloud.errors import UnavailableError
from mobile_api.config import ApiSettings

SERVER_LOGS: Final[dict[str, Any]] = {
    "loggers": {"_granian": {"handlers": [], "propagate": True}, "granian.access": {"handlers": []}}
}
"""For the server: its own handlers write what exceptions say, so it has none, and what it logs comes here."""

_IMPERSONAL = (UnavailableError, OSError)
_SUPERVISOR: Final = "_granian"
"""Starts and watches the worker process, and knows of no request; what the worker logs has longer names."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def configure(settings: ApiSettings) -> None:
    """Log to stderr, as the settings say, also what libraries say and what ends a thread."""
    structlog.configure(
        processors=[
            of_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            _renderer(settings),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger().handlers = [_FromLibraries(logging.WARNING)]
    threading.excepthook = _thread_failed


class _FromLibraries(logging.Handler):
    """Writes what libraries log, Flask and the server too, as events of ours."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        facts = {"logger": record.name, "said_at": f"{record.pathname}:{record.lineno}"}
        if record.name == _SUPERVISOR:
            facts["message"] = record.getMessage()
        log.log(record.levelno, "library_logged", **facts, exc_info=record.exc_info)


def _thread_failed(told: threading.ExceptHookArgs) -> None:
    name = told.thread.name if told.thread is not None else "unknown"
    log.error("thread_failed", thread=name, exc_info=told.exc_value)


def of_request(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Name the request that an event belongs to, if there is one."""
    if has_request_context() and "request_id" in g:
        event["request_id"] = g.request_id
    return event


def without_words(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace `exc_info` by the kind of the exception and the places that it came through."""
    given = event.pop("exc_info", None)
    error = _exception(given)
    if error is None:
        return event
    event["exception"] = type(error).__name__
    event["raised_at"] = _places(error.__traceback__)
    if isinstance(error, _IMPERSONAL):
        event["reason"] = str(error)
    return event


def _exception(given: object) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return cast("BaseException | None", given[1])
    return sys.exc_info()[1] if given else None


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _renderer(settings: ApiSettings) -> structlog.typing.Processor:
    if settings.log_format == "text":
        return structlog.dev.ConsoleRenderer(colors=False)
    return structlog.processors.JSONRenderer()
