"""The patterns of personal data in free text, by name.

Each pattern replaces what it finds by its name in square brackets, ``[email]``. A text without a
match is returned as the same object, and a cleaned text does not change again. Every text is
processed in time linear in its length (RE2, and a limited number of passes).
"""

from collections.abc import Mapping

from gateway.stages.pii import cards, emails, phones, tokens
from gateway.stages.pii.matching import searcher
from gateway.stages.pii.passes import Remover, repeated

HINTS: Mapping[str, str] = {
    "email": emails.HINT,
    "card": cards.HINT,
    "token": tokens.HINT,
    "phone": phones.HINT,
}
"""An RE2 expression for each pattern, which matches every text that the pattern would change."""

PATTERNS: Mapping[str, Remover] = {
    name: repeated(remove, searcher(HINTS[name]), f"[{name}]")
    for name, remove in {
        "email": emails.remove,
        "card": cards.remove,
        "token": tokens.remove,
        "phone": phones.remove,
    }.items()
}
"""In the order of use: part of a card number may look like a phone number."""
