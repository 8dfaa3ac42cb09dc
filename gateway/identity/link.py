"""Our own links between domains: a parameter that says who follows the link.

``<expiry in Unix seconds>.<visitor id>.<HMAC-SHA256>``, the latter two in URL-safe Base64. The
signature covers the domain that the link leads to and the browser's user agent: a link that is
copied elsewhere, or to somebody else's kind of browser, identifies nobody, and after minutes
none does.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256

from gateway.event import Event, Received
from gateway.identity.cookies import compile_cookies, visitor_id
from gateway.identity.domains import host_name, is_local, is_within
from gateway.identity.page_links import OWN, link_parameter, without_links
from gateway.identity.settings import IdentitySettings

LinkReader = Callable[[Event, Received], str]
"""The visitor id that the link of an event's page carries, "" if none."""

_TOKEN = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{1,256})\.([A-Za-z0-9_-]{43})")
_URL = re.compile(r"(https?)://([^/?#\\@\s]{1,262})((?:/[^?#\\\s]*)?)(\?[^#\\\s]*)?(#[^\\\s]*)?")
_LONGEST_URL = 4_096


def sign_link(key: bytes, visitor: str, domain: str, user_agent: str, expires: int) -> str:
    """The parameter's value. domain: where the link leads to. expires: Unix seconds."""
    mac = _mac(key, visitor, domain, user_agent, expires)
    return f"{expires}.{_encoded(visitor.encode())}.{_encoded(mac)}"


def verify_link(key: bytes, token: str, domain: str, user_agent: str, now: float) -> str:
    """The visitor id in `token`, or "" unless it was signed for `domain` and this browser and
    its time is not over. now: Unix seconds."""
    match = _TOKEN.fullmatch(token)
    if not match or now > int(match[1]):
        return ""
    try:
        visitor = _decoded(match[2]).decode("ascii")
        given = _decoded(match[3])
    except ValueError:
        return ""
    mac = _mac(key, visitor, domain, user_agent, int(match[1]))
    return visitor_id(visitor) if hmac.compare_digest(mac, given) else ""


def link_key(settings: IdentitySettings, salt: str | None) -> bytes:
    """The key of the signatures. Raises `ValueError` when links are wanted and there is none."""
    if settings.link_secret is not None:
        return settings.link_secret.get_secret_value().encode()
    if salt:
        # a key of its own: the salt itself hashes values that senders choose
        return hmac.digest(salt.encode(), b"identity link", sha256)
    if settings.link_domains:
        raise ValueError("identity.link_domains needs identity.link_secret or server.hash_salt")
    return b""


def compile_link_reader(settings: IdentitySettings, salt: str | None) -> LinkReader:
    """The function that reads the link of an event's page. Raises `ValueError` without a key."""
    key, domains = link_key(settings, salt), settings.link_domains

    def read(event: Event, received: Received) -> str:
        token = link_parameter(event, OWN)
        domain = _domain_of(event["page_location"], domains) if token else ""
        if not domain:
            return ""
        return verify_link(key, token, domain, received.user_agent, received.at)

    def none(event: Event, received: Received) -> str:
        return ""

    return read if domains else none


def compile_link(settings: IdentitySettings, salt: str | None) -> Callable[[str, Received], str]:
    """The redirect between domains: from the URL asked for to the one to send the browser to.

    The answer is "" for a URL that is not https under one of ``link_domains`` (http on this
    machine): anything else would let strangers use our name for their links. A visitor whose
    request has no visitor cookie, who so has not consented, gets the plain URL. Raises
    `ValueError`, at once, when there is no key.
    """
    key, domains = link_key(settings, salt), settings.link_domains
    cookie, seconds = settings.visitor_cookie or "", settings.link_seconds
    read_cookies = compile_cookies({cookie} - {""})

    def link(to: str, received: Received) -> str:
        domain = _domain_of(to, domains)
        if not domain or not to.isascii() or not to.isprintable():
            return ""
        url = without_links(to)
        visitor = visitor_id(read_cookies(received.headers.get("cookie", "")).get(cookie, ""))
        if not visitor:
            return url
        expires = int(received.at) + seconds
        return _with(url, sign_link(key, visitor, domain, received.user_agent, expires))

    return link


def _domain_of(url: str, domains: Sequence[str]) -> str:
    """Which of `domains` the page at `url` belongs to, "" if none."""
    match = _URL.fullmatch(url) if len(url) <= _LONGEST_URL else None
    host = host_name(match[2]) if match else ""
    if not match or not host or (match[1] == "http" and not is_local(host)):
        return ""
    return next((domain for domain in domains if is_within(host, domain)), "")


def _with(url: str, token: str) -> str:
    before, mark, fragment = url.partition("#")
    joint = "&" if "?" in before else "?"
    return f"{before}{joint}{OWN}={token}{mark}{fragment}"


def _mac(key: bytes, visitor: str, domain: str, user_agent: str, expires: int) -> bytes:
    agent = sha256(user_agent.encode("utf-8", "replace")).hexdigest()
    return hmac.digest(key, f"{expires}\n{domain}\n{agent}\n{visitor}".encode(), sha256)


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
