"""What stands in the place of a value that is missing: what scripts write, and template tags for
which nothing was filled in."""

import re

_WORDS = (
    "undefined",
    "null",
    "none",
    "nan",
    "true",
    "false",
    "[object object]",
    "(not set)",
    "(none)",
    "n/a",
)

PLACEHOLDERS = frozenset(
    [form for word in _WORDS for form in (word, word.title(), word.upper())]
    + ["NaN", "[object Object]", "00000000-0000-0000-0000-000000000000"]
)
"""As they are usually written."""

_TAGS = (
    *(("{{", "}}"), ("${", "}"), ("#{", "}"), ("{%", "%}"), ("[[", "]]")),
    *(("%%", "%%"), ("*|", "|*"), ("<%", "%>"), ("<?", "?>")),
)
"""How tags of tag managers, mail services and templates begin and end."""

_in_braces = re.compile(r"""\{[^\d"':{}]+\}""").fullmatch
"""A tag such as ``{$order.id}`` or ``{order_id}``; not an object, and not a GUID in braces."""

_TAG_STARTS = frozenset(begin[0] for begin, _ in _TAGS)
STARTS = _TAG_STARTS.union(word[0] for word in PLACEHOLDERS)
"""The first characters of all of them: to look at one first is cheaper than `is_placeholder`."""

NOBODY = "0"
"""The id that shops send where there is none, as that of a visitor who is not logged in."""


def is_placeholder(text: str) -> bool:
    """Whether `text` is such a word, in any case, or such a tag, such as ``{{Order ID}}``."""
    return text.lower() in PLACEHOLDERS or (
        text[:1] in _TAG_STARTS
        and (
            any(text.startswith(begin) and text.endswith(end) for begin, end in _TAGS)
            or _in_braces(text) is not None
        )
    )


def may_hold_tag(text: str) -> bool:
    """Whether there may be such a tag in `text`; a quick look before a thorough one."""
    return "}" in text or "%" in text or "]]" in text or "|*" in text or "?>" in text
