"""Our own cookies: the form of a visitor id, and the headers that set and delete cookies.

Source: RFC 6265; developer.chrome.com/blog/cookie-max-age-expires for the longest lifetime.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.urls.domains import MAX_HEADER, host_name, is_local, registrable_domain

MAX_AGE = 34_560_000
"""Lifetime of the visitor cookie in seconds: 400 days, the most that browsers allow."""

META_MAX_AGE = 7_776_000
"""Lifetime of Meta's cookies in seconds: 90 days, as its pixel sets them."""

_VISITOR_ID = re.compile(r"[A-Za-z0-9._+/=:-]{1,160}")
_HOSTS = 1_024


def visitor_id(text: str) -> str:
    """`text` if it can be a visitor id, which goes into a cookie unencoded, else ""."""
    return text if _VISITOR_ID.fullmatch(text) else ""


@dataclass(frozen=True, slots=True)
class CookieScope:
    """The scope of the cookies for one host.

    domain: the ``Domain`` attribute, "" for the host alone. visitor, deleted, meta: the attributes
    in the ``Set-Cookie`` header of the visitor cookie, of its deletion, and of Meta's cookies,
    which Meta's script reads too.
    """

    domain: str
    visitor: str
    deleted: str
    meta: str


ScopeOf = Callable[[str, bool], CookieScope]


def compile_scope(domain: str | None, visitor_cookie: str | None) -> ScopeOf:
    """A function from a ``Host`` header, and whether the visitor came over TLS for certain, to
    the scope of cookies.

    domain: of the cookies, instead of the one that follows from the header. visitor_cookie: its
    name; browsers refuse a name with a prefix (``__Host-``) unless the attributes are as it
    requires. Cookies are ``Secure`` except on this machine without TLS.
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
    """Whether cookies may be set in the answer to a request.

    In requests from other sites, browsers neither send nor accept these cookies. Navigations are
    excluded because whoever made a link decides what it requests, and a stranger must not choose a
    visitor's id. Sources: w3.org/TR/fetch-metadata; for browsers that send no ``Sec-Fetch-Mode``,
    such as over HTTP without TLS, fetch.spec.whatwg.org (the ``Accept`` of a document begins with
    ``text/html``).
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
