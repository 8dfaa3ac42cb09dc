"""Checks the key of senders for which a key is optional."""

from gateway.sources.base import Inbound, Refused
from gateway.sources.keys import KeySet
from gateway.sources.reading import bearer_key


def is_trusted(request: Inbound, keys: KeySet) -> bool:
    """Whether `request` shows one of `keys` as ``Authorization: Bearer KEY``. Raises `Refused` if
    it shows any other key."""
    shown = bearer_key(request.headers)
    if shown and shown not in keys:
        raise Refused(401, "unauthorized", "the key in Authorization is not one of this source")
    return bool(shown)
