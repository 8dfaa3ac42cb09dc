"""Types for what one source says about consent."""

from collections.abc import Mapping
from dataclasses import dataclass

States = Mapping[str, str]
"""`granted` or `denied` by consent type; a type that is not stated is absent."""

OPTED_OUT: States = {"ad_user_data": "denied", "ad_personalization": "denied"}
"""An opt-out of sale, sharing and targeted advertising, in Consent Mode's types."""


@dataclass(frozen=True, slots=True)
class Statement:
    """source: its name in the trace (``tcf``, ``cookie OptanonConsent``)."""

    source: str
    states: States


class UnreadableString(ValueError):
    """A consent string that cannot be read to its end, or is no longer valid.

    The message is one word that says why, never the string itself. denials: the denials that could
    be read all the same.
    """

    def __init__(self, why: str = "unreadable", denials: States | None = None) -> None:
        super().__init__(why)
        self.denials: States = denials or {}


def denials_in(states: States) -> States:
    """The denials in `states`."""
    return {name: state for name, state in states.items() if state == "denied"}
