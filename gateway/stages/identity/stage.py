"""The stage: adds identifiers to an event that has its consent.

Nothing is read or set without the visitor's consent: identifiers of advertising require
`ad_storage`, identifiers of analytics `analytics_storage`, and the visitor cookie the types that
are configured for it.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

from gateway.event import Event, Received
from gateway.stages.cookies import compile_cookies
from gateway.stages.identity.click_cookies import fill_browsers, fill_click_ids
from gateway.stages.identity.cookies import compile_scope, takes_cookies
from gateway.stages.identity.denial import compile_deletion
from gateway.stages.identity.ga_session import fill_session
from gateway.stages.identity.google_linker import linked_cookies
from gateway.stages.identity.link import Link, compile_link_reader
from gateway.stages.identity.meta_cookies import compile_meta_cookies
from gateway.stages.identity.page_links import strip_links
from gateway.stages.identity.proof import Proof, compile_proof
from gateway.stages.identity.settings import IdentitySettings
from gateway.stages.identity.user_id import compile_hash_user_id
from gateway.stages.identity.visit import Visit
from gateway.stages.identity.visitor import compile_visitor
from gateway.stages.needs import Needs
from gateway.stages.vendor_cookies import GA_SESSIONS, VENDOR_COOKIES

_HEADERS = frozenset(
    [
        "accept",
        "accept-language",
        "host",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "x-forwarded-proto",
    ]
)
"""Headers that the stage reads besides ``Cookie``."""

_NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class Identified:
    """What the stage made of an event.

    cookies: values of ``Set-Cookie`` headers for the answer; those of one request's events are the
    same. line: what was done, in words and without any identifier; "" if nothing was done.
    stated_visitor: the `client_id` that the sender itself sent, in the event or in a cookie; ""
    without one. unclaimed_link: a link that would identify the visitor if the request had claimed
    it.
    """

    event: Event
    cookies: tuple[str, ...] = ()
    line: str = ""
    stated_visitor: str = ""
    unclaimed_link: Link | None = None


class Identify(Protocol):
    """The stage."""

    def __call__(self, event: Event, received: Received, unstated: Set[str] = _NONE) -> Identified:
        """unstated: consent types that were not stated, so that their denial is a default."""


def compile_identity(
    settings: IdentitySettings, salt: str | None, proves: bool = False
) -> Identify:
    """The stage for `settings`. It requires a complete `consent`.

    salt: of the configuration. proves: whether the proof cookie is set too. Raises `ValueError` if
    the settings need the salt and it is missing.
    """
    hash_user_id = compile_hash_user_id(salt) if settings.hash_user_id else None
    proof = compile_proof(settings, salt) if proves else None
    open_visit = _compile_visit(settings, proof)
    visitor = compile_visitor(settings, compile_link_reader(settings, salt), proof)
    meta_cookies = compile_meta_cookies(settings.meta_cookies)
    delete = compile_deletion(settings)

    def identify(event: Event, received: Received, unstated: Set[str] = _NONE) -> Identified:
        notes: list[str] = []
        if hash_user_id is not None and event.get("user_id"):
            event = hash_user_id(event)
            notes.append("user_id hashed")
        clean = strip_links(event)
        has_link = clean is not event
        if has_link:
            notes.append("link parameters removed")
        unseen = received.trusted or received.backend or received.anonymous
        visit = None if unseen else open_visit(event, received, has_link, notes)
        said = clean.get("client_id", "")
        deleted = () if visit and visit.own else delete(event, received, unstated)
        if deleted:
            notes.append("visitor cookie deleted")
        if visit is None:
            return Identified(clean, deleted, "; ".join(notes), said)
        if visit.own or visit.analytics:
            visitor(visit)
        if visit.analytics and visit.jar:
            fill_session(visit)
        if visit.ads:
            meta_cookies(visit)
            if visit.jar:
                fill_click_ids(visit)
                fill_browsers(visit)
        found = clean | visit.found if visit.found else clean
        stated = said if visit.is_new else found.get("client_id", "")
        cookies = (*visit.cookies, *deleted)
        return Identified(found, cookies, "; ".join(notes), stated, visit.unclaimed_link)

    return identify


def identity_needs(settings: IdentitySettings) -> Needs:
    """What the stage reads from a request, except the proof cookie: decisions that are repeated
    later set no cookies."""
    names = VENDOR_COOKIES | {settings.visitor_cookie or ""} - {""}
    return Needs(_HEADERS, names, (GA_SESSIONS,))


def _compile_visit(
    settings: IdentitySettings, proof: Proof | None
) -> Callable[[Event, Received, bool, list[str]], Visit | None]:
    own_consent = dict.fromkeys(settings.consent, "granted").items()
    has_own = settings.visitor_cookie is not None or bool(settings.link_domains)
    sets_cookies = settings.visitor_cookie is not None or settings.meta_cookies
    needs = identity_needs(settings)
    names = needs.cookies | ({proof.name} if proof else set())
    read_cookies = compile_cookies(names, *needs.cookie_patterns)
    scope_of = compile_scope(settings.domain, settings.visitor_cookie)

    def open_visit(
        event: Event, received: Received, has_link: bool, notes: list[str]
    ) -> Visit | None:
        """The visit; None if the visitor's consent covers nothing that this stage does."""
        consent, headers = event.get("consent", {}), received.headers
        ads = consent.get("ad_storage") == "granted"
        analytics = consent.get("analytics_storage") == "granted"
        own = has_own and own_consent <= consent.items()
        if not (ads or analytics or own):
            return None
        header = headers.get("cookie", "")
        jar = read_cookies(header) if header else {}
        linked = linked_cookies(event, received) if has_link else {}
        scope = (
            scope_of(headers.get("host", ""), headers.get("x-forwarded-proto") == "https")
            if sets_cookies and takes_cookies(headers)
            else None
        )
        jar = {**jar, **linked} if linked else jar
        return Visit(event, received, has_link, jar, linked, ads, analytics, own, scope, notes)

    return open_visit
