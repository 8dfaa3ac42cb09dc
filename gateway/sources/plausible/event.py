"""Translates one event of Plausible. The script writes short names, and the API long ones.

Sources: plausible.io/docs/events-api for the names of the API; github.com/plausible/analytics,
lib/plausible/ingestion/request.ex and tracker/src, for those of the script.
"""

from collections.abc import Collection, Mapping
from typing import Any

from gateway.event import Event, EventError
from gateway.sources.own_properties import read_own_properties
from gateway.sources.reading import as_object, decoded_text, present
from gateway.sources.statement_fields import expanded_statements_in
from gateway.sources.statements import is_statement, with_statements
from gateway.urls.page import read_page_url

_NAMES = {
    "pageview": "page_view",
    "engagement": "user_engagement",
    "Outbound Link: Click": "click",
    "File Download": "file_download",
    "Form: Submission": "form_submit",
}
"""GA4's names for the script's events. Names of goals stay as they are."""

_LINKS = frozenset(["click", "file_download"])

_SHORT = {"name": "n", "url": "u", "domain": "d", "referrer": "r", "revenue": "$", "hashMode": "h"}
_PROPS = ("m", "meta", "p", "props")
_READ = frozenset({*_SHORT, *_SHORT.values(), *_PROPS, "i", "interactive", "v", "sd", "e"})


def to_event(message: Mapping[str, Any], domains: Collection[str]) -> Event:
    """The event in `message`; not yet checked.

    domains: the domains to accept, in the form of `plain_domain`; if empty, any.
    Raises `EventError` for an event without a name or of another site.
    """
    said = {name: message.get(short) or message.get(name) for name, short in _SHORT.items()}
    if not said["name"]:
        raise EventError("n: missing; send the name of the event")
    url = said["url"] if isinstance(said["url"], str) else ""
    page = read_page_url(url)
    domain = said["domain"] or page.hostname
    if domains and not any(each in domains for each in _plain_domains(domain)):
        raise EventError("d: not in domains of this source")
    own = {key: message[key] for key in message if key not in _READ and not is_statement(key)}
    event = {
        **own,
        **_properties(message),
        **present(
            {
                "domain": domain,
                "page_location": said["url"],
                "page_path": _hash_path(url, page.path) if said["hashMode"] else None,
                "page_referrer": said["referrer"],
            }
        ),
        **_revenue(said["revenue"]),
    }
    named = _named(event, said["name"], message)
    return with_statements(named, expanded_statements_in(message))


def plain_domain(name: str) -> str:
    """`name` of a site without ``www.`` before it, in lower case."""
    return name.strip().lower().removeprefix("www.")


def _plain_domains(said: Any) -> list[str]:
    """Sites of an event: several may be named, with commas between them."""
    return [plain_domain(each) for each in said.split(",")] if isinstance(said, str) else []


def _named(event: Event, name: Any, message: Mapping[str, Any]) -> Event:
    """`event` with its name, and with the fields that only the script's own events have."""
    known = _NAMES.get(name) if isinstance(name, str) else None
    if known == "user_engagement":
        event |= present(
            {"engagement_time_msec": message.get("e"), "percent_scrolled": message.get("sd")}
        )
    elif known in _LINKS and "url" in event:
        event["link_url"] = event.pop("url")
        event |= {"outbound": True} if known == "click" else {}
    if False in (message.get("i"), message.get("interactive")):
        event["interactive"] = False
    return {**event, "event_name": known or name}


def _properties(message: Mapping[str, Any]) -> Event:
    said = next((message[name] for name in _PROPS if message.get(name)), None)
    return read_own_properties(as_object(decoded_text(said)))


def _revenue(said: Any) -> Event:
    """``{"amount": 25.5, "currency": "USD"}``, or the amount alone, as the value of the event."""
    revenue = decoded_text(said)
    if isinstance(revenue, dict):
        return present({"value": revenue.get("amount"), "currency": revenue.get("currency")})
    return {"value": said} if isinstance(said, str | int | float) else {}


def _hash_path(url: str, path: str) -> str:
    """The path of a page on a site that distinguishes pages by the part after ``#``."""
    fragment = url.partition("#")[2]
    return f"{path}#{fragment}" if fragment else path
