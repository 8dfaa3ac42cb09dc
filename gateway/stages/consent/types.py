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
    """A consent string that cannot be read to its end, or is no longer valid.

    The text is one word that says why, never the string itself. denials: what it denies anyway.
    """

    def __init__(self, why: str = "unreadable", denials: States | None = None) -> None:
        super().__init__(why)
        self.denials: States = denials or {}


def denials_in(states: States) -> States:
    """Those of `states` that deny."""
    return {name: state for name, state in states.items() if state == "denied"}
