"""Settings of the API's process, read once from `API_*`; the defaults run it on one machine."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mobile_api.cors import is_origin

OUTBOUND_PATTERN = r"^(https://|http://127\.0\.0\.1[:/])\S+$"
"""What we call ourselves: over TLS, or a stand-in on loopback."""


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
    otlp_endpoint: str = Field(
        "",
        pattern=r"^$|^https?://\S+$",
        description="Traces requests (extra `otel`): a collector, such as `http://127.0.0.1:4318/v1/traces`.",
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
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^/?#\s]+)?$",
        description="Where people and applications reach this API, such as `https://api.example.org`: the "
        "issuer of tokens, and where links in mails lead. Empty: `http://<host>:<port>`.",
    )
    email_check: Literal["optional", "required"] = Field(
        "optional",
        description="`required`: nobody signs in with a password before the address is confirmed by mail. "
        "Only then does signing up tell nobody which addresses have an account.",
    )
    mailer: Literal["console", "ses"] = Field("console", description="How mails leave: stderr, or SES.")
    mail_from: str = Field("ac-advisor@localhost", description="Sender of mails; SES must have verified it.")
    keys_secret: str = Field(
        "", description="Secret of AWS Secrets Manager with the signing keys. Empty: a file in `keys/`."
    )
    key_days: int = Field(
        90, ge=1, le=3650, description="Age at which the signing key is replaced by a new one [days]."
    )
    oidc_issuer: str = Field(
        "", description="Another issuer (OpenID Connect, Cognito) whose tokens are accepted. Empty: none."
    )
    oidc_audience: str = Field("", description="Whom its tokens must be for: our client id there.")
    oidc_jwks_url: str = Field(
        "", description="Where its keys are. Empty: `<issuer>/.well-known/jwks.json`, as Cognito has it."
    )
    alexa_skill_id: str = Field(
        "", description="Our custom skill at Alexa, `amzn1.ask.skill...`; requests for others are refused."
    )
    alexa_client_id: str = Field(
        "",
        description="Who we are to Login with Amazon: then `AcceptGrant` is answered, and the grant is kept.",
    )
    alexa_client_secret: SecretStr = Field(SecretStr(""), description="What proves it.")
    alexa_token_url: str = Field(
        "https://api.amazon.com/auth/o2/token",
        pattern=OUTBOUND_PATTERN,
        description="Where grants become tokens (Login with Amazon).",
    )
    alexa_events_url: str = Field(
        "https://api.amazonalexa.com/v3/events",
        pattern=OUTBOUND_PATTERN,
        description="Alexa's event gateway: of North America; Europe and the Far East have their own.",
    )
    google_key_file: Path | None = Field(
        None,
        description="Key file of a service account that may use Google's Home Graph: then Google Home is "
        "told of changes.",
    )
    google_key_secret: str = Field(
        "", description="Secret of AWS Secrets Manager that holds that file; while it is empty there is none."
    )
    google_graph_url: str = Field(
        "https://homegraph.googleapis.com/v1", pattern=OUTBOUND_PATTERN, description="The Home Graph."
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

    @property
    def issuer(self) -> str:
        """The API's own address, without a slash at its end: `iss` of its tokens (RFC 8414, 2)."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.oidc_issuer and not self.oidc_audience:
            msg = "API_OIDC_ISSUER needs API_OIDC_AUDIENCE: whom its tokens must be for"
            raise ValueError(msg)
        return self
