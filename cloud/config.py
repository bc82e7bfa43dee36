"""Settings of the cloud's processes, read once from `CLOUD_*`; the defaults run everything on one machine."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

WEATHER = r"^(none|open-meteo|file:.+)$"
"""What `CLOUD_WEATHER` may be."""

LAKE = r"^$|^s3://[a-z0-9][a-z0-9.-]+(/[^?#]*)?$"
"""What `CLOUD_LAKE` and `CLOUD_MODELS` may be."""


INGEST_TOPICS = r"^(telemetry|batch|event)(,(telemetry|batch|event)){0,2}$"
"""What `CLOUD_INGEST_TOPICS` may be."""


STATE = r"^$|^dynamodb://[A-Za-z0-9_.-]{3,255}$"
"""What `CLOUD_STATE` may be."""


class CloudSettings(BaseSettings):
    """Where the cloud finds its broker and keeps its files."""

    model_config = SettingsConfigDict(env_prefix="CLOUD_", extra="forbid", frozen=True)

    data_dir: Path = Field(Path("var"), description="Readings, state, shadows and models live below it.")
    mqtt_host: str = Field("127.0.0.1", description="The broker.")
    mqtt_port: int = Field(1883, description="The broker's MQTT port.")
    mqtt_username: str = Field("cloud", description="A service identity of the cloud account.")
    mqtt_password: SecretStr = Field(SecretStr(""), description="Its password.")
    clock: Literal["wall", "telemetry"] = Field(
        "wall", description="What `now` is for advice: the wall clock, or the newest reading's time."
    )
    decision_interval_s: int = Field(900, description="Time between two decisions for a home [s].")
    weather: str = Field(
        "none",
        pattern=WEATHER,
        description="Whose forecasts advice knows: `none`, `open-meteo` (it learns where homes are, to 0.1°)"
        " or `file:PATH`.",
    )
    lake: str = Field(
        "",
        pattern=LAKE,
        description="Where telemetry history is: below the data directory, or `s3://bucket/prefix`.",
    )
    state: str = Field(
        "",
        pattern=STATE,
        description="Where the serving state is: a file below the data directory, or `dynamodb://TABLE`.",
    )
    readings: Literal["log", "lake"] = Field(
        "log", description="Where advisor and API find what came of late: ingest's log; on AWS the lake."
    )
    shadows: Literal["mqtt", "aws_iot"] = Field(
        "mqtt", description="How commands reach shadows: over the broker, or by AWS IoT Core's API."
    )
    models: str = Field(
        "",
        pattern=LAKE,
        description="Where the models are: below the data directory, or `s3://bucket/prefix`.",
    )
    models_key: SecretStr = Field(
        SecretStr(""),
        description="Signs the registry of the models, 32 characters or more; empty: digests only.",
    )
    measuring_pairs: int = Field(
        0,
        ge=0,
        le=7,
        description="So many of 14 days of homes that consent are measured at the habit: 1 is a hold-out.",
    )
    rollout: Literal["direct", "staged"] = Field(
        "direct",
        description="How a challenger that passed the gate comes to serve: at once, or by shadow and canary.",
    )
    canary_share_ratio: float = Field(
        0.2, gt=0, lt=1, description="Of the homes that try a challenger before the others."
    )
    training_cluster: str = Field(
        "",
        description="Scheduler of a Dask cluster that trains, `tcp://HOST:8786`; empty: this process.",
    )
    metrics: Literal["none", "emf"] = Field(
        "none", description="`emf`: what jobs found is told to CloudWatch, in a line of their output."
    )
    s3_endpoint_url: str | None = Field(None, description="Of a service that speaks S3 and is not AWS.")
    seal_rows: int = Field(20_000, description="Readings in the log that start a new lake file.")
    seal_interval_s: float = Field(10.0, description="Longest time a reading waits for the lake [s].")
    ingest_topics: str = Field(
        "telemetry,batch,event",
        pattern=INGEST_TOPICS,
        description="What this ingest worker takes; several share the work when each takes another part.",
    )
    log_batches_bytes: int = Field(
        1024**3,
        ge=0,
        description="What the log keeps of readings that came many at once and are in the lake [bytes].",
    )
    retention_days: int = Field(
        0, ge=0, le=36_500, description="Days of telemetry that the lake keeps; 0 keeps everything."
    )
    disk_budget_lake_bytes: int = Field(
        50 * 1024**3, gt=0, description="What the lake may take; from 80 % on it warns."
    )
    disk_budget_broker_bytes: int = Field(
        4 * 1024**3,
        gt=0,
        description="What an account's messages may take at the broker, which then refuses; 80 % warn.",
    )
    broker_dir: Path | None = Field(
        None, description="Where the broker of this machine keeps the account's messages, to watch them."
    )
