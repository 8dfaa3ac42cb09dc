"""The proof cookie: proves that a request comes from the browser that received the visitor id.

The visitor id is not secret: it is the client id in tags, links and other cookies. The proof is a
second cookie that scripts cannot read: HMAC-SHA256 of the visitor id, in URL-safe Base64. It is set
together with an id that the gateway has just generated, which no one else can know, and renewed in
each request that has it. An id from an event, a link or another cookie gets no proof, because
anyone could have sent it.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import NamedTuple

from gateway.event import Received
from gateway.stages.cookies import compile_cookies
from gateway.stages.digests import derived_key
from gateway.stages.identity.cookies import visitor_id
from gateway.stages.identity.settings import IdentitySettings


class Proof(NamedTuple):
    """The proof cookie of a configuration. name: of the cookie. of: from a visitor id to the value
    of its proof. holds: whether the cookies of a request have the proof of a visitor id."""

    name: str
    of: Callable[[str], str]
    holds: Callable[[Mapping[str, str], str], bool]


def proof_name(visitor_cookie: str) -> str:
    """The name of the proof cookie."""
    return f"{visitor_cookie}_proof"


def compile_proof(settings: IdentitySettings, salt: str | None) -> Proof | None:
    """The proof cookie for `settings`; None without a visitor cookie or without a salt."""
    if not settings.visitor_cookie or not salt:
        return None
    name, key = proof_name(settings.visitor_cookie), derived_key(salt, b"visitor proof")

    def proof_of(visitor: str) -> str:
        mac = hmac.digest(key, visitor.encode(), sha256)
        return urlsafe_b64encode(mac).rstrip(b"=").decode()

    def holds(jar: Mapping[str, str], visitor: str) -> bool:
        given = jar.get(name, "").encode("utf-8", "replace")
        return bool(given) and hmac.compare_digest(given, proof_of(visitor).encode())

    return Proof(name, proof_of, holds)


def compile_proven_visitor(
    settings: IdentitySettings, salt: str | None
) -> Callable[[Received], str]:
    """A function from a request to the visitor id in its visitor cookie, "" unless the request also
    has the proof of that id."""
    cookie, proof = settings.visitor_cookie, compile_proof(settings, salt)
    if cookie is None or proof is None:
        return lambda _: ""
    read_cookies = compile_cookies([cookie, proof.name])

    def proven_visitor(received: Received) -> str:
        jar = read_cookies(received.headers.get("cookie", ""))
        visitor = visitor_id(jar.get(cookie, ""))
        return visitor if visitor and proof.holds(jar, visitor) else ""

    return proven_visitor
