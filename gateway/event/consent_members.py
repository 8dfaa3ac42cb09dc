"""Reads the members of `consent` that are not Consent Mode's types: strings of consent managers and
tags, and lists of the categories that the visitor accepted.

Sources: cookieconsent.orestbida.com (getUserPreferences), my.onetrust.com (OnetrustActiveGroups),
developers.didomi.io (didomiPurposesConsent), axept.io (axeptio_authorized_vendors),
rudderstack.com/docs (consentManagement), npm @transcend-io/airgap.js-types
(TrackingConsentDetails), docs.prebid.org (gdprConsent); IAB's CMP API v2 (TCData, in-app keys) and
GPP CMP API (pingData, in-app keys).
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from gateway.event.bounds import is_same
from gateway.event.category_names import is_usual_category
from gateway.event.consent import (
    CONSENT,
    OTHER_SPELLINGS,
    UNKNOWN_KEYS,
    States,
    has_denial,
    is_grant,
    read_statements,
    statements_in,
)
from gateway.event.every_value import opened_whole
from gateway.event.text import folded

CATEGORIES = "consent_categories"
"""Field with the visitor's choices by category, under any names."""

NOT_ACCEPTED = "all that is not accepted"
"""A category that no consent manager has. Its denial denies every type without a choice."""

_TEXTS = ("gcd", "gcs", "gdpr_consent", "tc_string", "gpp", "us_privacy")
_NUMBERS = ("gdpr", "gpp_sid", "npa")
"""Fields in which false or 0 is no denial, unlike in a choice: see ``gdprApplies: false``."""

_NAMES = {
    **{name: name for name in (*_TEXTS, "gpp_sid", "npa")},
    **{each: name for each, name in OTHER_SPELLINGS.items() if name in _TEXTS + _NUMBERS},
    **dict.fromkeys(("euconsent", "euconsent-v2", "euconsent_v2"), "tc_string"),
}
"""Fields of an event by their names in `consent`; `gdpr` itself may be a choice there."""

_GPC = "gpc"
_NAMES_OF_GPC = {
    *(_GPC, "gpcStatus", "gpcEnabled", "isGpcEnabled"),
    *(each for each, name in OTHER_SPELLINGS.items() if name == _GPC),
}
"""Names of Global Privacy Control in `consent`. Besides the opt-out, it denies what is not stated,
as other refusals do."""

_BY_SHAPE = {
    **dict.fromkeys(
        ("tcf", "consentString", "consent_string"),
        ("tc_string", re.compile(r"C[\w-]{30,}(?:\.[\w-]*)*").fullmatch),
    ),
    **dict.fromkeys(
        ("usp", "ccpa", "uspConsent"),
        ("us_privacy", re.compile(r"1[YN-]{3}", re.IGNORECASE).fullmatch),
    ),
}
"""Fields of an event by names in `consent` that can have other values too, and the shape of the
strings."""

_BESIDE_STRINGS = {
    "tc_string": re.compile(
        "IABTCF_.*|purpose|vendor|publisher|specialFeatureOptins|outOfBand|purposeOneTreatment"
        "|cmp(?:Id|Version|Status|Loaded)|eventStatus|listenerId|tcfPolicyVersion"
        "|isServiceSpecific|publisherCC|useNonStandardTexts|useNonStandardStacks|addtlConsent"
        "|enableAdvertiserConsentMode"
    ).fullmatch,
    "gpp": re.compile(
        "IABGPP_.*|gppVersion|cmp(?:Id|Status|DisplayStatus)|signalStatus|supportedAPIs"
        "|sectionList|parsedSections"
    ).fullmatch,
}
"""Members next to a TC string or a GPP string that are skipped, in IAB's APIs for pages and in the
storage of apps: the string states all choices."""

_LISTED = {
    *("activegroups", "onetrustactivegroups", "optanonactivegroups", "didomipurposesconsent"),
    "axeptioauthorizedvendors",
}
"""Keys, `folded`, that consent managers themselves write, with a comma-separated text of what the
visitor accepted."""

