"""Collects the consent signals of an event and its request; `readers` interprets them."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from gateway.event import Event, Received
from gateway.event.consent import (
    LOOSE_CONSENTS,
    OTHER_CONSENTS,
    OTHER_SPELLINGS,
    TYPE_FIELDS,
)
from gateway.event.consent_members import CATEGORIES, choices_of, read_members
from gateway.event.every_value import opened_whole
from gateway.stages.consent.categories import bounded, choices_in, merged
from gateway.stages.consent.other_fields import denied_by_type, objects_in, said_elsewhere
from gateway.stages.consent.settings import ConsentSettings
from gateway.stages.cookies import compile_every_cookie
from gateway.stages.needs import Needs

LONGEST = 16_384
"""Maximum number of characters of all strings of an event. A browser's cookie has up to 4,096;
strings of several vendors can be longer together. Reading this many takes up to 30 ms."""

_MAX_STRINGS = 20
"""Maximum number of different strings, of all kinds together, and of cookies."""

_MAX_SECTIONS = 100
"""Maximum number of ids in one ``gpp_sid``; there are two dozen sections."""

_MAX_SECTION_TEXT = 64
"""Maximum number of characters of an id in the list of a ``gpp_sid``."""

TOO_LONG = "?"
"""Replaces a string that is too long; it cannot be read in any format."""

Pairs = tuple[tuple[str, str], ...]


class Signals(NamedTuple):
    """All signals of an event and its request. Hashable, so that they can key a cache.

    strings: kind (``gcd``, ``gcs``, ``npa``, ``gdpr``, ``tcf``, ``gpp``, ``gpp_sid``,
    ``us_privacy``, ``gpc``) and text of each string. said: the types that fields other than
    `consent` state. by_type: types that are denied in a field of their own. query: the types that
    the query of the URL states. categories: id and choice. cookies: name and value of the cookies
    that the configuration names.
    """

    strings: Pairs = ()
    said: Pairs = ()
    by_type: Pairs = ()
    query: Pairs = ()
    categories: tuple[tuple[str, bool], ...] = ()
    cookies: Pairs = ()

    @property
    def length(self) -> int:
        """Approximate number of characters."""
        texts = sum(len(text) for pairs in (self.strings, self.cookies) for _, text in pairs)
        return texts + sum(len(name) for name, _ in self.categories)


_IN_SERVER_MODE = "x-sst-system_properties"
"""The object for the parameters of IAB's specifications when gtag.js sends to a server."""

_NAMES = {
    "gcd": "gcd",
    "gcs": "gcs",
    "npa": "npa",
    "gdpr": "gdpr",
    "gdpr_consent": "tcf",
    "tc_string": "tcf",
    "gpp": "gpp",
    "gpp_sid": "gpp_sid",
    "us_privacy": "us_privacy",
    "gpc": "gpc",
}
"""Kinds of strings by their names in URLs, as in IAB's specifications and Google's tags."""

_FIELDS = {
    name: kind
    for short, kind in _NAMES.items()
    for name in (short, f"x-ga-{short}", f"x-ga-mp2-{short}")
}
"""The same by the event's fields; those of hits of Google's tags begin with ``x-ga-``."""

_FLAGS = ("gdpr", "gpc")

_OTHER_FIELDS = {
    spelling: _NAMES[name] for spelling, name in OTHER_SPELLINGS.items() if name in _NAMES
}
_IN_QUERY = {**_NAMES, **{spelling.lower(): kind for spelling, kind in _OTHER_FIELDS.items()}}
"""The same by names in a URL, in lower case."""

_OTHER_CATEGORIES = [name for name, meant in OTHER_SPELLINGS.items() if meant == CATEGORIES]

_SIGNS = frozenset(
    [
        *(*_FIELDS, *OTHER_SPELLINGS, *OTHER_CONSENTS, *LOOSE_CONSENTS, *TYPE_FIELDS),
        *(_IN_SERVER_MODE, CATEGORIES),
    ]
)
NO_SIGNALS = Signals()


class _Stated(NamedTuple):
    """What the query of a URL states. strings: as in `Signals`. types: as `Signals.query`.
    accepted: choices by category."""

    strings: Pairs = ()
    types: Pairs = ()
    accepted: dict[str, bool] = {}


NOTHING = _Stated()

_in_query = re.compile(
    rf"(?:^|&)({'|'.join(_IN_QUERY)}|consent(?:(?:[.\[]|%2E|%5B)[^=&]*)?)(?:=([^&]*)|(?=&|$))",
    re.IGNORECASE,
).findall
_encoded_name_in = re.compile(r"&[^=&%]*+%").search
"""Whether a name in a query contains an escape; the query must begin with ``&``."""

_part_of_consent = re.compile(r"consent[.\[]([^\].\[]*)", re.IGNORECASE).match


def consent_needs(settings: ConsentSettings) -> Needs:
    """What the stage reads from a request."""
    return Needs(frozenset(["sec-gpc"]), frozenset(settings.cookies))


def compile_signals(settings: ConsentSettings) -> Callable[[Event, Received], Signals]:
    """The function that collects the signals that `settings` enable."""
    read_cookies = compile_every_cookie(tuple(settings.cookies)) if settings.cookies else None

    def signals_of(event: Event, received: Received) -> Signals:
        signals = NO_SIGNALS if _SIGNS.isdisjoint(event) else _in_event(event)
        if received.query and (stated := _stated_by(received)) is not NOTHING:
            signals = _with_query(signals, stated)
        if read_cookies is not None and (header := received.headers.get("cookie")):
            signals = signals._replace(cookies=_bounded(read_cookies(header)))
        return signals

    return signals_of


