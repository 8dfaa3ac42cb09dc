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
    last_states: dict[str, str] = {}
    for decision in decisions:
        if cookies and withdraws({"consent": last_states}, decision.event):
            cookies.clear()
        last_states |= decision.event.get("consent", {})
        for cookie in decision.cookies:
            name = cookie.partition("=")[0]
            (deleted if deletes(cookie) else cookies)[name] = cookie
    return tuple({**cookies, **deleted}.values())
