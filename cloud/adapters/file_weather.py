"""A weather forecast from a file: what a simulation, or a service of one's own, has issued.

A JSON array of `IssuedForecast`s; whoever writes it replaces it whole (`write_forecasts`).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from typing_extensions import override

from cloud.adapters.weather_hours import to_come
from cloud.errors import ForecastUnavailableError
from cloud.ports.weather import WeatherForecast, WeatherHour

REACH_DEG = 0.5
"""A forecast is for homes that are no further than this from its place, north or east [°]."""

MAX_FILE_BYTES = 64 * 2**20
"""A larger file is not read: a year of hourly issues takes 40 MB."""

Aware: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class ForecastHour(msgspec.Struct, frozen=True):
    """One hour of a forecast; the fields are those of `WeatherHour`."""

    at: Aware
    outdoor_dry_bulb_c: float
    outdoor_rh_pct: float | None = None
    ghi_w_m2: float | None = None


class IssuedForecast(msgspec.Struct, frozen=True):
    """What was said at `issued_at` of the hours to come at a place."""

    issued_at: Aware
    latitude_deg: float
    longitude_deg: float
    hours: tuple[ForecastHour, ...]

    def distance_deg(self, latitude_deg: float, longitude_deg: float) -> float:
        """How far from its place another one is, north or east, whichever is more [°]."""
        east_deg = abs(longitude_deg - self.longitude_deg)
        return max(abs(latitude_deg - self.latitude_deg), min(east_deg, 360 - east_deg))


_decoder = msgspec.json.Decoder(list[IssuedForecast])


def write_forecasts(path: Path, issued: Sequence[IssuedForecast]) -> None:
    """Replace the file whole: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(msgspec.json.encode(issued))
    aside.replace(path)


@dataclass(slots=True)
class FileForecast(WeatherForecast):
    """A `WeatherForecast` from the file at `path`, read again when it has changed.

    Of the nearest place within reach it gives the newest that was not issued after `at`.
    """

    path: Path
    _stamp: object = field(init=False, default=None)
    _why: str | None = field(init=False, default=None)
    _issued: Sequence[IssuedForecast] = field(init=False, default=())

    @override
    def hours(self, latitude_deg: float, longitude_deg: float, at: datetime) -> list[WeatherHour]:
        known = [
            (issued.distance_deg(latitude_deg, longitude_deg), -issued.issued_at.timestamp(), place)
            for place, issued in enumerate(self._read())
            if issued.issued_at <= at
        ]
        distance_deg, _, newest = min(known, default=(REACH_DEG + 1.0, 0.0, 0))
        if distance_deg > REACH_DEG:
            raise ForecastUnavailableError(f"{self.path.name} has no forecast for here and now")
        hours = self._issued[newest].hours
        return to_come(
            (WeatherHour(h.at, h.outdoor_dry_bulb_c, h.outdoor_rh_pct, h.ghi_w_m2) for h in hours), at
        )

    def _read(self) -> Sequence[IssuedForecast]:
        """What is in the file now.

        Raises:
            ForecastUnavailableError: It is not there, cannot be read, or holds something else.
        """
        try:
            status = self.path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._why, self._issued = self._load(status.st_size)
                self._stamp = stamp
        except OSError as error:
            reason = error.strerror or str(error)
            raise ForecastUnavailableError(f"{self.path.name} cannot be read: {reason}") from error
        if self._why is not None:
            raise ForecastUnavailableError(self._why)
        return self._issued

    def _load(self, size_bytes: int) -> tuple[str | None, Sequence[IssuedForecast]]:
        """What is wrong with the file, and what it holds."""
        if size_bytes > MAX_FILE_BYTES:
            return f"{self.path.name} is too large: {size_bytes} bytes", ()
        try:
            return None, _decoder.decode(self.path.read_bytes())
        except msgspec.MsgspecError as error:
            return f"{self.path.name} is no list of forecasts: {error}", ()
