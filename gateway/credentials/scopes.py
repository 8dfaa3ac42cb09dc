"""Scopes that an access token lacks.

Sources: RFC 6749 (3.3, 5.1), RFC 6750 (3, 3.1).
"""

from __future__ import annotations

import re

from destinations.base import Response
from destinations.vendor_answers import vendor_words

_is_insufficient = re.compile(r'error\s*=\s*"?insufficient_scope"?', re.IGNORECASE).search
_scope_of = re.compile(r'scope\s*=\s*"([^"]{1,1000})"', re.IGNORECASE).search
_separators = re.compile(r"[\s,]+")


def missing_scopes(response: Response, wanted: str, granted: str) -> str:
    """The scopes that the access token lacks according to `response`; "" if there is no sign of
    that.

    wanted: the scopes in the configuration. granted: those that the token endpoint stated; "" if it
    did not. A difference between the two is no proof, since some vendors name scopes differently
    from how they are requested. So it counts only with a 401 or 403.
    """
    if response.status not in (401, 403):
        return ""
    challenge = response.headers.get("www-authenticate", "")
    if _is_insufficient(challenge) and (named := _scope_of(challenge)):
        return vendor_words(named[1])
    if not granted:
        return ""
    known = set(_separators.split(granted))
    return vendor_words(" ".join(each for each in wanted.split() if each not in known))
