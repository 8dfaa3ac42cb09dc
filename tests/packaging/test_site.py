"""The site of docs/: its navigation, its links and its build."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.documents import DOCS, ROOT, anchors

PAGES = sorted(path.stem for path in DOCS.glob("*.md"))


def navigation() -> list[str]:
    """The pages of the navigation, in its order."""
    trees = re.findall(r"^```{toctree}\n(.*?)^```$", (DOCS / "index.md").read_text(), re.M | re.S)
    lines = [line for tree in trees for line in tree.splitlines()]
    return [line for line in lines if line and not line.startswith(":")]


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted([*navigation(), "index"]) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_heading_leads_to_one(page: str) -> None:
    document = DOCS / f"{page}.md"
    for file, anchor in re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", document.read_text()):
        target = document.parent / file if file else document
        assert anchor in anchors(target), f"{file}#{anchor}"


@pytest.mark.skipif(not find_spec("sphinx"), reason="installed by: make docs")
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    built = subprocess.run(
        [*command, str(DOCS), str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert built.returncode == 0, built.stderr
    for page in tmp_path.glob("*.html"):
        loaded = re.findall(r'<(?:script|img|link)\b[^>]*(?:src|href)="([^"]+)"', page.read_text())
        assert [url for url in loaded if "//" in url] == [], page.name


def test_make_docs_fails_on_a_warning() -> None:
    (recipe,) = re.findall(r"^docs:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    assert "--fail-on-warning" in recipe


@pytest.mark.parametrize("name", sorted(path.name for path in DOCS.glob("*.png")))
def test_a_picture_is_small_enough_for_a_page(name: str) -> None:
    assert (DOCS / name).stat().st_size < 200 * 1024
