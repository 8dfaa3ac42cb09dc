"""What one source says about consent."""

from collections.abc import Mapping
from dataclasses import dataclass

States = Mapping[str, str]
"""`granted` or `denied` by consent type; a type about which nothing is said is absent."""

OPTED_OUT: States = {"ad_user_data": "denied", "ad_personalization": "denied"}
"""An opt-out of sale, sharing and targeted advertising, in Consent Mode's types."""


@dataclass(frozen=True, slots=True)
class Statement:
    """source: the word for it in the trace (``tcf``, ``cookie OptanonConsent``)."""

    source: str
    states: States


class UnreadableString(ValueError):
    """A consent string that says nothing. The text is one word, why: never the string itself."""

    def __init__(self, why: str = "unreadable") -> None:
        super().__init__(why)
