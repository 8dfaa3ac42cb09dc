"""Actions that take the person out of a value: hash."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from gateway.event import Event
from gateway.paths import MISSING, editor


def hash_field(path: str, salt: str | None = None) -> Callable[[Event], Event]:
    """Replaces the text, number or texts at `path` by SHA-256 in hex, of the text as it stands.

    With a salt it is HMAC-SHA256 with the salt as key, so that nobody without it can try values.
    Other kinds of values (objects, true, null) are taken out: they cannot be hashed and must not
    stay readable.
    """
    return editor(path, lambda value: _hash(value, salt))


def _hash(value: Any, salt: str | None) -> Any:
    if isinstance(value, list):
        return [digest for each in value if (digest := _hash(each, salt)) is not MISSING]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return MISSING
    data = str(value).encode("utf-8", "surrogatepass")
    if salt is None:
        return hashlib.sha256(data).hexdigest()
    return hmac.new(salt.encode(), data, hashlib.sha256).hexdigest()
