"""What the headers of a request say about the visitor's browser.

Browsers send the same headers again and again, so results that depend on headers alone are cached
across requests, and looked up once for all events of a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway.event import Received
from gateway.stages.enrichment.accept_language import LANGUAGE_HEADER, favourite
from gateway.stages.enrichment.client_hints import HINT_HEADERS, read_client_hints
from gateway.system.bounded_cache import BoundedCache

_PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
BROWSER_HEADERS = (*HINT_HEADERS, LANGUAGE_HEADER, *_PREFETCH_HEADERS)

_MAX_REMEMBERED = 1_024
"""Maximum number of characters of all headers together; twice what browsers send."""

_SYSTEMS = {"Windows": "Windows NT", "macOS": "Macintosh", "Android": "Android"}
"""Names of systems: in client hints, and in user agents."""

_Values = tuple[str | None, ...]
"""Values of `BROWSER_HEADERS`, None for those that were not sent."""


class Manners(NamedTuple):
    """Behaviour by which bots are recognised.

    prefetches: the page was fetched in advance and may never be shown. has_head: the browser is not
    headless. has_language: it accepts a language. system: the name that its user agent should
    contain, "" if it is not known.
    """

    prefetches: bool
    has_head: bool
    has_language: bool
    system: str


@dataclass(frozen=True, slots=True)
class Browser:
    """What the headers say. Shared by all requests with the same headers, so never change it.

    client_hints: as sGTM names them. language: the preferred one, in lower case, "" if there is
    none.
    """

    client_hints: Mapping[str, Any]
    language: str
    manners: Manners


def browser_of(received: Received) -> Browser:
    found: Browser | None = received.browser
    if found is None:
        found = received.browser = _browsers[tuple(map(received.headers.get, BROWSER_HEADERS))]
    return found


def _read(values: _Values) -> Browser:
    headers = {name: value or "" for name, value in zip(BROWSER_HEADERS, values, strict=True)}
    languages = headers[LANGUAGE_HEADER]
    manners = Manners(
        any(headers[name].startswith(("prefetch", "preview")) for name in _PREFETCH_HEADERS),
        "HeadlessChrome" not in headers["sec-ch-ua"],
        bool(languages),
        _SYSTEMS.get(headers["sec-ch-ua-platform"].strip('"'), ""),
    )
    return Browser(read_client_hints(headers), favourite(languages), manners)


def _are_short(values: _Values) -> bool:
    return len("".join(filter(None, values))) <= _MAX_REMEMBERED


_browsers = BoundedCache(_read, _are_short)
