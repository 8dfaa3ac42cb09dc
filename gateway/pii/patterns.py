"""What counts as personal data in free text, by name.

Each pattern replaces what it finds by its name in square brackets, ``[email]``. A text without
anything to find comes back as the same object, and one that was cleaned stays as it is. Any text
is answered, in time linear in its length (RE2).
"""

from collections.abc import Callable, Mapping

from gateway.pii import cards, emails, phones, tokens

PATTERNS: Mapping[str, Callable[[str], str]] = {
    "email": emails.remove,
    "card": cards.remove,
    "token": tokens.remove,
    "phone": phones.remove,
}
"""In the order in which they are to be used: a part of a card number may look like a phone's."""

HINTS: Mapping[str, str] = {
    "email": emails.HINT,
    "card": cards.HINT,
    "token": tokens.HINT,
    "phone": phones.HINT,
}
"""An RE2 expression for each pattern, found in every text that the pattern would change."""
