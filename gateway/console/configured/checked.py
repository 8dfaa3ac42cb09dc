"""What is wrong with the configuration file, and what is worth knowing about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import Problem
from gateway.operations.checking.notes import configuration_notes
from gateway.system.file_stamp import FileStamp, file_stamp

FRESH_SECONDS = 10
"""How long a result is reused while the file stays the same: it also depends on other files and on
the environment."""


@dataclass(frozen=True, slots=True)
class Note:
    level: Literal["warning", "note"]
    words: str


@dataclass(frozen=True, slots=True)
class Checked:
    """version: of the file, "" if it has mistakes. notes: of `gateway check`."""

    version: str = ""
    mistakes: Sequence[Problem] = ()
    notes: Sequence[Note] = ()


def check_file(config: Path) -> Checked:
    """The file as it is now. Takes a while: for a thread."""
    return _checked(config, file_stamp(config), int(time.time() // FRESH_SECONDS))


@lru_cache(maxsize=4)
def _checked(config: Path, _: FileStamp | None, __: int) -> Checked:
    try:
        settings = load_settings(config)
    except ConfigurationError as error:
        return Checked(mistakes=error.problems)
    return Checked(settings.version, notes=notes_of(settings, config))


def notes_of(settings: Settings, config: Path) -> list[Note]:
    """config: their file."""
    return [*map(_note, configuration_notes(settings, config))]


def _note(words: str) -> Note:
    level, colon, rest = words.partition(": ")
    if colon and level in ("Warning", "Note"):
        return Note("warning" if level == "Warning" else "note", f"{rest[:1].upper()}{rest[1:]}")
    return Note("note", words)
