"""Settings of the API's process, read once from `API_*`; the defaults run it on one machine."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mobile_api.cors import is_origin


class ApiSettings(BaseSettings):
    """Where the API listens, where the cloud keeps its files, and what time it is for devices."""

    model_config = SettingsConfigDict(env_prefix="API_", extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=1, le=65535, description="Port to listen on.")
    data_dir: Path = Field(
        Path("var"), description="The cloud's files; signing keys live in `keys/` below it."
    )
    clock: Literal["wall", "telemetry"] = Field(
        "wall", description="What `now` is for a device: the wall clock, or the time of its newest reading."
    )
    threads: int = Field(64, ge=1, le=512, description="Requests served at the same time.")
    rate_per_minute: int = Field(1200, ge=1, description="Requests a minute of one account, per process.")
    anonymous_rate_per_minute: int = Field(
        300, ge=1, description="Requests a minute of one address that is not signed in, per process."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=9, description="Proxies in front, whose `X-Forwarded-For` and `-Proto` are believed."
    )
    cors_origins: tuple[str, ...] = Field(
        (), description="Sites whose scripts may use the API, such as `https://app.example`; never `*`."
    )
    secure_cookies: bool = Field(
        default=False, description="Send the session cookie over https only; set it behind TLS."
    )
    redirect_uris: tuple[str, ...] = Field(
        ("http://127.0.0.1/callback",),
        description="Where the first-party app may be sent with its code; a loopback address on any port.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least that is logged."
    )

    @field_validator("cors_origins")
    @classmethod
    def _origins_only(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [origin for origin in origins if not is_origin(origin)]
        if wrong:
            msg = f"not an origin: {', '.join(wrong)}"
            raise ValueError(msg)
        return origins
