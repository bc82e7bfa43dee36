"""An option of the command that holds several values, such as `+1,motion,advisor`."""

from typing import Any

import click


class ListOption(click.ParamType[tuple[Any, ...]]):
    """Values between commas.

    Args:
        kind: Of each value.
    """

    name = "a,b"

    def __init__(self, kind: type[str] | type[float] = str) -> None:
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 (click's)
        """The values as a tuple."""
        try:
            return tuple(self._kind(each) for each in value.split(","))
        except ValueError as error:
            self.fail(str(error), param, ctx)
