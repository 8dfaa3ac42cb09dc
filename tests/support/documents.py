"""Code blocks and headings of the repository's documents."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


DOCS = ROOT / "docs"


def blocks(document: Path, language: str) -> list[str]:
    """The blocks of code in `language` of `document`."""
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, document.read_text(), re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """The anchors of the headings of `document`."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}
