"""What scripts write when they have no value."""

_WORDS = ("undefined", "null", "none", "nan", "true", "false", "[object object]")

PLACEHOLDERS = frozenset(
    [form for word in _WORDS for form in (word, word.title(), word.upper())]
    + ["NaN", "[object Object]"]
)
"""As they are usually written."""


def is_placeholder(text: str) -> bool:
    """Whether `text` is such a word, in any case."""
    return text.lower() in PLACEHOLDERS
