"""Formats the output of the operator's commands for a terminal."""

from __future__ import annotations

import codecs
import io
import json
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

from gateway.event.text import printable
from gateway.event.words import duration, number

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = ["cell", "console", "duration", "number", "table"]

WIDE = 500
"""Columns where the output is not a terminal: a row of a table stays one line for other tools."""


def escape_what_has_no_code() -> None:
    """Makes the standard output escape characters that its encoding lacks, as in JSON, so that a
    terminal that is not in UTF-8 shows all events and JSON stays JSON."""

    def escaped(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        return json.dumps(error.object[error.start : error.end])[1:-1], error.end

    codecs.register_error("gateway", escaped)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="gateway")


def console(stderr: bool = False) -> Console:
    """A console with colours on a terminal, plain and wide elsewhere."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=WIDE)


def cell(text: str, style: str = "") -> Text:
    """`text` for a table, escaped; brackets are not taken for markup."""
    from rich.text import Text

    return Text(printable(text), style)


def table(title: str, *columns: str, numbers: Collection[str] = ()) -> Table:
    """An empty table without lines. numbers: those of `columns` to align right and not to wrap."""
    from rich.table import Table

    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for name in columns:
        if name in numbers:
            made.add_column(name, justify="right", no_wrap=True)
        else:
            made.add_column(name, overflow="fold")
    return made
