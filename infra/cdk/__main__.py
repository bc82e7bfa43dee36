"""`python -m infra.cdk FOLDER`: write the templates, and the sums that tell whether they are out of date.

Wants the extra `infra` and Node.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import App

from infra.cdk.stack import STACKS, images_stack, main_stack
from infra.cdk.sums import SUMS, sums

FLAGS = {"@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True}
"""CDK's choices that are not its default; without this one logs want access lists."""


def main(folder: Path) -> None:
    """Write one file a stack, and their sums."""
    with TemporaryDirectory() as outdir:
        app = App(outdir=outdir, analytics_reporting=False, context=FLAGS)
        images_stack(app)
        main_stack(app)
        made = app.synth()
        for name in STACKS:
            template = json.dumps(made.get_stack_by_name(name).template, indent=1, sort_keys=True)
            (folder / f"{name}.json").write_text(template + "\n")
    (folder / SUMS).write_text(sums(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
