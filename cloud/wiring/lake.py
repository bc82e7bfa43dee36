"""Where the lake is, by the settings."""

from cloud.adapters.file_lake import FileLake
from cloud.adapters.parquet_lake import ParquetLake
from cloud.config import CloudSettings


def open_lake(settings: CloudSettings) -> FileLake:
    """The lake of this installation, for writing and reading."""
    return ParquetLake(settings.data_dir / "lake" / "telemetry")
