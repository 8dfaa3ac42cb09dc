"""The stage: an event with its consent complete in, with its identifiers out.

Nothing is read or set that the visitor did not allow: identifiers of advertising need
`ad_storage`, those of analytics `analytics_storage`, our own cookie what is configured for it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.event import Event, Received
from gateway.identity.click_cookies import fill_click_ids
from gateway.identity.cookies import compile_cookies, compile_scope
from gateway.identity.ga_session import fill_session
from gateway.identity.google_linker import linked_cookies
from gateway.identity.link import compile_link_reader
from gateway.identity.meta_cookies import compile_meta_cookies
from gateway.identity.page_links import strip_links
from gateway.identity.settings import IdentitySettings
from gateway.identity.user_id import compile_hash_user_id
from gateway.identity.vendor_cookies import VENDOR_COOKIES
from gateway.identity.visit import Visit
from gateway.identity.visitor import compile_visitor


@dataclass(slots=True)  # not frozen: one is made for every event, and that takes thrice as long
class Identified:
    """What the stage made of an event.

    cookies: values of ``Set-Cookie`` headers for the answer; events of one request ask for the
    same ones. line: what was done, in words and without any identifier; "" if nothing.
    """

    event: Event
    cookies: tuple[str, ...] = ()
    line: str = ""


def compile_identity(
    settings: IdentitySettings, salt: str | None
) -> Callable[[Event, Received], Identified]:
    """The stage as `settings` want it. It needs `consent` to be complete.

    salt: of the configuration. Raises `ValueError` when what is configured needs it and it is
    missing.
    """
    hash_user_id = compile_hash_user_id(salt) if settings.hash_user_id else None
    open_visit = _compile_visit(settings)
    visitor = compile_visitor(settings, compile_link_reader(settings, salt))
    meta_cookies = compile_meta_cookies(settings.meta_cookies)

    def identify(event: Event, received: Received) -> Identified:
        notes: list[str] = []
        if hash_user_id is not None and event.get("user_id"):
            event = hash_user_id(event)
            notes.append("user_id hashed")
        clean = strip_links(event)
        has_link = clean is not event
        if has_link:
            notes.append("link parameters taken out")
        visit = None if received.trusted else open_visit(event, received, has_link, notes)
        if visit is None:
            return Identified(clean, (), "; ".join(notes))
        if visit.own or visit.analytics:
            visitor(visit)
        if visit.analytics and visit.jar:
            fill_session(visit)
        if visit.ads:
            meta_cookies(visit)
            if visit.jar:
                fill_click_ids(visit)
        found = {**clean, **visit.found} if visit.found else clean
        return Identified(found, tuple(visit.cookies), "; ".join(notes))

    return identify


def _compile_visit(
    settings: IdentitySettings,
) -> Callable[[Event, Received, bool, list[str]], Visit | None]:
    own_consent = dict.fromkeys(settings.consent, "granted").items()
    has_own = settings.visitor_cookie is not None or bool(settings.link_domains)
    sets_cookies = settings.visitor_cookie is not None or settings.meta_cookies
    read_cookies = compile_cookies(VENDOR_COOKIES | {settings.visitor_cookie or ""} - {""})
    scope_of = compile_scope(settings.domain, settings.visitor_cookie)

    def open_visit(
        event: Event, received: Received, has_link: bool, notes: list[str]
    ) -> Visit | None:
        """None when the visitor allows nothing that is done here."""
        consent, headers = event.get("consent", {}), received.headers
        ads = consent.get("ad_storage") == "granted"
        analytics = consent.get("analytics_storage") == "granted"
        own = has_own and own_consent <= consent.items()
        if not (ads or analytics or own):
            return None
        header = headers.get("cookie", "")
        jar = read_cookies(header) if header else {}
        linked = linked_cookies(event, received) if has_link else {}
        # from another site a browser sends no such cookies, and takes none
        scope = (
            scope_of(headers.get("host", ""), headers.get("x-forwarded-proto") == "https")
            if sets_cookies and headers.get("sec-fetch-site") != "cross-site"
            else None
        )
        jar = {**jar, **linked} if linked else jar
        return Visit(event, received, has_link, jar, linked, ads, analytics, own, scope, notes)

    return open_visit