_PLURAL = {
    f"{word}{what}"
    for word in ("accepted", "allowed", "authorized", "authorised", "consented", "granted")
    for what in ("categories", "cookies", "groups", "purposes", "services", "types", "vendors")
}
_ACCEPTED = {
    *("accepted", "allowed", "consented", "granted", "categories", "level"),
    *("allowedconsentids", "accepttype", "enabled"),
    *_PLURAL,
    *_LISTED,
}
"""Keys, `folded`, of lists of what the visitor accepted."""

_EVERYTHING = frozenset(["all", "any", "everything", ""])
"""Names, `folded`, that mean all categories; ``*`` is folded to the empty one."""

ID_KEYS = ("id", "consentId", "categoryId", "purposeId", "name")
"""Members of an object that can hold the name of a category."""

_separator = re.compile(r"[\s,;|]+")
_PAIR = r"['\"]?+[\w.-]{1,64}+['\"]?+[:=]['\"]?+[\w.%+/=-]{0,128}+['\"]?+"
_is_pairs = re.compile(rf"[{{!,;\s]*{_PAIR}(?:[,;!&]{_PAIR})+[}},;\s]*").fullmatch
"""Pairs such as ``C0001:1,C0004:0``, as in cookies of consent managers. Each has one reading: with
two, the time to find out that a text has none of them would double with each pair."""

_is_flag = re.compile(r"[\w.-]{1,64}[:=](?:[01]|true|false|yes|no|granted|denied)").fullmatch
_pairs = re.compile(r"([\w.-]+)['\"]?[:=]['\"]?([\w.%+-]*)").findall

_MAX_TEXT = 4_096
_MAX_LEVELS = 4
_MAX_VALUES = 101
"""Values of one field that are kept. So many make the consent stage deny."""


def with_consent_read(event: Mapping[str, Any]) -> dict[str, Any]:
    """`event`, as it was sent, with what `read_members` finds in its `consent`. Without states, the
    field `consent` is removed."""
    read = {name: value for name, value in event.items() if name != CONSENT}
    members = read_members(event[CONSENT])
    for name, values in members.strings.items():
        read[name] = _several([*values_in(read.get(name)), *values])
    if choices := choices_of(members):
        own = opened_whole(read.get(CATEGORIES))
        if isinstance(own, dict) or not own:  # what cannot be read denies everything
            read[CATEGORIES] = {**choices, **(own or {})}
    if members.states:
        read[CONSENT] = members.states
    if members.unknown:
        read[UNKNOWN_KEYS] = members.unknown
    return read


class Members(NamedTuple):
    """states: by consent type. unknown: at most ten keys that are not types, shortened. strings:
    values by the event's field to which they belong. accepted: names of the accepted categories;
    all others are denied. None if nothing says which were accepted."""

    states: States
    unknown: list[str]
    strings: dict[str, list[Any]]
    accepted: list[str] | None


def read_members(said: object) -> Members:
    """Reads `said`, a statement of consent in any form, at any depth up to a limit; its types as
    `gateway.event.consent.read_consent` does."""
    found = _Found()
    rest = [found.taken_out_of(statement, _MAX_LEVELS) for statement in statements_in(said)]
    states, unknown = read_statements(rest)
    return Members(states, unknown, found.strings, found.accepted)


def choices_of(members: Members) -> dict[str, bool]:
    """`CATEGORIES` made of the accepted categories and the granted types; all else is denied. Empty
    if nothing says what was accepted."""
    if members.accepted is None:
        return {}
    granted = [name for name, state in members.states.items() if state == "granted"]
    return {NOT_ACCEPTED: False, **dict.fromkeys([*members.accepted, *granted], True)}


