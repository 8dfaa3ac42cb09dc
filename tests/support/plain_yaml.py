"""A value as YAML for readers."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML


def as_yaml(value: Any) -> str:
    yaml, text = YAML(), StringIO()
    yaml.width = 100
    yaml.dump(value, text)
    return text.getvalue()
