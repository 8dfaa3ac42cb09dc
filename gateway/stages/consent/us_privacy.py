"""The US Privacy string (``1YNN``), which IAB retired in favour of GPP and sites still send.

Source: github.com/InteractiveAdvertisingBureau/USPrivacy, CCPA/US Privacy String
"""

import re

from gateway.stages.consent.types import UnreadableString

_string = re.compile(r"1[YN-]([YN-])[YN-]", re.IGNORECASE)


def opted_out(text: str) -> bool:
    """Whether the visitor opted out of the sale of personal data. Raises `UnreadableString`."""
    match = _string.fullmatch(text.strip())
    if match is None:
        raise UnreadableString
    return match[1] in "Yy"
