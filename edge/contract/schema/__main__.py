"""Write the JSON Schema files beside this module: run it after a change of the contract."""

import sys
from pathlib import Path

from edge.contract.schema.documents import documents


def main(directory: Path) -> None:
    """Write every schema into `directory`."""
    for name, text in documents():
        (directory / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{directory / name}\n")


if __name__ == "__main__":
    main(Path(__file__).parent)
