"""Settings of the API's process, read once from `API_*`; the defaults run it on one machine."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    max_streams: int = Field(32, ge=0, le=256, description="Streams of live updates; each holds a thread.")
    stream_lifetime_s: float = Field(
        60.0, ge=0.1, le=600, description="When the server ends a stream of live updates [s]; it is resumed."
    )
    push_contact: str = Field(
        "",
        pattern=r"^$|^(mailto:[^@\s]+@[^@\s]+|https://\S+)$",
        description="Offers Web Push: whom push services may write to, `mailto:...` or `https://...`.",
    )
    push_private_ok: bool = Field(
        default=False, description="Push also to addresses that are not public, and without TLS: for tests."
    )
    secure_cookies: bool = Field(
        default=False, description="Send the session cookie over https only; set it behind TLS."
    )
    redirect_uris: tuple[str, ...] = Field(
        ("http://127.0.0.1/callback",),
        description="Where the first-party app may be sent with its code; a loopback address on any port.",
    )
    drain_s: float = Field(
        0.5, ge=0, le=60, description="How long it says that it is not ready before it stops listening [s]."
    )
    log_format: Literal["json", "text"] = Field("json", description="How a line of the log is written.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least that is logged."
    )
