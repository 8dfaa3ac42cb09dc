"""The identifiers of an event, and the texts in which they stand."""

from collections.abc import Collection
from typing import Any
from urllib.parse import unquote

from gateway.event import Event

IDENTIFIERS = (
    *("client_id", "user_id", "transaction_id", "fbp", "fbc", "ga_session_id", "click_ids"),
    *("user_data", "app_instance_id", "x-ga-js_client_id"),
)
"""Fields that tell who the visitor is, or which order is his. Without the address, which on a
developer's machine is the host of every page."""

_SHARED = frozenset(["city", "region", "country"])
"""Parts of an address that many have, whose words stand in paths and names of products."""

_MOST = 100
"""Identifiers of one event. An honest one has a dozen, and each costs a search."""

_BETWEEN_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}


def without_identifiers(texts: Event, event: Event) -> Event:
    """`texts`, a JSON object, without the texts in which an identifier of `event` stands.

    It stands there when its words do, one behind the other, whatever is between them: the order
    ``T-1001`` in ``/thanks/t_1001`` and ``/thanks?o=T%2D1001``, but not in ``/T-10012``. Numbers
    and names of fields are not looked at. Nothing is left when `event` has too many identifiers.
    """
    had = {name: event[name] for name in IDENTIFIERS if name in event}
    if not had:
        return texts
    identifiers = {_phrase(str(leaf)) for leaf in _leaves(had, _SHARED)} - {_phrase("")}
    if len(identifiers) > _MOST:
        return {}
    text = _phrase("\n".join([leaf for leaf in _leaves(texts) if isinstance(leaf, str)]))
    found = [identifier for identifier in identifiers if identifier in text]
    return _without(texts, found) or {} if found else texts


def _phrase(text: str) -> str:
    """The words of `text` with a space before and behind each, so that only whole ones match."""
    plain = unquote(text) if "%" in text else text
    return f" {' '.join(plain.lower().translate(_BETWEEN_WORDS).split())} "


def _leaves(value: Event, apart: Collection[str] = ()) -> list[str | int]:
    """Every text and whole number in `value`, but for those in parts that are named `apart`."""
    leaves: list[str | int] = []
    containers: list[Any] = [value]
    for container in containers:  # which grows meanwhile
        if isinstance(container, dict):
            container = [each for name, each in container.items() if name not in apart]
        for each in container:
            if isinstance(each, (str, int)):
                leaves.append(each)
            elif isinstance(each, (dict, list)):
                containers.append(each)
    return leaves


def _without(value: Any, identifiers: Collection[str]) -> Any:
    """What is left of `value`, None when nothing is."""
    if isinstance(value, dict):
        left = {name: _without(each, identifiers) for name, each in value.items()}
        return {name: each for name, each in left.items() if each is not None} or None
    if isinstance(value, list):
        elements = [_without(each, identifiers) for each in value]
        return [each for each in elements if each is not None] or None
    if isinstance(value, str):
        phrase = _phrase(value)
        return None if any(identifier in phrase for identifier in identifiers) else value
    return value
