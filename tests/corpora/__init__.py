"""Test data of others; README.md says where each comes from."""

import json
from pathlib import Path
from zipfile import ZipFile

_FOLDER = Path(__file__).parent


def json_documents() -> dict[str, bytes]:
    """The documents of JSONTestSuite by name."""
    with ZipFile(_FOLDER / "json_test_suite" / "test_parsing.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def naughty_strings() -> list[str]:
    """The Big List of Naughty Strings."""
    text = (_FOLDER / "naughty_strings" / "blns.json").read_text(encoding="utf-8")
    strings: list[str] = json.loads(text)
    return strings
