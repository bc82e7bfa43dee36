"""The weather forecast of Open-Meteo (https://open-meteo.com), over HTTPS, without a key.

The service learns the middle of a cell of 0.1° and nothing else. Its data are offered under CC BY 4.0, its
free use is not commercial and up to 10,000 questions a day (open-meteo.com/en/licence, /en/terms).
"""

import http.client
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Protocol
from urllib.error import HTTPError
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from typing_extensions import override

from cloud.adapters.weather_hours import HOUR, to_come
from cloud.errors import ForecastUnavailableError
from cloud.ports.weather import WeatherForecast, WeatherHour, grid_cell
from cloud.retry import full_jitter_s

SERVICE = "https://api.open-meteo.com"

FORECAST_DAYS = 4
"""Today from midnight, and so 72 h at any time of the day [d]."""

TIMEOUT_S = 5.0
"""Of connecting and of each packet, and of the whole answer [s]."""

ATTEMPTS = 3
"""How often a question is asked before it is given up."""

MAX_ANSWER_BYTES = 2**20
"""Four days are 6 KB; more than this is no forecast."""

LATE = timedelta(hours=2)
"""Whoever asks for a time so long ago must not hear what is known now."""

AGAIN = frozenset({http.client.TOO_MANY_REQUESTS, http.client.REQUEST_TIMEOUT})
"""Refusals that may be over in a moment, beside those of the service's own making (5xx)."""


class _Hourly(BaseModel):
    """The hourly arrays, all of one length; what a model does not know is null."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    time: tuple[int, ...]
    temperature_2m: tuple[float | None, ...]
    relative_humidity_2m: tuple[float | None, ...]
    shortwave_radiation: tuple[float | None, ...]

    @model_validator(mode="after")
    def _are_of_one_length(self) -> "_Hourly":
        lengths = {len(self.temperature_2m), len(self.relative_humidity_2m), len(self.shortwave_radiation)}
        if lengths != {len(self.time)}:
            raise ValueError("the hourly arrays are not of one length")
        return self


class _Answer(BaseModel):
    hourly: _Hourly


class _Readable(Protocol):
    """An answer on its way."""

    @property
    def length(self) -> int | None:
        """Bytes that were announced and have not come yet; None when nothing was announced."""
        ...

    def read1(self, size: int, /) -> bytes:
        """What is there, at most so much; empty at the end."""
        ...


class _TransientError(Exception):
    """It may go better in a moment."""


@dataclass(frozen=True, slots=True)
class OpenMeteoForecast(WeatherForecast):
    """A `WeatherForecast` that asks the service, and waits for it up to `ATTEMPTS` times `TIMEOUT_S`.

    Args:
        service: Where it is.
        sleep: How to wait before it is asked again [s].
        now: The time of day.
        random: For the jitter of these waits.
        timeout_s: Of connecting and of each packet, and of the whole answer [s].
    """

    service: str = SERVICE
    sleep: Callable[[float], object] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Random = field(default_factory=Random)
    timeout_s: float = TIMEOUT_S

    @override
    def hours(self, latitude_deg: float, longitude_deg: float, at: datetime) -> list[WeatherHour]:
        if self.now() - at > LATE:
            raise ForecastUnavailableError("a weather service does not say what it knew before")
        try:
            hourly = _Answer.model_validate_json(self._ask(latitude_deg, longitude_deg)).hourly
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ForecastUnavailableError(
                f"the weather service's answer is not as documented: {where} {first['msg']}"
            ) from error
        return to_come(_means(hourly), at)

    def _ask(self, latitude_deg: float, longitude_deg: float) -> bytes:
        """The answer, of the first attempt that has one."""
        url = self._url(latitude_deg, longitude_deg)
        for attempt in range(1, ATTEMPTS):
            try:
                return self._get(url)
            except _TransientError:
                self.sleep(full_jitter_s(attempt, self.random))
        try:
            return self._get(url)
        except _TransientError as error:
            raise ForecastUnavailableError(f"the weather service does not answer: {error}") from error

    def _url(self, latitude_deg: float, longitude_deg: float) -> str:
        latitude_deg, longitude_deg = grid_cell(latitude_deg, longitude_deg)
        question = {
            "latitude": latitude_deg,
            "longitude": longitude_deg,
            "hourly": "temperature_2m,relative_humidity_2m,shortwave_radiation",
            "timeformat": "unixtime",
            "timezone": "GMT",
            "forecast_days": FORECAST_DAYS,
        }
        return f"{self.service}/v1/forecast?{urlencode(question, safe=',')}"

    def _get(self, url: str) -> bytes:
        request = urllib.request.Request(url, headers={"User-Agent": "ac-advisor"})  # noqa: S310 (http or https: `service`)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:  # noqa: S310 (as above)
                return self._read(answer)
        except HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise _TransientError(str(getattr(error, "reason", error)) or type(error).__name__) from error

    def _read(self, answer: _Readable) -> bytes:
        body, deadline_s = bytearray(), time.monotonic() + self.timeout_s
        while chunk := answer.read1(2**16):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise ForecastUnavailableError("the weather service's answer is too long")
            if time.monotonic() > deadline_s:
                raise TimeoutError("the answer takes too long")
        if answer.length:
            raise http.client.IncompleteRead(bytes(body), answer.length)
        return bytes(body)

    def _refusal(self, error: HTTPError) -> Exception:
        """What a status of 400 and above means; the service says why as `{"error": true, "reason": …}`."""
        if error.code >= http.client.INTERNAL_SERVER_ERROR or error.code in AGAIN:
            return _TransientError(f"status {error.code}")
        try:
            reason = json.loads(self._read(error))["reason"]
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            reason = ""
        return ForecastUnavailableError(f"the weather service refuses: status {error.code} {reason!s:.200}")


def _means(hourly: _Hourly) -> list[WeatherHour]:
    """Means of hours: the service gives temperature and humidity at a time, and sunshine of the hour before.

    An hour without temperature at one of its ends is left out.
    """
    columns = zip(
        hourly.time,
        hourly.temperature_2m,
        hourly.relative_humidity_2m,
        hourly.shortwave_radiation,
        strict=True,
    )
    rows, hours = list(columns), []
    for (start, start_c, start_pct, _), (end, end_c, end_pct, ghi_w_m2) in pairwise(rows):
        if start_c is None or end_c is None or end - start != HOUR.total_seconds():
            continue
        rh_pct = None if start_pct is None or end_pct is None else (start_pct + end_pct) / 2
        hours.append(WeatherHour(datetime.fromtimestamp(start, UTC), (start_c + end_c) / 2, rh_pct, ghi_w_m2))
    return hours
