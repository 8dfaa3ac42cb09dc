"""Which consent signals an event and its request carry: found here, understood elsewhere."""

from collections.abc import Callable
from typing import NamedTuple

from gateway.consent.cookies import find_cookie
from gateway.consent.settings import ConsentSettings
from gateway.event import Event, Received

_LONGEST = 4096
"""Characters of a string: what a cookie holds, in which consent managers keep them."""

_SECTIONS = 100
"""Ids in one ``gpp_sid``; there are two dozen sections."""

_TOO_LONG = "?"
"""In place of a longer string: readable in no format."""


class Strings(NamedTuple):
    """Consent strings as they came, empty where there is none."""

    gcd: str = ""
    gcs: str = ""
    npa: str = ""
    tc_string: str = ""
    gpp: str = ""
    gpp_sid: str = ""
    us_privacy: str = ""


class Signals(NamedTuple):
    """All signals of an event and its request. Hashable, so they key a cache.

    categories: id and choice, of the categories that the configuration names. cookies: name and
    value, of the cookies that it names.
    """

    strings: Strings = Strings()
    categories: tuple[tuple[str, bool], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()


_IN_SERVER_MODE = "x-sst-system_properties"
"""An object in which gtag.js, sending to a server, keeps the parameters of IAB's specifications."""

_CATEGORIES = "consent_categories"

_TEXTS = tuple(
    (name, Strings._fields.index(string))
    for name, string in (
        ("x-ga-gcd", "gcd"),
        ("x-ga-gcs", "gcs"),
        ("x-ga-npa", "npa"),
        ("x-ga-mp2-gdpr_consent", "tc_string"),
        ("gdpr_consent", "tc_string"),
        ("tc_string", "tc_string"),
        ("x-ga-mp2-gpp", "gpp"),
        ("gpp", "gpp"),
        ("x-ga-mp2-gpp_sid", "gpp_sid"),
        ("gpp_sid", "gpp_sid"),
        ("x-ga-mp2-us_privacy", "us_privacy"),
        ("us_privacy", "us_privacy"),
    )
)
"""Fields of the event, each with the place of its string in `Strings`; of several for one string
the last is the most trusted. IAB's URL parameters are fields of their own names; ``x-ga-...`` is
where the hits of Google's tags have them.
"""

_SIGNS = frozenset([name for name, _ in _TEXTS] + [_IN_SERVER_MODE, _CATEGORIES])
_NONE = Signals()


def compile_signals(settings: ConsentSettings) -> Callable[[Event, Received], Signals]:
    """The function that collects what `settings` say is read."""
    cookies = tuple(settings.cookies)
    categories = tuple(settings.categories)

    def signals_of(event: Event, received: Received) -> Signals:
        in_event = not event.keys().isdisjoint(_SIGNS)
        signals = _in_event(event, categories) if in_event else _NONE
        header = received.headers.get("cookie") if cookies else None
        if header:
            found = ((name, _text(find_cookie(header, name))) for name in cookies)
            signals = signals._replace(cookies=tuple(pair for pair in found if pair[1]))
        return signals

    return signals_of


def _in_event(event: Event, categories: tuple[str, ...]) -> Signals:
    properties = event.get(_IN_SERVER_MODE)
    fields = {**properties, **event} if isinstance(properties, dict) else event
    strings = [*_NONE.strings]
    for name, place in _TEXTS:
        if name in fields:
            strings[place] = _text(fields[name]) or strings[place]
    chosen = event.get(_CATEGORIES) if categories else None
    return Signals(Strings(*strings), _choices(chosen, categories) if chosen else ())


def _text(value: object) -> str:
    """`value` as the text that it would be in a URL; ``gpp_sid`` may be a number or a list."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else _TOO_LONG
    numbers = value[:_SECTIONS] if isinstance(value, list) else [value]
    return ",".join(str(number) for number in numbers if _is_section(number))


def _is_section(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and -1 <= number < 1000


def _choices(chosen: object, categories: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    if not isinstance(chosen, dict):
        return ()
    return tuple((name, chosen[name]) for name in categories if isinstance(chosen.get(name), bool))
