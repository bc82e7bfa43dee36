"""`python -m infra.scale > infra/SCALE.md`."""

import click

from infra.scale.report import report

click.echo(report(), nl=False)
