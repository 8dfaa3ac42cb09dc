"""The visitor id: read or generated, and stored in a cookie that the server sets.

Scripts cannot read the cookie, and browsers that limit the lifetime of cookies set by scripts do
not limit this one. Sources: webkit.org/tracking-prevention; the forms of `_ga` and `FPID` as
gtag.js and Google's server container write them.
"""

import re
from collections.abc import Callable

from gateway.event.cookie_ids import client_id_of_fpid, client_id_of_ga
from gateway.stages.identity.cookies import visitor_id
from gateway.stages.identity.fresh import compile_fresh_number
from gateway.stages.identity.link import LinkReader
from gateway.stages.identity.proof import Proof
from gateway.stages.identity.settings import IdentitySettings
from gateway.stages.identity.visit import Visit
from gateway.stages.vendor_cookies import FPID, GA, SNIPPET

_CLIENT_ID = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")
"""As in `_ga`, and as our own script makes it."""

Found = tuple[str, str]
"""A visitor id, "" for none, and its origin in words."""


def compile_visitor(
    settings: IdentitySettings, read_link: LinkReader, proof: Proof | None = None
) -> Callable[[Visit], None]:
    """The part of the stage that fills `client_id` and sets the visitor cookie, together with its
    proof cookie if `proof` is given."""
    name, replace = settings.visitor_cookie, settings.replace_client_id
    seed = settings.seed or name is None
    fresh = compile_fresh_number(b"visitor")

    def known(visit: Visit) -> Found:
        """The id that the request brings. A link is newer than the cookies of other tools, so it
        takes precedence over them, as in gtag.js. It does not replace our own cookie: otherwise
        anybody could change a visitor's id with a link."""
        if name and visit.own and (own := visitor_id(visit.jar.get(name, ""))):
            return own, "the visitor cookie"
        if visit.own and visit.received.linked_visitor:
            return visit.received.linked_visitor, "a signed link"
        if visit.has_link:
            if visit.own:
                visit.unclaimed_link = read_link(visit.event, visit.received)
            if visit.analytics and (linked := client_id_of_ga(visit.linked.get(GA, ""))):
                return linked, "the _gl parameter"
        return _of_others(visit) if seed and visit.analytics else ("", "")

    def seeded_or_new(visit: Visit) -> Found:
        """The event's id or a new one, but only if the browser keeps it: otherwise each hit would
        be another visitor."""
        if not (name and visit.own and visit.scope):
            return "", ""
        said = visit.event.get("client_id", "")
        if seed and _CLIENT_ID.fullmatch(said):
            return said, "the event"
        visit.is_new = True
        return f"{fresh(visit.received)}.{int(visit.received.at)}", "a new visitor id"

    def visitor(visit: Visit) -> None:
        may_be_known = visit.jar or visit.has_link or visit.received.linked_visitor
        found, origin = known(visit) if may_be_known else ("", "")
        if not found:
            found, origin = seeded_or_new(visit)
        if not found:
            return
        _fill(visit, found, origin, replace)
        if name and visit.own and visit.scope:
            visit.cookies.append(f"{name}={found}{visit.scope.visitor}")
            if proof and (visit.is_new or _is_proven(visit, name, found, proof)):
                visit.cookies.append(f"{proof.name}={proof.of(found)}{visit.scope.visitor}")
            kept = visit.jar.get(name) == found
            visit.notes.append("visitor cookie renewed" if kept else "visitor cookie set")

    return visitor


def _is_proven(visit: Visit, cookie: str, visitor: str, proof: Proof) -> bool:
    return visit.jar.get(cookie) == visitor and proof.holds(visit.jar, visitor)


def _of_others(visit: Visit) -> Found:
    jar = visit.jar
    if FPID in jar and (found := client_id_of_fpid(jar[FPID])):
        return found, "FPID"
    if SNIPPET in jar and _CLIENT_ID.fullmatch(jar[SNIPPET]):
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
