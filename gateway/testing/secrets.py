"""Secrets in settings: which values are secret, and every form in which they could leak."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from pydantic import BaseModel

from destinations.base import DestinationSettings

_names_secret = re.compile(r"secret|token|password|credential|(?:api|private)_?key").search


def forms(secret: str) -> Iterator[str]:
    """`secret` as requests carry it: as it is, percent-encoded, in JSON, hexadecimal and base64."""
    raw = secret.encode()
    yield secret
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield json.dumps(secret)[1:-1]
    yield json.dumps(json.dumps(secret))[3:-3]
    yield from (raw.hex(), raw.hex().upper())
    for before in range(3):  # as the password in `user:password`, behind any number of bytes
        first, end = -(-8 * before // 6), 8 * (before + len(raw)) // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + raw).decode()[first:end]


def open_secrets(settings: BaseModel) -> list[str]:
    """Names of fields that are named like a secret and hold plain text. The name of a credential is
    not a secret."""
    names = [*settings.credential_names()] if isinstance(settings, DestinationSettings) else []
    return [
        name
        for name in type(settings).model_fields
        if _names_secret(name)
        and _holds_text(value := getattr(settings, name))
        and value not in names
    ]


def _holds_text(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_text, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_text, value))
    return isinstance(value, str)
