"""Replaces the user id by a hash, for sites that must not share raw ids."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from gateway.event import Event

_NAMES = frozenset(
    (
        "id",
        "uid",
        "userid",
        "clientid",
        "previousid",
        "externalid",
        "customerid",
        "memberid",
        "accountid",
        "username",
        "login",
    )
)
"""Names of fields in which pages repeat the user id, in lower case and without underscores."""

_OBJECTS = ("user_properties", "user_data")


def compile_hash_user_id(salt: str | None) -> Callable[[Event], Event]:
    """The function that replaces the user id by its HMAC-SHA256 in hex.

    The result is the same as that of the rules' action `hash`. Repetitions of the raw id, in fields
    whose names say that they are ids, are replaced too. Raises `ValueError` without a salt: a hash
    without a key can be undone by trying all ids.
    """
    if not salt:
        raise ValueError("identity.hash_user_id needs server.hash_salt")
    key = salt.encode()

    def hash_user_id(event: Event) -> Event:
        raw = event.get("user_id")
        if not raw:
            return event
        hashed = hmac.digest(key, raw.encode("utf-8", "surrogatepass"), sha256).hex()
        replaced = {**event, **_repeated(event, raw, hashed), "user_id": hashed}
        for name in _OBJECTS:
            part = event.get(name)
            if isinstance(part, dict) and (changed := _repeated(part, raw, hashed)):
                replaced[name] = {**part, **changed}
        return replaced

    return hash_user_id


def _repeated(fields: dict[str, Any], raw: str, hashed: str) -> dict[str, str]:
    return {
        name: hashed
        for name, value in fields.items()
        if isinstance(value, str | int)
        and str(value) == raw
        and name.replace("_", "").lower() in _NAMES
    }
