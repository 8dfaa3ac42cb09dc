"""The cookies of an answer, from the decisions about the events of its request."""

from collections.abc import Sequence

from gateway.pipeline.decision import Decision
from gateway.stages.consent import withdraws
from gateway.stages.identity.cookies import deletes


def answer_cookies(decisions: Sequence[Decision]) -> tuple[str, ...]:
    """Values of ``Set-Cookie`` headers, one for each cookie: the last one, unless any event deletes
    the cookie. Cookies of events before a withdrawal of consent are not set."""
    cookies: dict[str, str] = {}
    deleted: dict[str, str] = {}
    for before, decision in zip([None, *decisions], decisions, strict=False):
        if before is not None and cookies and withdraws(before.event, decision.event):
            cookies.clear()
        for cookie in decision.cookies:
            name = cookie.partition("=")[0]
            (deleted if deletes(cookie) else cookies)[name] = cookie
    return tuple({**cookies, **deleted}.values())
