"""A stated denial: the visitor cookie is deleted, and no link carries its id."""

from collections.abc import Callable, Set

from gateway.event import Event, Received
from gateway.stages.cookies import compile_cookies
from gateway.stages.identity.cookies import compile_scope, takes_cookies
from gateway.stages.identity.proof import proof_name
from gateway.stages.identity.settings import IdentitySettings

IsDenied = Callable[[Event, Set[str]], bool]
"""From an event with its consent complete, and the types that were not stated, to whether its
visitor denies the visitor cookie."""

Delete = Callable[[Event, Received, Set[str]], tuple[str, ...]]
"""From an event, how it came in and the types that were not stated to ``Set-Cookie`` values that
delete cookies."""


def compile_denial(settings: IdentitySettings) -> IsDenied:
    """The function that tells whether one of the types in ``settings.consent`` was denied by a
    statement. A default, of the visitor's place or of the page, is not a statement."""
    needed = frozenset(settings.consent)

    def is_denied(event: Event, unstated: Set[str]) -> bool:
        consent = event.get("consent", {})
        return any(consent.get(name) == "denied" and name not in unstated for name in needed)

    return is_denied


def compile_deletion(settings: IdentitySettings) -> Delete:
    """The function that deletes our own cookies in the browser of a visitor who denies them."""
    visitor = settings.visitor_cookie
    names = (visitor, proof_name(visitor)) if visitor else ()
    is_denied = compile_denial(settings)
    read_cookies = compile_cookies(names)
    scope_of = compile_scope(settings.domain, settings.visitor_cookie)

    def delete(event: Event, received: Received, unstated: Set[str]) -> tuple[str, ...]:
        headers = received.headers
        header = headers.get("cookie")
        if header is None or not is_denied(event, unstated):
            return ()
        brought = read_cookies(header).keys()
        if not brought or received.trusted or received.backend or not takes_cookies(headers):
            return ()
        scope = scope_of(headers.get("host", ""), headers.get("x-forwarded-proto") == "https")
        return tuple(f"{name}={scope.deleted}" for name in names if name in brought)

    return delete
