"""The configuration file, for editing by someone who must not see its secrets.

Each secret that is written in the file is shown as a stand-in, such as ``hidden-secret-01-``. A
stand-in may stay where it is or be removed; anywhere else, it would put the secret where it can be
seen or sent. For the same reason, a new variable may only be used for a secret, and no new file and
no new function may be named. Settings that name files or govern access to the console can only be
changed on the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from destinations.masking import MASK
from gateway.configuration.exposure import secrets_in
from gateway.configuration.load import parse_settings
from gateway.configuration.masked_text import (
    commented_secrets,
    hide,
    without_secrets,
    written_secrets,
)
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.own_functions import NEW_FUNCTION, new_functions
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import (
    REFERENCE_PATTERN,
    KeyPath,
    Problem,
    YamlFile,
    dotted,
    read_yaml,
)

STAND_IN = "hidden-secret-"
FIXED = (
    *("console", "credentials", "enrichment", "ledger", "lookups", "redis", "schemas"),
    *("server", "spool"),
)
ON_THE_MACHINE = "can only be changed in the file itself, on the machine of the gateway"
MOVED = (
    "has a hidden secret at another place than in the file. Leave it where it was, or write the "
    "new value or ${NAME} instead"
)
REFERENCE = (
    "has a variable or a file reference where the file has none. A new variable may be used only "
    "for a secret, and a new file can be named only in the file itself"
)
UNTOLD = (
    "is wrong. What is wrong is not told while there are new variables, since the words may repeat "
    "a value: write the values out, or use `gateway check` on the machine of the gateway"
)
UNSHOWABLE = (
    "a secret in the file is written on several lines or with escapes. Put it into a variable, or "
    "change the file on the machine of the gateway"
)

_REFERENCE = re.compile(REFERENCE_PATTERN)


@dataclass(frozen=True, slots=True)
class Editable:
    """settings: of the file as it is. text: the file with stand-ins. secrets: by stand-in."""

    settings: Settings
    text: str
    secrets: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings) -> Editable:
        """Raises ValueError when a secret could not be hidden."""
        text = settings.text
        secrets: dict[str, str] = {}
        if STAND_IN in text:
            raise ValueError(f"the file has the text {STAND_IN} in it")
        for secret in written_secrets(settings):
            text = _hide(text, secret, secrets)
        if _masked(text, secrets) != without_secrets(settings):
            raise ValueError(UNSHOWABLE)
        for secret in commented_secrets(text):
            text = _hide(text, secret, secrets)
        return cls(settings, text, secrets)

    def restored(self, edited: str, name: str) -> Settings:
        """The settings in `edited`, with the secrets put back; their text is the new file.

        Raises `ConfigurationError` with every mistake in it. name: of the file.
        """
        was, now = read_yaml(self.text, None), read_yaml(edited, None)
        if now.problems or not isinstance(now.data, dict):
            raise ConfigurationError(name, now.problems or [Problem(1, "", "it is empty")])
        problems = [*_fixed(was, now), *_moved(was, now), *_new_files(was, now)]
        problems += [
            _problem(now, path, NEW_FUNCTION) for path in new_functions(was.data, now.data)
        ]
        if problems:
            raise ConfigurationError(name, problems)
        for stand_in, secret in reversed([*self.secrets.items()]):  # one may contain another
            edited = edited.replace(stand_in, secret)
        new = dict(_new_references(was, now))
        try:
            settings = parse_settings(edited, name)
        except ConfigurationError as error:
            problems = [replace(each, message=UNTOLD) for each in error.problems]
            raise ConfigurationError(name, problems if new else error.problems) from None
        places = {path for path, _ in secrets_in(settings)}
        if wrong := [_problem(now, path, REFERENCE) for path in new if path not in places]:
            raise ConfigurationError(name, wrong)
        return settings


def _hide(text: str, secret: str, secrets: dict[str, str]) -> str:
    """`text` with a stand-in for `secret`, which is added to `secrets`."""
    stand_in = f"{STAND_IN}{len(secrets) + 1:02}-"
    hidden = hide(text, secret, stand_in)
    if hidden != text:
        secrets[stand_in] = secret
    return hidden


def _masked(text: str, secrets: Mapping[str, str]) -> str:
    for stand_in in secrets:
        text = text.replace(stand_in, MASK)
    return text


def _fixed(was: YamlFile, now: YamlFile) -> Iterator[Problem]:
    for section in FIXED:
        if was.data.get(section) != now.data.get(section):
            yield _problem(now, (section,), ON_THE_MACHINE)


def _moved(was: YamlFile, now: YamlFile) -> Iterator[Problem]:
    before = dict(_texts(was.data))
    for path, text in _texts(now.data):
        if STAND_IN in text and before.get(path) != text:
            yield _problem(now, path, MOVED)


def _new_files(was: YamlFile, now: YamlFile) -> Iterator[Problem]:
    for path, text in _new_references(was, now):
        if "${file:" in text:
            yield _problem(now, path, REFERENCE)


def _new_references(was: YamlFile, now: YamlFile) -> Iterator[tuple[KeyPath, str]]:
    before = {path: _without_defaults(text) for path, text in _texts(was.data)}
    for path, text in _texts(now.data):
        if before.get(path) != _without_defaults(text) and _REFERENCE.search(text):
            yield path, text


def _without_defaults(text: str) -> str:
    """`text` with ``${NAME}`` for each ``${NAME:-default}``."""
    return _REFERENCE.sub(lambda match: match[0].replace(match[2] or "", ""), text)


def _problem(file: YamlFile, path: KeyPath, message: str) -> Problem:
    return Problem(file.line(path), dotted(path), message)


def _texts(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every text in `data`, and every key with a stand-in, with its place."""
    if isinstance(data, dict):
        for key, value in data.items():
            if STAND_IN in str(key):
                yield (*path, key, "(key)"), str(key)
            yield from _texts(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*path, index))
    elif isinstance(data, str):
        yield path, data
