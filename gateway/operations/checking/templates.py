"""What `gateway check` says about texts that a rule sets and that look like templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import dotted, read_yaml
from gateway.operations.checking.written_paths import set_texts

_IN_BRACES = re.compile(r"[{]+ *[A-Za-z_][\w.*]* *[}]+")


def template_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A warning for each text with a name in braces that a rule sets as it is written."""
    lines = read_yaml(settings.text, {})
    for place, text in set_texts(settings):
        if found := _IN_BRACES.search(text):
            yield (
                f"Warning: {config}:{lines.line(place)}: {dotted(place)}: `{found[0]}` is set as "
                'it is written; for the value of a field write `{template: "..."}`.'
            )