def _stated_in(query: str) -> list[tuple[str, str]]:
    """The parameters in `query` that state consent: names and values, still encoded. ``&amp;``
    separates parameters too, as in `gateway.sources.form`."""
    query = query.replace("&amp;", "&")
    if "%" not in query or not _encoded_name_in(f"&{query}"):
        return _in_query(query)
    pairs = (pair.partition("=") for pair in query.split("&"))
    return [
        (name, value)
        for name, _, value in pairs
        if _in_query(unquote_plus(name).replace("&", " ").replace("=", " "))
    ]


def _in_event(event: Event) -> Signals:
    strings = _strings(event)
    properties = opened_whole(event.get(_IN_SERVER_MODE))
    if isinstance(properties, dict):
        strings = _distinct([*strings, *_strings(properties)])
    spelt = [event[name] for name in _OTHER_CATEGORIES if name in event]
    others = [each for value in spelt for each in objects_in(value)]
    chosen = [event.get(CATEGORIES), *others]
    elsewhere = said_elsewhere(event)
    if elsewhere.strings:
        strings = _distinct([*strings, *_strings(elsewhere.strings)])
    accepted = choices_of(elsewhere)
    choices = merged([*(choices_in(each, CATEGORIES) for each in chosen), accepted])
    categories = bounded(choices) if choices else ()
    said = tuple(elsewhere.states.items())
    return Signals(strings, said, denied_by_type(event), categories=categories)


def _strings(fields: Mapping[str, Any]) -> Pairs:
    found = []
    for name, kind in _FIELDS.items():
        if name not in fields:
            continue
        value = fields[name]
        if kind == "gpp_sid":
            found.append((kind, _sections(value)))
        elif isinstance(value, list):
            found += [(kind, _text(each)) for each in value]
        else:
            found.append((kind, _text(value)))
    if _OTHER_FIELDS.keys().isdisjoint(fields):
        return _distinct(found)
    for name, kind in _OTHER_FIELDS.items():
        value = fields.get(name)
        if kind == "gpp_sid":
            found.append((kind, _sections(value)))
        else:
            texts = value if isinstance(value, list) else [value]
            known = [each for each in texts if isinstance(each, str) or kind in _FLAGS]
            found += [(kind, _text(each)) for each in known]  # others are custom fields
    return _distinct(found)


def _stated_by(received: Received) -> _Stated:
    """What the query of the request states. It is read once for all of its events: a long one takes
    30 ms."""
    stated: _Stated | None = received.stated
    if stated is None:
        stated = received.stated = _read_query(received.query)
    return stated


def _read_query(query: str) -> _Stated:
    found = _stated_in(query)
    if not found:
        return NOTHING
    strings: list[tuple[str, str]] = []
    consents: list[object] = []
    for name, value in found:
        name, text = unquote_plus(name), unquote_plus(value)
        if kind := _IN_QUERY.get(name.lower()):
            strings.append((kind, _text(text)))
        elif part := _part_of_consent(name):
            consents.append({part[1]: text})
        else:
            consents.append(text)
    members = read_members(consents)
    strings += _strings(members.strings)
    return _Stated(_distinct(strings), tuple(members.states.items()), choices_of(members))


def _with_query(signals: Signals, stated: _Stated) -> Signals:
    strings = _distinct([*signals.strings, *stated.strings])
    categories = signals.categories
    if stated.accepted:
        categories = bounded(merged([dict(categories), stated.accepted]))
    return signals._replace(strings=strings, query=stated.types, categories=categories)


def _distinct(strings: Iterable[tuple[str, str]]) -> Pairs:
    """The different, non-empty strings. Those that exceed the limits, the longest first, are
    replaced by a single unreadable one."""
    distinct = tuple(dict.fromkeys([pair for pair in strings if pair[1]]))
    if len(distinct) <= _MAX_STRINGS and sum(len(text) for _, text in distinct) <= LONGEST:
        return distinct
    shortest = sorted(distinct, key=lambda pair: len(pair[1]))[:_MAX_STRINGS]
    lengths = accumulate(len(text) for _, text in shortest)
    read = [pair for pair, length in zip(shortest, lengths, strict=True) if length <= LONGEST]
    return (*read, ("tcf", TOO_LONG))


def _bounded(cookies: Pairs) -> Pairs:
    """`cookies`, with those that are too long made unreadable; all above the limit become one."""
    read = cookies[:_MAX_STRINGS]
    bounded = [pair if len(pair[1]) <= LONGEST else (pair[0], TOO_LONG) for pair in read]
    return (*bounded, *((name, TOO_LONG) for name, _ in cookies[_MAX_STRINGS:][:1]))


def _text(value: object) -> str:
    """`value` as it would be written in a URL."""
    if isinstance(value, str):
        return value.strip() if len(value) <= LONGEST else TOO_LONG
    if value is None or value == [] or value == {}:
        return ""
    number = _whole(value)
    return str(int(number)) if number is not None and 0 <= number < 10 else TOO_LONG


def _sections(value: object) -> str:
    """The ids in a ``gpp_sid``, which may be a text, a number or a list of these. If there are too
    many, the result names none, so that all sections are read."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else TOO_LONG
    values = value if isinstance(value, list) else [value]
    numbers = [each if isinstance(each, str) else _whole(each) for each in values]
    ids = dict.fromkeys(str(number) for number in numbers if _is_section(number))
    return ",".join(ids) if len(ids) <= _MAX_SECTIONS else TOO_LONG


def _is_section(number: object) -> bool:
    if isinstance(number, str):
        return len(number) <= _MAX_SECTION_TEXT
    return isinstance(number, int) and not isinstance(number, bool) and -1 <= number < 1000


def _whole(value: object) -> int | None:
    """The whole number `value`, which some senders write as ``1.0``; None if it is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None
