"""Cookies: reading a request's, and writing the headers that set ours.

Source: RFC 6265; developer.chrome.com/blog/cookie-max-age-expires for the longest life.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.identity.domains import host_name, is_local, registrable_domain
from gateway.identity.vendor_cookies import GA_SESSION

MAX_AGE = 34_560_000
"""Seconds that a cookie of the visitor id lives: 400 days, the most that browsers allow."""

META_MAX_AGE = 7_776_000
"""Seconds that Meta's cookies live: 90 days, as its pixel sets them."""

_VISITOR_ID = re.compile(r"[A-Za-z0-9._+/=:-]{1,160}")
_HOSTS = 1_024
_HEADERS = 64
"""Cached for the events of one batch, which share a header; no more, they are personal data."""


def compile_cookies(wanted: Collection[str]) -> Callable[[str], Mapping[str, str]]:
    """A function from a ``Cookie`` header to those of its cookies that are `wanted` by name, and
    those of Google Analytics' sessions.

    Of several with one name the first counts: browsers send the most specific first. The result
    is shared: never change it.
    """

    # possessive where it repeats, so that the time grows with the length of the header alone
    names = "|".join([*map(re.escape, sorted(wanted)), f"{GA_SESSION}(?:[^=;]*[^=;\\s])?"])
    find = re.compile(rf";\s*+({names})\s*+(?:=([^;]*+)|(?![^;]))").findall

    @lru_cache(maxsize=_HEADERS)
    def read(header: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name, value in find(f";{header}"):
            found.setdefault(name, value.strip().strip('"'))
        return found

    return read


def visitor_id(text: str) -> str:
    """`text` if it can be a visitor id, which stands in a cookie as it is, else ""."""
    return text if _VISITOR_ID.fullmatch(text) else ""


@dataclass(frozen=True, slots=True)
class CookieScope:
    """Where the cookies for one host belong.

    domain: the ``Domain`` attribute, "" for the host alone. visitor, meta: what follows the value
    in the ``Set-Cookie`` header of the visitor cookie, and of Meta's, which its script reads too.
    """

    domain: str
    visitor: str
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
    def scope(header: str, tls: bool) -> CookieScope:
        host = host_name(header)
        own = registrable_domain(host) if domain is None else domain
        secure = tls or not is_local(host)
        return CookieScope(
            own,
            _attributes("" if one_host else own, MAX_AGE, secure or always_secure, http_only=True),
            _attributes(own, META_MAX_AGE, secure, http_only=False),
        )

    return scope


def _attributes(domain: str, max_age: int, secure: bool, *, http_only: bool) -> str:
    return (
        "; Path=/"
        + (f"; Domain={domain}" if domain else "")
        + f"; Max-Age={max_age}"
        + ("; Secure" if secure else "")
        + ("; HttpOnly" if http_only else "")
        + "; SameSite=Lax"
    )
