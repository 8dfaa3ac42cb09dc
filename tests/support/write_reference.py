"""Writes the pages of docs/ that come from the code, for `make reference`: the tables of
configuration.md, and those about destinations."""

from pathlib import Path

from gateway.cli.reference import reference
from tests.support.destination_pages import pages

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


def with_tables(document: str, tables: str) -> str:
    """`document` with `tables` in place of those at its end, from the first heading on."""
    heading = tables.partition("\n")[0]
    text, found, _ = document.partition(f"\n{heading}\n")
    if not found:
        raise ValueError(f"the document has no heading {heading!r} where the tables start")
    return f"{text}\n{tables}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(), reference()))
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
