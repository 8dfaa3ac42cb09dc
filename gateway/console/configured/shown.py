"""Texts of configurations, as they are shown to people."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from destinations.masking import MASK
from gateway.configuration.masked_text import commented_secrets
from gateway.configuration.recorded_changes import (
    changes_for_all,
    changes_of_destination,
    read_recorded,
)

Line = dict[str, str]
"""``{"kind": "same", "added", "removed" or "skipped", "text"}``."""

CONTEXT = 3
MAX_LINES = 5_000


def shown(text: str) -> str:
    """`text`, a configuration without the secrets in use, and without the texts in its comments
    that look like secrets."""
    for secret in commented_secrets(text):
        text = text.replace(secret, MASK)
    return text


def diff(before: str, after: str) -> list[Line]:
    """The lines that differ, with some around them."""
    old, new = before.split("\n")[:MAX_LINES], after.split("\n")[:MAX_LINES]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    lines: list[Line] = []
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if lines or group[0][1]:
            lines.append(_line("skipped", "…"))
        for kind, first, end, new_first, new_end in group:
            if kind == "equal":
                lines += [_line("same", text) for text in old[first:end]]
            else:
                lines += [_line("removed", text) for text in old[first:end]]
                lines += [_line("added", text) for text in new[new_first:new_end]]
    return lines


def in_words(before: str, after: str) -> list[str]:
    """What differs between two texts without secrets; nothing where one cannot be read."""
    then, now = read_recorded(before), read_recorded(after)
    if then is None or now is None:
        return []
    return [*changes_for_all(then, now), *_of_destinations(then, now)]


def _of_destinations(then: Any, now: Any) -> Iterator[str]:
    for name in {**_destinations(then), **_destinations(now)}:
        for words in changes_of_destination(name, then, now):
            yield f"{name}: {words}"


def _destinations(kept: Any) -> dict[str, Any]:
    found = kept.get("destinations")
    return found if isinstance(found, dict) else {}


def _line(kind: str, text: str) -> Line:
    return {"kind": kind, "text": text}
