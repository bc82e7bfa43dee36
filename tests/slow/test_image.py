"""The image, really built and run once: opt in with `AC_ADVISOR_IMAGE_BASE`, and buildah, as root."""

import os
import subprocess
from pathlib import Path
from shutil import which

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parents[2]


class Image(BaseSettings):
    """From what the image is built: a name, or `debootstrap`."""

    model_config = SettingsConfigDict(env_prefix="AC_ADVISOR_", extra="ignore")

    image_base: str = ""


@pytest.mark.slow
@pytest.mark.image
@pytest.mark.timeout(3600)
def test_the_image_is_built_and_runs_as_nobody_special(tmp_path: Path) -> None:
    base = Image().image_base
    if not base:
        pytest.skip("AC_ADVISOR_IMAGE_BASE is not set: nobody wants the image built")
    if which("buildah") is None or os.geteuid() != 0:
        pytest.skip("buildah is not installed, or this is not root")

    done = subprocess.run(
        [str(ROOT / "infra" / "build_image.sh")],
        env={"PATH": os.defpath, "BASE": base, "STORE": str(tmp_path), "HOME": "/root"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "ac-advisor:smoke was built and runs as 10001"
