"""The cookies in which consent managers keep a visitor's choices.

Sources: cookiebot.com/en/developer (``CookieConsent``), my.onetrust.com "OneTrust Cookies"
(``OptanonConsent``), usercentrics.com/docs/web (``ucData``, ``uc_gcm`` and ``uc_settings``, which
are entries of the browser's storage; a page must copy one of them into a cookie).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from gateway.event.consent import consent_type
from gateway.event.every_value import load_every_value
from gateway.stages.consent.categories import (
    Choices,
    Meanings,
    is_agreed,
    merged,
    read_categories,
)
from gateway.stages.consent.types import States, UnreadableString, denials_in

_ADVERTISING = ("ad_storage", "ad_user_data", "ad_personalization")
_FUNCTIONALITY = ("functionality_storage", "personalization_storage")

MEANINGS: Mapping[str, Meanings] = {
    "cookiebot": {
        "necessary": ("security_storage",),
        "preferences": _FUNCTIONALITY,
        "statistics": ("analytics_storage",),
        "marketing": _ADVERTISING,
    },
    "onetrust": {
        "C0001": ("security_storage",),
        "C0002": ("analytics_storage",),
        "C0003": _FUNCTIONALITY,
        "C0004": _ADVERTISING,
    },
    "usercentrics": {
        "adStorage": ("ad_storage",),
        "analyticsStorage": ("analytics_storage",),
        "adUserData": ("ad_user_data",),
        "adPersonalization": ("ad_personalization",),
    },
}
"""What the vendors' own categories mean to Consent Mode, as the vendors publish it."""

_ENCODINGS = 3
"""How often a value is decoded at most: some servers encode a cookie again on its way."""

_cookiebot_choice = re.compile(
    r"\b(necessary|preferences|statistics|marketing)[\"']?\s*:\s*([^,}]*)([,}]?)", re.IGNORECASE
)
_UNNAMED = "unnamed service"

_onetrust_groups = re.compile(r"(?:^|&)groups=([^&]*)")
_between_groups = re.compile(r"[,|;]")
"""OneTrust writes commas; code that copies the cookie may use another separator."""

_usercentrics_denial = re.compile(
    rf"\"({'|'.join(MEANINGS['usercentrics'])})\"\s*:\s*(?:\"denied\"|\"?false\b|\"?0\b)",
    re.IGNORECASE,
)


def decoded(value: str) -> str:
    """`value` percent-decoded as often as it was encoded, three times at most."""
    for _ in range(_ENCODINGS):
        if "%" not in value:
            break
        value = unquote(value)
    return value


def read_cookiebot(value: str) -> Choices:
    """``{stamp:'...',necessary:true,preferences:false, ...}``, or a lone number.

    A number states no choice (``-1``: not asked, because no law requires it; ``0``: no answer). A
    category with any answer but ``true`` is denied. Raises `UnreadableString`; for a truncated
    value it carries the denials that can be read.
    """
    text = decoded(value).strip()
    is_cut = text[:1] == "{" and text[-1:] != "}"
    choices = _each_once(
        (name.lower(), answer.strip() == "true")
        for name, answer, end in _cookiebot_choice.findall(text)
        if end or not is_cut or answer == "false"
    )
    if is_cut:
        raise UnreadableString(denials=_denials(choices, "cookiebot"))
    if not choices and text not in ("-1", "0"):
        raise UnreadableString
    return choices


def _denials(choices: Choices, kind: str) -> States:
    states, _ = read_categories(choices.items(), MEANINGS[kind])
    return denials_in(states)


def read_onetrust(value: str) -> Choices:
    """``...&groups=C0001:1,C0002:0&...``; a group with any other state is denied.

    Raises `UnreadableString` if there is no group. It also raises it, with the denials that can be
    read, for a group without a name (the list was cut off behind a comma) or with two colons
    (several groups with an unknown separator).
    """
    text = value
    for _ in range(_ENCODINGS):
        if lists := _onetrust_groups.findall(text):
            groups = [group for each in lists for group in _between_groups.split(decoded(each))]
            parts = [group.partition(":") for group in groups]
            stated = [(name.strip(), state.strip()) for name, _, state in parts]
            choices = _each_once((name, state == "1") for name, state in stated if name)
            if not all(name and ":" not in state for name, state in stated):
                raise UnreadableString(denials=_denials(choices, "onetrust"))
            return choices
        text = unquote(text)  # no more than needed: the page's address may follow the groups
    raise UnreadableString


def _each_once(choices: Iterable[tuple[str, bool]]) -> Choices:
    """Merges the choices; a denial wins if a category occurs twice."""
    return merged({name: agreed} for name, agreed in choices)


def read_usercentrics(value: str) -> Choices:
    """JSON: ``ucData``, ``uc_gcm`` or ``uc_settings``; services by their id.

    A type or service with any state but a grant is denied. Raises `UnreadableString`, with the
    denials that can be read.
    """
    text = decoded(value)
    try:
        stored = load_every_value(text)
    except ValueError:
        refused = dict.fromkeys(_usercentrics_denial.findall(text), False)
        raise UnreadableString(denials=_denials(refused, "usercentrics")) from None
    if not isinstance(stored, dict):
        raise UnreadableString
    parts = [*_all_of(stored.get("gcm")), *_all_of(stored.get("consent"))]
    objects = [stored, *(part for part in parts if isinstance(part, dict))]
    services = [each.get("services") for each in objects]
    choices = _each_once(
        [
            *(choice for each in objects for choice in _usercentrics_types(each)),
            *(choice for each in services for choice in _usercentrics_services(each)),
        ]
    )
    is_whole = len(objects) == 1 + len(parts) and all(
        each is None or isinstance(each, (dict, list)) for each in services
    )
    if not choices or not is_whole:
        raise UnreadableString(denials=_denials(choices, "usercentrics"))
    return choices


def _usercentrics_types(stored: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    for name, value in stored.items():
        if consent_type(name):
            yield name, is_agreed(value)


def _usercentrics_services(services: Any) -> Iterator[tuple[str, bool]]:
    """``services`` is a list in version 2; in version 3 an object, inside ``consent``."""
    if isinstance(services, dict):
        for name, service in services.items():
            yield name or _UNNAMED, _state(service, "consent") is True
    for service in services if isinstance(services, list) else ():
        name = _state(service, "id")
        yield (
            name if name and isinstance(name, str) else _UNNAMED,
            _state(service, "status") is True,
        )


def _state(service: Any, key: str) -> Any:
    return service.get(key) if isinstance(service, dict) else None


def _all_of(value: Any) -> list[Any]:
    """The values of a key that may be missing or occur more than once."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


READERS: Mapping[str, Callable[[str], Choices]] = {
    "cookiebot": read_cookiebot,
    "onetrust": read_onetrust,
    "usercentrics": read_usercentrics,
}
