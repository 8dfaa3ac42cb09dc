"""Secrets in `gateway check`: warns about secrets written in the file and short ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from destinations.masking import MIN_SECRET_CHARACTERS, has_short_part
from gateway.configuration.exposure import (
    SHIPPED_PLACEHOLDERS,
    STAND_INS,
    Secret,
    is_published,
    secrets_in,
)
from gateway.configuration.masked_text import passwords_in
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import KeyPath, YamlFile, dotted, read_yaml
from gateway.sources.keys import KeyDigest

WRITTEN = (
    "the secret is written in the configuration file. Take it from a variable without a default "
    "(`${NAME}`) or from another file (`${file:PATH}`)."
)
SHORT = (
    f"the secret has fewer than {MIN_SECRET_CHARACTERS} characters. It is easy to guess, and where "
    "requests are shown it is masked only as a whole value. Use a longer one."
)

LEDGER_URL = "ledger", "url"
"""A secret because of the password that it may have."""

CONSOLE_USERS = "console", "users"
"""Hashes of passwords, which may be written in the file."""

_names_credentials = re.compile(
    r"auth|token|key|secret|password|credential|cookie|signature", re.IGNORECASE
).search


def secret_notes(settings: Settings, config: Path) -> Iterator[str]:
    """Warnings about secrets, each with its place in the file `config`. Those that the gateway's
    repository publishes are left out."""
    file = read_yaml(settings.text, {})
    for path, secret in secrets_in(settings):
        if _is_made_up(secret) or not _is_credential(path) or path == LEDGER_URL:
            continue
        if path[:2] == CONSOLE_USERS:
            continue
        place = f"Warning: {config}:{file.line(path)}: {dotted(path)}"
        if path in file.lines and path not in file.outside and not _is_stand_in(file, path):
            yield f"{place}: {WRITTEN}"
        if _is_short(secret):
            yield f"{place}: {SHORT}"
    for path in _urls_with_passwords(settings):
        if path in file.lines and path not in file.outside:
            yield f"Warning: {config}:{file.line(path)}: {dotted(path)}: {WRITTEN}"


def _is_made_up(secret: Secret) -> bool:
    return is_published(secret) or (
        not isinstance(secret, KeyDigest) and secret.get_secret_value() in SHIPPED_PLACEHOLDERS
    )


def _is_stand_in(file: YamlFile, path: KeyPath) -> bool:
    """Whether what is written at `path` only stands in for a credential, as in
    ``${TOKEN:-no-token-yet}``."""
    written = file.data
    for key in path:
        written = written[key]
    return written in STAND_INS


def _is_credential(path: KeyPath) -> bool:
    """False for most further headers of a webhook, whose values are hidden whatever they are."""
    *above, name = map(str, path)
    return above[-1:] != ["headers"] or bool(_names_credentials(name))


def _is_short(secret: Secret) -> bool:
    if isinstance(secret, KeyDigest):
        return secret.characters < MIN_SECRET_CHARACTERS
    return has_short_part(secret.get_secret_value())


def _urls_with_passwords(settings: Settings) -> Iterator[KeyPath]:
    urls: dict[str, Any] = {"url": settings.redis.url, "jobs_url": settings.redis.jobs_url}
    for name, url in urls.items():
        if passwords_in(url or ""):
            yield "redis", name
    ledger = settings.ledger.url
    if ledger is not None and passwords_in(ledger.get_secret_value()):
        yield LEDGER_URL
