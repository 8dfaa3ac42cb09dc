"""Anonymise: reduces an event to what cannot identify the visitor.

It is an allow-list: fields that are not listed here are removed, including custom fields, because
their contents are not known. The owner can name custom fields that do not identify anyone.

==========================  ====================================================================
field                       what stays
==========================  ====================================================================
event_name                  all of it; ``anonymous_event`` if it contains an identifier
timestamp, currency,        all of it
value, tax, shipping,
consent
event_id                    all of it: without it no receiver would recognise a repetition. It
                            belongs to an event and not to a person, but links this event to
                            its copies at other destinations. A fresh one replaces it if it
                            contains an identifier of the visitor or of the order
items                       the shop's own words for the product, price, quantity, discount
page_location               scheme, host, path, and the parameters that carry a campaign
page_hostname, page_path    host and path alone
page_referrer               scheme and host (and port)
campaign                    the parts that `campaign` of enrichment fills
language                    the language, without its country
device                      category and browser, without versions
event_location              the country, as an ISO 3166 code
==========================  ====================================================================

Texts may contain identifiers too: the path of a thank-you page has the order's number. So each
text, each name inside custom fields and each number except the time is compared with the
identifiers of the original event, and removed if it contains one of them or a digest of one (see
`gateway.stages.identifiers`).
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from secrets import token_hex
from typing import Annotated, Any

from pydantic import AfterValidator

from destinations.url_parts import SCHEME, USER
from gateway.event import Event
from gateway.stages.consent.places import COUNTRIES
from gateway.stages.field_consent.table import CLICK_NAMES, VISITOR_FIELDS
from gateway.stages.identifiers import IDENTIFIERS, without_identifiers
from gateway.urls.page import CAMPAIGN

ANONYMISED = "anonymised"
"""Field that is true in every anonymised event; destinations check it."""

NAMELESS = "anonymous_event"
"""The name of an event whose own name contains an identifier."""

_TIME_AND_STATES = ("timestamp", "currency", "consent")
_WHOLE = ("event_name", "event_id", "value", "tax", "shipping")

_OF_ITEMS = frozenset(
    [
        "item_id",
        "item_name",
        "item_brand",
        "item_variant",
        "item_category",
        "affiliation",
        "item_category2",
        "item_category3",
        "item_category4",
        "item_category5",
        "item_list_id",
        "item_list_name",
        "price",
        "quantity",
        "discount",
        "index",
    ]
)
"""Without `coupon`: a code is often given to one person alone."""

_PAGE = ("page_location", "page_hostname", "page_path")
_OF_DEVICES = ("category", "browser")
_CATEGORIES = frozenset(["desktop", "mobile", "tablet", "smart tv"])
_CAMPAIGN_PARAMETERS = frozenset(name for names in CAMPAIGN.values() for name in names)

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\\]+)"
"""Only plain hosts: any other host in a URL may contain an identifier."""
_is_host = re.compile(_HOST).fullmatch
_origin = re.compile(
    rf"(?P<scheme>{SCHEME}//){USER}(?P<host>(?P<name>{_HOST})(?::\d+)?)(?=[/?#]|$)",
    re.IGNORECASE,
).match
_path = re.compile(r"/[^?#;]*").match
"""Ends at a semicolon too, because some servers append a session behind one."""
_language = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z0-9])").match
_is_browser = re.compile(r"[A-Za-z][A-Za-z !+&/-]{0,39}").fullmatch

_IDENTIFYING = frozenset(
    [
        *IDENTIFIERS,
        *VISITOR_FIELDS,
        *CLICK_NAMES,
        "ip_override",
        "user_agent",
        "client_hints",
        "user_properties",
    ]
)

Anonymise = Callable[[Event], Event]


def compile_anonymise(own_fields: Collection[str] = ()) -> Anonymise:
    """The function that anonymises an event that `read_event` has read.

    own_fields: names of custom fields to keep unchanged, because the owner knows that they do not
    identify anyone. The result has ``anonymised: true``; the event itself is not changed.
    """
    whole = (*_WHOLE, *own_fields)
    names = frozenset([*whole, *_PAGE, *_TEXTS, *_OF_ITEMS, *CAMPAIGN, *_OF_DEVICES])

    def anonymise(event: Event) -> Event:
        anonymous = {"event_name": NAMELESS, ANONYMISED: True}
        anonymous |= {name: event[name] for name in _TIME_AND_STATES if name in event}
        anonymous |= _reduced(event, _CODES)
        texts = {name: event[name] for name in whole if name in event}
        texts |= _page(event) | _reduced(event, _TEXTS)
        anonymous |= without_identifiers(texts, event, names)
        if "event_id" not in anonymous:
            anonymous["event_id"] = token_hex(16)
        return anonymous

    return anonymise


def _own_field(name: str) -> str:
    if name in _IDENTIFYING:
        raise ValueError(f"{name} identifies the visitor, so an anonymised event never has it")
    if name in _THERE:
        raise ValueError(f"{name} is kept by default, without the parts that identify the visitor")
    if not name or "." in name or "*" in name:
        raise ValueError(f"{name!r} is not a field name; paths into fields are not supported here")
    return name


OwnField = Annotated[str, AfterValidator(_own_field)]
"""In the configuration: the name of a custom field that an anonymous event may keep."""


def _reduced(event: Event, parts: Mapping[str, Callable[[Any], Any]]) -> Event:
    return {
        name: less
        for name, reduce in parts.items()
        if (value := event.get(name)) and (less := reduce(value))
    }


def _items(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: value
            for name, value in item.items()
            if name in _OF_ITEMS and isinstance(value, (str, int, float))
        }
        for item in items
    ]


def _page(event: Event) -> Event:
    """URL, host and path of the page, as far as the event has them.

    A host that differs from the one in the URL is left out: it may be a login that was misread.
    """
    url, host = event.get("page_location", ""), event.get("page_hostname", "")
    origin, path = _web_origin(url), _path(event.get("page_path", ""))
    page = {"page_location": _page_location(url, origin)} if origin else {}
    if _is_host(host) and (origin["name"].lower() == host.lower() if origin else not url):
        page["page_hostname"] = host
    if path:
        page["page_path"] = path[0]
    return page


def _page_location(url: str, origin: re.Match[str]) -> str:
    path = _path(url, origin.end())
    page = origin["scheme"] + origin["host"] + (path[0] if path else "/")
    query = url.partition("#")[0].partition("?")[2]
    campaign = [
        pair for pair in query.split("&") if pair.partition("=")[0].lower() in _CAMPAIGN_PARAMETERS
    ]
    return f"{page}?{'&'.join(campaign)}" if campaign else page


def _web_origin(url: str) -> re.Match[str] | None:
    """The origin in `url`; None unless it is a web page. The path of a file may contain a name."""
    return _origin(url) if url[:4].lower() == "http" else None


def _referrer(url: str) -> str:
    origin = _origin(url)
    return f"{origin['scheme']}{origin['host']}/" if origin else ""


def _primary_language(text: str) -> str:
    language = _language(text)
    return language[0].lower() if language else ""


def _device(device: object) -> dict[str, str]:
    if not isinstance(device, dict):
        return {}
    less = {}
    category, browser = device.get("category"), device.get("browser")
    if isinstance(category, str) and category in _CATEGORIES:
        less["category"] = category
    if isinstance(browser, str) and _is_browser(browser):
        less["browser"] = browser
    return less


def _country(location: Mapping[str, Any]) -> dict[str, str]:
    country = location.get("country", "").upper()
    return {"country": country} if country in COUNTRIES else {}


def _campaign(campaign: object) -> dict[str, str]:
    if not isinstance(campaign, dict):
        return {}
    return {part: text for part in CAMPAIGN if isinstance(text := campaign.get(part), str) and text}


_CODES: Mapping[str, Callable[[Any], Any]] = {
    "language": _primary_language,
    "event_location": _country,
}
_TEXTS: Mapping[str, Callable[[Any], Any]] = {
    "items": _items,
    "page_referrer": _referrer,
    "campaign": _campaign,
    "device": _device,
}
"""Fields of which a part stays, each with the function that reduces it; an empty result removes the
field. Only `_TEXTS` are searched for identifiers: a code could be mistaken for one."""

_THERE = frozenset(
    [
        ANONYMISED,
        *_WHOLE,
        *_TIME_AND_STATES,
        *_PAGE,
        *_CODES,
        *_TEXTS,
    ]
)
