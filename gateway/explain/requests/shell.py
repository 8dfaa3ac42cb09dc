"""The words of a command for bash, with its quotes and escapes.

Source: GNU Bash Reference Manual, 3.1.2 "Quoting" (with ``$'...'``). Nothing is expanded or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.explain.requests.model import UnreadableRequest

_EXPANSION = rb"(?:`|\$[A-Za-z0-9_({@*#?!-])"
"""The beginning of a variable or a command, also in double quotes."""

_parts = re.compile(
    rb"""(?P<gap>(?:[ \t\r]|\\\r?\n)+)
    |(?P<end>[\n;]|&&?)
    |'(?P<single>[^']*)'
    |\$'(?P<ansi>(?:[^'\\]|\\.)*)'
    |"(?P<double>(?:[^"\\]|\\.)*)"
    |\\(?P<escaped>.)
    |(?P<expansion>%b)
    |(?P<operator>[|<>()])
    |(?P<unclosed>['"\\])
    |(?P<plain>\$|[^\s'"\\`$;&|<>()]+)
    |(?P<other>.)"""
    % _EXPANSION,
    re.VERBOSE | re.DOTALL,
).finditer

_double_escape = re.compile(rb'\\(?:([\\"$`])|\r?\n)').sub
_expands = re.compile(rb"(?:\\.|(?!%b)[^\\])*+%b" % (_EXPANSION, _EXPANSION), re.DOTALL).match

_ansi_escape = re.compile(
    rb"\\(?:u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|u(?P<u>[0-9A-Fa-f]{1,4})|U(?P<U>[0-9A-Fa-f]{1,8})|x(?P<x>[0-9A-Fa-f]{1,2})"
    rb"|(?P<octal>[0-7]{1,3})|c(?P<control>.)|(?P<letter>[abeEfnrtv])|(?P<itself>[\\'\"?]))",
    re.DOTALL,
).sub
_LETTERS = dict(zip(b"abeEfnrtv", b"\a\b\x1b\x1b\f\n\r\t\v", strict=True))


def commands_of(text: bytes) -> Iterator[list[bytes]]:
    """The words of each command in `text`. Raises `UnreadableRequest` for what only a shell can
    read: variables, other commands inside, pipes and files."""
    words: list[bytes] = []
    word: list[bytes] | None = None  # an empty one is a word, too: ''
    for match in _parts(text):
        kind, part = match.lastgroup or "", match[match.lastgroup or 0]
        if kind in ("gap", "end"):
            if word is not None:
                words.append(b"".join(word))
                word = None
            if kind == "end" and words:
                yield words
                words = []
            continue
        word = word or []
        word.append(_read(kind, part))
    if word is not None:
        words.append(b"".join(word))
    if words:
        yield words


def _read(kind: str, part: bytes) -> bytes:
    match kind:
        case "ansi":
            return _ansi_escape(_ansi, part)
        case "double":
            if _expands(part):
                raise _expansion()
            return _double_escape(rb"\1", part)
        case "expansion":
            raise _expansion()
        case "operator":
            raise UnreadableRequest(
                "the command has a pipe, a redirection or parentheses; give the curl command alone"
            )
        case "unclosed":
            raise UnreadableRequest("a quote of the command is not closed; copy it again")
        case _:
            return part


def _ansi(match: re.Match[bytes]) -> bytes:
    if high := match["high"]:
        pair = bytes.fromhex(high.decode()) + bytes.fromhex(match["low"].decode())
        return pair.decode("utf-16-be").encode()
    if code := match["u"] or match["U"]:
        number = int(code, 16)
        return chr(number).encode("utf-8", "surrogatepass") if number < 0x110000 else b""
    if code := match["x"]:
        return bytes([int(code, 16)])
    if code := match["octal"]:
        return bytes([int(code, 8) & 0xFF])
    if control := match["control"]:
        return bytes([control[0] & 0x1F])
    if letter := match["letter"]:
        return bytes([_LETTERS[letter[0]]])
    itself: bytes = match["itself"]
    return itself


def _expansion() -> UnreadableRequest:
    return UnreadableRequest(
        "the command has a variable or a command inside, which is not run here; write its value, "
        "or put the text in single quotes"
    )
