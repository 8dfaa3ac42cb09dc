"""Signed links between domains: a parameter that identifies the visitor who follows the link.

``<expiry in Unix milliseconds>.<visitor id>.<HMAC-SHA256>``, the latter two in URL-safe Base64. The
signature covers the domain that the link leads to, the browser's user agent and the network of
its address: a link that is copied to another domain, another kind of browser or another network
identifies nobody, and every link expires after minutes. A link may identify a visitor only once,
which needs a memory outside of this stage: the stage reports the link that it would use, and uses
the link that the request has claimed for all of its events.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from gateway.event import Event, Received
from gateway.stages.consent import Consented
from gateway.stages.cookies import compile_cookies
from gateway.stages.enrichment.anonymise import anonymise_ip
from gateway.stages.identity.cookies import visitor_id
from gateway.stages.identity.denial import compile_denial
from gateway.stages.identity.page_links import OWN, link_parameter, without_links
from gateway.stages.identity.settings import IdentitySettings
from gateway.urls.domains import host_name, is_local, is_within


class Recipient(NamedTuple):
    """Whom a link is for.

    domain: that the link leads to. user_agent: the whole header. network: of the browser's address,
    from `anonymise_ip`; "" if the address is not known.
    """

    domain: str
    user_agent: str
    network: str


class Link(NamedTuple):
    """A link with a valid signature. visitor: the id that it carries. id: of the link, to remember
    that it was used; it does not depend on the encoding. expires: Unix seconds."""

    visitor: str
    id: str
    expires: float


LinkReader = Callable[[Event, Received], Link | None]
"""The link in the URL of an event's page; None if there is none that is valid for this request."""

_TOKEN = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{1,256})\.([A-Za-z0-9_-]{43})")
_URL = re.compile(r"(https?)://([^/?#\\@\s]{1,262})((?:/[^?#\\\s]*)?)(\?[^#\\\s]*)?(#[^\\\s]*)?")
"""Only URLs that all browsers read alike, since the host decides who gets a visitor's id."""
_MAX_URL = 4_096
_ID = 32
"""Hexadecimal digits of a link's id."""


def sign_link(key: bytes, visitor: str, recipient: Recipient, expires: float) -> str:
    """The parameter's value. expires: Unix seconds; two links of one visitor differ by it."""
    milliseconds = round(1000 * expires)
    mac = _mac(key, visitor, recipient, milliseconds)
    return f"{milliseconds}.{_encoded(visitor.encode())}.{_encoded(mac)}"


def verify_link(key: bytes, token: str, recipient: Recipient, now: float) -> Link | None:
    """The link in `token`, None unless it was signed for `recipient` and has not expired.

    now: Unix seconds.
    """
    match = _TOKEN.fullmatch(token)
    if not match or 1000 * now > int(match[1]):
        return None
    try:
        visitor = _decoded(match[2]).decode("ascii")
        given = _decoded(match[3])
    except ValueError:
        return None
    milliseconds = int(match[1])
    mac = _mac(key, visitor, recipient, milliseconds)
    if not hmac.compare_digest(mac, given) or not visitor_id(visitor):
        return None
    return Link(visitor, sha256(mac).hexdigest()[:_ID], milliseconds / 1000)


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
    """The function that reads the link of an event's page, used or not. Raises `ValueError` without
    a key."""
    key, domains = link_key(settings, salt), settings.link_domains

    def read(event: Event, received: Received) -> Link | None:
        token = link_parameter(event, OWN)
        domain = _domain_of(event["page_location"], domains) if token else ""
        if not domain:
            return None
        return verify_link(key, token, _recipient(domain, received), received.at)

    def none(event: Event, received: Received) -> None:
        return None

    return read if domains else none


def compile_link(
    settings: IdentitySettings, salt: str | None
) -> Callable[[str, Received, Consented], str]:
    """The redirect between domains: from the URL asked for to the one to send the browser to.

    The result is "" for a URL that is not https (or http on this machine) under one of
    ``link_domains``: anything else would be an open redirect. A visitor whose request has no
    visitor cookie, or denies a type that the cookie needs, is sent to the plain URL. Raises
    `ValueError` if there is no key.
    """
    key, domains = link_key(settings, salt), settings.link_domains
    cookie, seconds = settings.visitor_cookie or "", settings.link_seconds
    read_cookies = compile_cookies({cookie} - {""})
    is_denied = compile_denial(settings)

    def link(to: str, received: Received, consented: Consented) -> str:
        domain = _domain_of(to, domains)
        if not domain or not to.isascii() or not to.isprintable():
            return ""
        url = without_links(to)
        if is_denied(consented.event, consented.open):
            return url
        visitor = visitor_id(read_cookies(received.headers.get("cookie", "")).get(cookie, ""))
        if not visitor:
            return url
        expires = received.at + seconds
        return _with(url, sign_link(key, visitor, _recipient(domain, received), expires))

    return link


def _domain_of(url: str, domains: Sequence[str]) -> str:
    """Which of `domains` the page at `url` belongs to, "" if none."""
    match = _URL.fullmatch(url) if len(url) <= _MAX_URL else None
    host = host_name(match[2]) if match else ""
    if not match or not host or (match[1] == "http" and not is_local(host)):
        return ""
    return next((domain for domain in domains if is_within(host, domain)), "")


def _with(url: str, token: str) -> str:
    before, mark, fragment = url.partition("#")
    joint = "&" if "?" in before else "?"
    return f"{before}{joint}{OWN}={token}{mark}{fragment}"


def _recipient(domain: str, received: Received) -> Recipient:
    return Recipient(domain, received.user_agent, anonymise_ip(received.client_ip))


def _mac(key: bytes, visitor: str, recipient: Recipient, milliseconds: int) -> bytes:
    domain, user_agent, network = recipient
    agent = sha256(user_agent.encode("utf-8", "replace")).hexdigest()
    signed = f"{milliseconds}\n{domain}\n{agent}\n{network}\n{visitor}"
    return hmac.digest(key, signed.encode(), sha256)


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
