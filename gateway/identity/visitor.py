"""The visitor id: found, or made, and kept in a cookie of the server's own.

Scripts cannot reach the cookie, and browsers that shorten the life of what scripts set leave it
alone. Sources: webkit.org/tracking-prevention; the forms of `_ga` and `FPID` as gtag.js and
Google's server container write them.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from gateway.identity.cookies import visitor_id
from gateway.identity.fresh import compile_fresh_number
from gateway.identity.link import LinkReader
from gateway.identity.settings import IdentitySettings
from gateway.identity.vendor_cookies import FPID, GA, SNIPPET
from gateway.identity.visit import Visit

_GA = re.compile(r"GA1\.[0-9-]{1,8}\.([0-9]{1,20}\.[0-9]{1,20})")
_FPID = re.compile(r"FPID2\.[0-9-]{1,8}\.([A-Za-z0-9+/_-]{1,128}={0,2}\.[0-9]{1,20})")
_SNIPPET = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")

Found = tuple[str, str]
"""A visitor id, "" for none, and where it is from, in words."""


def compile_visitor(settings: IdentitySettings, read_link: LinkReader) -> Callable[[Visit], None]:
    """The part of the stage that fills `client_id` and sets the visitor cookie."""
    name, replace = settings.visitor_cookie, settings.replace_client_id
    seed = settings.seed or name is None
    fresh = compile_fresh_number(b"visitor")

    def known(visit: Visit) -> Found:
        """A link is newer than any cookie, so it comes first, as it does in gtag.js."""
        if visit.has_link:
            if visit.own and (linked := read_link(visit.event, visit.received)):
                return linked, "a signed link"
            if visit.analytics and (linked := client_id_of_ga(visit.linked.get(GA, ""))):
                return linked, "the _gl parameter"
        if name and visit.own and (own := visitor_id(visit.jar.get(name, ""))):
            return own, "the visitor cookie"
        return _of_others(visit) if seed and visit.analytics else ("", "")

    def seeded_or_new(visit: Visit) -> Found:
        """Only for a browser that keeps it: otherwise each hit would be another visitor."""
        if not (name and visit.own and visit.scope):
            return "", ""
        if seed and (said := visitor_id(visit.event.get("client_id", ""))):
            return said, "the event"
        return f"{fresh(visit.received)}.{int(visit.received.at)}", "a new visitor id"

    def visitor(visit: Visit) -> None:
        found, origin = known(visit) if visit.jar or visit.has_link else ("", "")
        if not found:
            found, origin = seeded_or_new(visit)
        if not found:
            return
        _fill(visit, found, origin, replace)
        if name and visit.own and visit.scope:
            visit.cookies.append(f"{name}={found}{visit.scope.visitor}")
            kept = visit.jar.get(name) == found
            visit.notes.append("visitor cookie renewed" if kept else "visitor cookie set")

    return visitor


def client_id_of_ga(cookie: str) -> str:
    """The client id in a `_ga` cookie, its last two parts; "" if there is none."""
    match = _GA.fullmatch(cookie)
    return match[1] if match else ""


def client_id_of_fpid(cookie: str) -> str:
    """The client id in an `FPID` cookie, its last two parts; "" if there is none."""
    match = _FPID.fullmatch(unquote(cookie))
    return match[1] if match else ""


def _of_others(visit: Visit) -> Found:
    jar = visit.jar
    if FPID in jar and (found := client_id_of_fpid(jar[FPID])):
        return found, "FPID"
    if SNIPPET in jar and _SNIPPET.fullmatch(jar[SNIPPET]):
        return jar[SNIPPET], "the snippet's cookie"
    if GA in jar and (found := client_id_of_ga(jar[GA])):
        return found, "_ga"
    return "", ""


def _fill(visit: Visit, found: str, origin: str, replace: bool) -> None:
    said = visit.event.get("client_id")
    if not said:
        visit.fill("client_id", found, origin)
    elif replace and said != found:
        visit.fill("client_id", found, origin)
        visit.found["x-ga-js_client_id"] = said
