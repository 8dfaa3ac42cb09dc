"""Cookies of our own: the visitor id in them, and the headers that set them.

Source: RFC 6265; developer.chrome.com/blog/cookie-max-age-expires for the longest life.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.urls.domains import MAX_HEADER, host_name, is_local, registrable_domain

MAX_AGE = 34_560_000
"""Seconds that a cookie of the visitor id lives: 400 days, the most that browsers allow."""

META_MAX_AGE = 7_776_000
"""Seconds that Meta's cookies live: 90 days, as its pixel sets them."""

_VISITOR_ID = re.compile(r"[A-Za-z0-9._+/=:-]{1,160}")
_HOSTS = 1_024


def visitor_id(text: str) -> str:
    """`text` if it can be a visitor id, which stands in a cookie as it is, else ""."""
    return text if _VISITOR_ID.fullmatch(text) else ""


@dataclass(frozen=True, slots=True)
class CookieScope:
    """Where the cookies for one host belong.

    domain: the ``Domain`` attribute, "" for the host alone. visitor, deleted, meta: what follows
    the value in the ``Set-Cookie`` header of the visitor cookie, of the same when it is deleted,
    and of Meta's, which its script reads too.
    """

    domain: str
    visitor: str
    deleted: str
    meta: str


ScopeOf = Callable[[str, bool], CookieScope]


def compile_scope(domain: str | None, visitor_cookie: str | None) -> ScopeOf:
    """A function from a ``Host`` header, and whether the visitor came over TLS for certain, to
    the scope of cookies.

    domain: of the cookies, whatever the header says. visitor_cookie: its name; browsers refuse
    one with a prefix unless the attributes keep what it promises. Without TLS only this machine
    is spoken to.
    """
    name = visitor_cookie or ""
    one_host, always_secure = name.startswith("__Host-"), name.startswith(("__Host-", "__Secure-"))

    @lru_cache(maxsize=_HOSTS)
    def scope_of(header: str, tls: bool) -> CookieScope:
        host = host_name(header)
        own = registrable_domain(host) if domain is None else domain
        secure = tls or not is_local(host)
        visitor = "" if one_host else own
        return CookieScope(
            own,
            _attributes(visitor, MAX_AGE, secure or always_secure, http_only=True),
            _attributes(visitor, 0, secure or always_secure, http_only=True),
            _attributes(own, META_MAX_AGE, secure, http_only=False),
        )

    return lambda header, tls: scope_of(header if len(header) <= MAX_HEADER else "", tls)


def deletes(cookie: str) -> bool:
    """Whether a ``Set-Cookie`` value of this module deletes its cookie."""
    return "; Max-Age=0;" in cookie


def takes_cookies(headers: Mapping[str, str]) -> bool:
    """Whether a request is one that cookies are set by.

    From another site a browser sends no such cookies, and takes none. A page that is opened is
    asked for by whoever made the link to it, and a stranger must not choose a visitor's id.
    Sources: w3.org/TR/fetch-metadata; fetch.spec.whatwg.org (a document is asked for with an
    ``Accept`` that begins with ``text/html``), for browsers that send no ``Sec-Fetch-Mode``, as
    over HTTP without TLS.
    """
    if headers.get("sec-fetch-site") == "cross-site":
        return False
    mode = headers.get("sec-fetch-mode")
    if mode is None and headers.get("accept", "").startswith("text/html"):
        return False
    return mode != "navigate" and headers.get("sec-fetch-dest") != "document"


def _attributes(domain: str, max_age: int, secure: bool, *, http_only: bool) -> str:
    return (
        "; Path=/"
        + (f"; Domain={domain}" if domain else "")
        + f"; Max-Age={max_age}"
        + ("; Secure" if secure else "")
        + ("; HttpOnly" if http_only else "")
        + "; SameSite=Lax"
    )
