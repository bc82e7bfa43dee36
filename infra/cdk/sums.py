"""Sums of the templates and of what they were made from, as `sha256sum` writes and checks them.

CDK is nothing for every run of the tests. With the sums these see in milliseconds that a template was changed
by hand, or that what makes it has changed since.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

SUMS: Final = "SHA256SUMS"
ROOT: Final = Path(__file__).parents[2]
COMMITTED: Final = Path("infra/cloudformation")
MAKES_NOTHING: Final = ("nag.py",)
"""In the folder of what makes templates, but it only looks at them."""


def sums(folder: Path) -> str:
    """One line a file, by the names of what is committed: `sha256sum -c` reads them in the repository.

    Args:
        folder: Where the templates are.
    """
    sources = [path for path in (ROOT / "infra" / "cdk").glob("*.py") if path.name not in MAKES_NOTHING]
    files = {path.relative_to(ROOT): path for path in (*sources, ROOT / "infra" / "constraints.txt")}
    files |= {COMMITTED / path.name: path for path in folder.glob("*.json")}
    return "".join(f"{sha256(files[name].read_bytes()).hexdigest()}  {name}\n" for name in sorted(files))
