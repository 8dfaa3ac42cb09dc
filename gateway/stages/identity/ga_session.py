"""Google Analytics' session, from the cookies that gtag.js keeps for each stream.

Old form: ``GS1.<depth>.<session>.<count>.<engaged>.<last hit>...``. New form, in which letters and
not positions identify the parts: ``GS2.<depth>.s<session>$o<count>$g<engaged>$t<last hit>...``.
Times are Unix seconds, and the session's id is the time at which it began. Source: gtag.js, release
of March 2026.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from gateway.stages.identity.visit import Visit
from gateway.stages.vendor_cookies import GA_SESSION

_OLD = re.compile(r"GS1\.[0-9-]{1,8}\.([0-9]{1,16})\.([0-9]{1,9})(?:\.[0-9]*\.([0-9]{1,16}))?.*")
_LETTER = r"(?:.*\$)?%s([0-9]{1,16})(?![^$])"  # the last, if a letter occurs twice
_NEW = re.compile(
    rf"GS2\.[0-9-]{{1,8}}\.(?={_LETTER % 's'})(?={_LETTER % 'o'})(?=(?:{_LETTER % 't'})?).+"
)


class Session(NamedTuple):
    """last: time of its latest hit in Unix seconds; 0 if not known."""

    id: str
    number: int
    last: int


def read_session(cookie: str) -> Session | None:
    """The session in a `_ga_<stream>` cookie of either form."""
    if new := _NEW.fullmatch(unquote(cookie) if "%" in cookie else cookie):
        return Session(new[1], int(new[2]), int(new[3] or 0))
    if old := _OLD.fullmatch(cookie):
        return Session(old[1], int(old[2]), int(old[3] or 0))
    return None


def fill_session(visit: Visit) -> None:
    """Adds the session of the stream with the latest hit, unless the event names another one."""
    said, number = visit.event.get("ga_session_id"), visit.event.get("ga_session_number")
    if said and number is not None:
        return
    session = _latest(visit.jar)
    if session is None or (said and said != session.id):
        return
    if not said:
        visit.fill("ga_session_id", session.id, "_ga_<stream>")
    if number is None:
        visit.fill("ga_session_number", session.number, "_ga_<stream>")


def _latest(jar: Mapping[str, str]) -> Session | None:
    latest = None
    for name, cookie in jar.items():
        if name[:4] == GA_SESSION:
            session = read_session(cookie)
            if session and (latest is None or session.last > latest.last):
                latest = session
    return latest
