"""The session of an event, in the form that GA4 accepts."""

import re

from destinations.base import Event
from destinations.remarks import remark

_forms = re.compile(
    r"""([0-9]{1,20})(?:\.0)?                       # the session's id, also as a float
    | GS1\.[0-9]\.([0-9]{1,20})(?:\..*)?            # the cookie _ga_STREAM until 2025
    | (?:GS2\.[0-9]\.)?                            # and since, also without its beginning
      s([0-9]{1,20})(?:(?:\$|%24).*)?
    """,
    re.VERBOSE | re.ASCII,
).fullmatch


def session_id_of(event: Event) -> str:
    """The digits of `ga_session_id`, which may be a whole cookie; "" if it has no session."""
    stated: str = event.get("ga_session_id", "").strip()
    if not stated:
        return ""
    found = _forms(stated)
    if found is None:
        remark("ga_session_id: removed because it is not a GA4 session id")
        return ""
    if not found[1]:
        remark("ga_session_id: extracted from the value of a cookie")
    return found[1] or found[2] or found[3]
