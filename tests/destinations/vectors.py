"""Vectors of personal data, from the pages and libraries of vendors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def of_vendor(vendor: str) -> list[dict[str, Any]]:
    """The vectors of `vendor`, each with field, input, normalised, sha256 and source."""
    file = Path(__file__).with_name("normalisation.json")
    found = [each for each in json.loads(file.read_bytes()) if each["destination"] == vendor]
    assert found, "a vendor without vectors"
    return found