class _Found:
    """Collects the strings and accepted categories of statements, and takes them out of these."""

    def __init__(self) -> None:
        self.strings: dict[str, list[Any]] = {}
        self.accepted: list[str] | None = None

    def taken_out_of(self, stated: Mapping[str, Any], levels: int) -> dict[str, Any]:
        """The rest of `stated`."""
        beside = [
            _BESIDE_STRINGS[name]
            for key, value in stated.items()
            if (name := _name(key, value)) in _BESIDE_STRINGS and _is_string(name, value)
        ]
        rest = {}
        for key, value in stated.items():
            if key in _NAMES_OF_GPC and any(map(is_grant, values_in(value))):
                self.strings[_GPC] = [True]
            name = _name(key, value)
            if name is None and any(is_beside(key) for is_beside in beside):
                continue
            if name and _is_string(name, value):
                self.strings.setdefault(name, []).extend(values_in(value))
            elif folded(key) in _ACCEPTED and (names := _names_in(key, value)) is not None:
                self.accepted = self.accepted or []
                self.accepted += names
            else:
                rest[key] = self._left_of(value, levels - 1)
        return rest

    def _left_of(self, value: Any, levels: int) -> Any:
        value = as_object(value)
        if levels > 0 and isinstance(value, dict):
            return self.taken_out_of(value, levels)
        if levels > 0 and isinstance(value, list):
            return [self._left_of(each, levels - 1) for each in value]
        return value


def _name(key: str, value: object) -> str | None:
    """The field of an event to which the member `key` of `consent` belongs, if any."""
    if key in _BY_SHAPE and isinstance(value, str):
        name, has_shape = _BY_SHAPE[key]
        return name if has_shape(value.strip()) else None
    return _NAMES.get(key)


def _is_string(name: str, value: object) -> bool:
    """Whether `value` is a value of the field `name`, and not a choice about a category."""
    if name in _TEXTS:
        texts = value if isinstance(value, list) and value else [value]
        return all(
            isinstance(each, str) and each.strip() and not has_denial(each) for each in texts
        )
    return isinstance(value, (str, int, list))


def as_object(value: Any) -> Any:
    """The value that `value`, a text, holds as JSON; the object for a text or a list of pairs of
    names and choices; any other value unchanged."""
    if isinstance(value, list) and value and all(map(_is_flag_text, value)):
        return _by_name(",".join(value))
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        return value
    value = unquote(unquote(value)) if "%" in value else value
    read = opened_whole(value)
    if isinstance(read, str) and (_is_pairs(read) or _is_flag(read)):
        return _by_name(read)
    return read


def _is_flag_text(value: object) -> bool:
    return isinstance(value, str) and _is_flag(value) is not None


def _by_name(text: str) -> dict[str, list[str]]:
    """The pairs in `text`: a list of all values by name."""
    values: dict[str, list[str]] = {}
    for name, value in _pairs(text):
        values.setdefault(name, []).append(value)
    return values


def _names_in(key: str, value: Any) -> list[str] | None:
    """The names of the accepted categories in `value`; None if it holds anything else."""
    value = as_object(value)
    kind = folded(key)
    if isinstance(value, str):
        names = [name for name in _separator.split(value) if name]
        is_list = kind in _LISTED or (kind in _PLURAL and not names)
        return names if is_list or any(map(is_usual_category, names)) else None
    if isinstance(value, dict):
        if value and all(map(str.isdigit, value)):
            value = [*value.values()]
        elif value and kind != "categories" and all(map(is_grant, value.values())):
            return [*value]
    if not isinstance(value, list):
        return None
    ids = [_id(each) for each in value if each not in (None, "")]
    names = [each for each in ids if each is not None]
    return names if len(names) == len(ids) and _EVERYTHING.isdisjoint(map(folded, names)) else None


def _id(element: object) -> str | None:
    if isinstance(element, dict) and not has_denial(element):
        element = next((element[name] for name in ID_KEYS if element.get(name)), None)
    return str(element) if isinstance(element, (str, int)) else None


def _several(values: list[Any]) -> Any:
    """`values` of one field as one value: the only one, or a list of those that differ."""
    kept: list[Any] = []
    for value in values[:_MAX_VALUES]:
        if not any(is_same(value, each) for each in kept):
            kept.append(value)
    return kept[0] if len(kept) == 1 else kept


def values_in(value: object) -> list[Any]:
    """The elements of a list, or the only value; none for null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
