"""The marks that replace what was removed, such as ``[email]``.

A mark that the guard wrote is final: it is not read as the name of a parameter or field. But forms
send names that look the same, ``customer[email]=jane``, and their values must be removed. The text
before the mark distinguishes the two:

- After the name of an array, with or without other keys, it is a key: ``customer[email]``,
  ``order[0][email]``. Such a name ends with a letter, a digit, ``_``, ``.`` or ``-``.
- Anywhere else it is a mark: ``?[email]=1``, ``Hello [email]=1``, ``][email]=1``, ``%2C[email]=1``.

The pattern for addresses includes the letters before an address, so ``?a.jane@x.de=1`` becomes
``?[email]=1`` and keeps its value. Only an address right after the name of an array leaves a mark
that reads as a key: ``a[b]jane@x.de=1`` becomes ``a[b][email]=1``, which a form may have sent too.
In doubt the value is removed as well, in the same run: ``a[b][email]=[email]``.

The names before ``[email]`` are read first, in the original text. By the time that ``[phone]`` and
``[token]`` are read, the name before them may be cut off, so after any ``]`` they count as keys.
That costs little: their values are removed only if they look like a phone number or a secret.

``[Email]`` is no mark, since the guard does not write it.
"""

import re

from gateway.stages.pii.matching import searcher

REDACTED = "[redacted]"
"""The mark for everything without a pattern: what a rule hides, or a whole text."""

_MARK = r"\[(?:email|phone|card|token|redacted)\]"
_KEY = rf"(?:[^\[\]]|{_MARK})*"

_MAX_NAME = 256
"""Bytes of the name of an array with its keys. In a longer name, the last mark counts as a key."""

_only_marks = re.compile(f"(?:{_MARK})+").fullmatch
_ends_with_mark = re.compile(rf"{_MARK}\Z".encode()).search
_ends_with_key = searcher(
    rf"(?:[\p{{L}}\p{{M}}\p{{N}}_.-]|^{_KEY}\])(?:\[{_KEY}\])*{_MARK}$"  # ^: cut off
    r"|\]\[(?:phone|token)\]$"
)
_follows_sign = searcher(rf"(?i:%(?:25)*[0-7][0-9a-f])(?:\[{_KEY}\])*{_MARK}$")


def is_only_marks(text: str) -> bool:
    """Whether `text` consists of marks only, at least one."""
    return _only_marks(text) is not None


def ends_with_final_mark(text: bytes, end: int) -> bool:
    """Whether `text`, in UTF-8, has a mark right before `end` that is not the key of an array."""
    if _ends_with_mark(text, max(0, end - len(REDACTED)), end) is None:
        return False
    name = text[end - _MAX_NAME : end] if end > _MAX_NAME else b"[" + text[:end]
    return _ends_with_key(name) is None or _follows_sign(name) is not None
