"""Removes parameters from the URLs in a text, or replaces their values.

Parameters are searched after ``?``, ``&``, ``#`` and ``;``, and at the beginning of the text, since
some fields contain only a query. Names are decoded and compared in lower case. A URL in a parameter
of another one is searched too, even if it is encoded up to `_MAX_NESTED` times.
"""

import re
from collections.abc import Collection
from urllib.parse import quote, unquote, unquote_plus

_SEPARATOR = re.compile(r"([?&#;])")
_FIRST = ("", "?", "#")
_FURTHER = ("&", ";")
_IN_VALUE = (";", "?")
"""Separators that may also be part of a value, when no name and equals sign follow."""

_SPACE = re.compile(r"\s")
_WORD = re.compile(r"[^\s=]+")
_ENCODED_EQUALS = re.compile(r"%(?:25)*3d", re.IGNORECASE)
_MAX_NESTED = 4


def without_parameters(
    text: str, names: Collection[str], nested: int = _MAX_NESTED
) -> tuple[str, list[str]]:
    """`text` without the parameters in `names`, and the names of those that were found.

    names: in lower case. nested: how often an encoded text is decoded to be searched. All else
    stays as it is written; an encoded text from which something was taken is encoded again.
    """
    found: list[str] = []
    kept: list[str] = []
    begin: str | None = None
    """The separator of a removed first parameter; the next parameter gets it."""
    dropped = False
    pieces = _SEPARATOR.split(text)
    for separator, piece in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        name, equals, value = piece.partition("=")
        if equals and (plain := _plain(name)) in names:
            found.append(plain)
            dropped = True
            begin = separator if separator in _FIRST else begin
            kept.append(_behind_space(value))
        elif dropped and not equals and separator in _IN_VALUE:
            kept.append(_behind_space(piece))
        else:
            if nested and _ENCODED_EQUALS.search(piece):
                piece, below = _searched_within(piece, names, nested - 1)
                found += below
            if begin is not None and separator in _FURTHER:
                separator = begin
            dropped, begin = False, None
            kept.append(separator + piece)
    return ("".join(kept), found) if found else (text, found)


def with_values_replaced(
    text: str, names: Collection[str], mark: str, nested: int = _MAX_NESTED
) -> str:
    """`text` with `mark` for the values of the parameters in `names`, each up to ``&`` or ``#``.

    names, nested: as in `without_parameters`. What stands before the first separator is no
    parameter here: a text may begin with any words.
    """
    pieces = _SEPARATOR.split(text)
    kept = [_within_replaced(pieces[0], names, mark, nested)]
    is_hidden = False
    for separator, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        name, _, value = piece.partition("=")
        if value and _plain(name) in names:
            kept.append(f"{separator}{name}={mark}")
            is_hidden = True
        elif not (is_hidden and separator in _IN_VALUE):
            kept.append(separator + _within_replaced(piece, names, mark, nested))
            is_hidden = False
    return "".join(kept)


def _within_replaced(piece: str, names: Collection[str], mark: str, nested: int) -> str:
    """`piece`, which has no separator, with the values replaced in encoded texts in it."""
    if not (nested and _ENCODED_EQUALS.search(piece)):
        return piece

    def replaced(found: re.Match[str]) -> str:
        text = unquote(found[0])
        changed = with_values_replaced(text, names, mark, nested - 1)
        return found[0] if changed == text else quote(changed, safe="")

    return _WORD.sub(replaced, piece)


def _plain(name: str) -> str:
    return (unquote_plus(name) if "%" in name or "+" in name else name).strip().lower()


def _behind_space(value: str) -> str:
    """The rest of a text from the first space on, where a URL ends."""
    space = _SPACE.search(value)
    return value[space.start() :] if space else ""


def _searched_within(piece: str, names: Collection[str], nested: int) -> tuple[str, list[str]]:
    name, equals, value = piece.partition("=")
    less, found = without_parameters(unquote(value if equals else name), names, nested)
    if not found:
        return piece, found
    return f"{name}{equals}{quote(less, safe='')}" if equals else quote(less, safe=""), found
