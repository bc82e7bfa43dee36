"""A weather forecast that is fetched in the background: nobody waits for a slow service."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import SimpleQueue

import structlog
from typing_extensions import override

from cloud.errors import ForecastUnavailableError
from cloud.ports.weather import GridCell, WeatherForecast, WeatherHour, grid_cell

FRESH = timedelta(hours=1)
"""A cell is asked about again so long after the last answer, in the time of those who ask."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

PAUSE_S = 300.0
"""After a failure the service is left alone for so long [s]."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    """The last answer for a cell: what was said when it was asked for `at`."""

    at: datetime
    hours: list[WeatherHour]


class BackgroundForecast(WeatherForecast):
    """A `WeatherForecast` that answers at once: with what one thread has fetched from another one.

    Args:
        service: Who is asked; it may take its time.
        monotonic: A clock that never jumps [s].
    """

    def __init__(self, service: WeatherForecast, monotonic: Callable[[], float]) -> None:
        self._service = service
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._fetched: dict[GridCell, _Fetched] = {}
        self._asked: set[GridCell] = set()
        self._why = "the weather service has not answered yet"
        self._pause_until_s = monotonic()
        self._questions: SimpleQueue[tuple[GridCell, datetime] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    @override
    def hours(self, latitude_deg: float, longitude_deg: float, at: datetime) -> list[WeatherHour]:
        cell = grid_cell(latitude_deg, longitude_deg)
        with self._lock:
            fetched = self._fetched.get(cell)
            if fetched is not None and timedelta(0) <= at - fetched.at < FRESH:
                return fetched.hours
            is_newer = fetched is None or at > fetched.at
            if is_newer and cell not in self._asked and self._monotonic() >= self._pause_until_s:
                self._ask(cell, at)
            raise ForecastUnavailableError(self._why)

    def close(self) -> None:
        """Ask no more; a question that is on its way is not waited for."""
        self._questions.put(None)

    def _ask(self, cell: GridCell, at: datetime) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._fetch_all, name="weather", daemon=True)
            self._thread.start()
        self._asked.add(cell)
        self._questions.put((cell, at))

    def _fetch_all(self) -> None:
        while (question := self._questions.get()) is not None:
            cell, at = question
            try:
                self._fetch(cell, at)
            except Exception:  # the outermost loop of a thread: what is wrong with it must be seen
                log.exception("forecast_not_fetched")
            finally:
                with self._lock:
                    self._asked.discard(cell)

    def _fetch(self, cell: GridCell, at: datetime) -> None:
        if self._monotonic() < self._pause_until_s:
            return
        try:
            hours = list(self._service.hours(*cell, at))
        except ForecastUnavailableError as error:
            with self._lock:
                self._why, self._pause_until_s = str(error), self._monotonic() + PAUSE_S
            return
        with self._lock:
            self._fetched[cell] = _Fetched(at, hours)
