"""The US Privacy string (``1YNN``), which IAB has replaced by GPP but which sites still send.

Source: github.com/InteractiveAdvertisingBureau/USPrivacy, CCPA/US Privacy String
"""

import re

from gateway.stages.consent.types import OPTED_OUT, UnreadableString

_string = re.compile(r"1[YN-]([YN-])[YN-]", re.IGNORECASE)
_opt_out = re.compile(r"1[YN-]Y", re.IGNORECASE)


def opted_out(text: str) -> bool:
    """Whether the visitor opted out of the sale of personal data.

    Raises `UnreadableString`, with the denials of an opt-out that precedes the unreadable part.
    """
    text = text.strip()
    match = _string.fullmatch(text)
    if match is None:
        raise UnreadableString(denials=OPTED_OUT if _opt_out.match(text) else None)
    return match[1] in "Yy"
