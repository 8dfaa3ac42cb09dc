"""Placeholders for missing values: words that scripts write, and template tags that were not filled
in."""

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
    "(null)",
    "<null>",
    "<nil>",
    "undefined.undefined",
    "null.null",
    "nan.nan",
)
"""Those in brackets are what Objective-C and Go write. Those with a dot are made of the parts of a
cookie that is missing."""

PLACEHOLDERS = frozenset(
    [form for word in _WORDS for form in (word, word.title(), word.upper())]
    + ["NaN", "NaN.NaN", "[object Object]", "00000000-0000-0000-0000-000000000000"]
)
"""The words in their usual spellings."""

_TAGS = (
    *(("{{", "}}"), ("${", "}"), ("#{", "}"), ("{%", "%}"), ("[[", "]]")),
    *(("%%", "%%"), ("*|", "|*"), ("<%", "%>"), ("<?", "?>")),
)
"""The beginnings and ends of tags of tag managers, mail services and templates."""

_in_braces = re.compile(r"""\{[^\d"':{}]+\}""").fullmatch
"""A tag such as ``{$order.id}`` or ``{order_id}``, but not an object or a GUID in braces."""

_TAG_STARTS = frozenset(begin[0] for begin, _ in _TAGS)
STARTS = _TAG_STARTS.union(word[0] for word in PLACEHOLDERS)
"""The first characters of all placeholders, which are cheaper to check than `is_placeholder`."""

NOBODY = "0"
"""The id that shops send in place of a missing one, such as for a visitor who is not logged in."""

NO_USERS = frozenset(
    [
        *("guest", "gast", "visitor", "anonymous", "unknown", "-1", "logged_out", "logged out"),
        *("not_authenticated", "not authenticated", "not_logged_in", "not logged in"),
    ]
)
"""Ids of users, in lower case, that sites send for all visitors who are not logged in."""


def is_placeholder(text: str) -> bool:
    """Whether `text` is a placeholder word, in any case, or a tag such as ``{{Order ID}}``."""
    return text.lower() in PLACEHOLDERS or (
        text[:1] in _TAG_STARTS
        and (
            any(text.startswith(begin) and text.endswith(end) for begin, end in _TAGS)
            or _in_braces(text) is not None
        )
    )


def may_hold_tag(text: str) -> bool:
    """Whether `text` may contain a tag; a quick check before a thorough one."""
    return "}" in text or "%" in text or "]]" in text or "|*" in text or "?>" in text


def is_no_user(text: str) -> bool:
    """Whether `text`, the id of a user, stands for everybody who is not logged in."""
    return text == NOBODY or text.strip().lower() in NO_USERS
