"""E-mail addresses in prose and in URLs (``jane%40shop.example``).

Looser than RFC 5322 where real addresses are (letters of any script), and stricter where a text
only looks like one: quoted local parts and IP addresses as hosts do not matter in web analytics.
"""

from gateway.stages.pii import parameters
from gateway.stages.pii.matching import Match, replacer

_ENCODED = r"%(?:25)*"
_OTHER_SCRIPTS = r"[89A-F][0-9A-F]"
_LOCAL = (
    r"(?:[\p{L}\p{M}\p{N}._+'’~!$*^`{|}-]"
    rf"|{_ENCODED}(?:2B|2D|2E|5F|27|7E|{_OTHER_SCRIPTS}))+"
)
_AT = rf"(?:[@＠]|{_ENCODED}(?:40|EF%BC%A0))"
_LABEL = rf"(?:[\p{{L}}\p{{M}}\p{{N}}_-]|{_ENCODED}(?:2D|{_OTHER_SCRIPTS}))+"
_DOT = rf"(?:\.|{_ENCODED}2E)"
_TOP = rf"(xn--[a-z0-9-]+|(?:\p{{L}}|{_ENCODED}{_OTHER_SCRIPTS}){{2,24}})"

HINT = rf"[@＠][^\s@]|\S@|%(?:25)*(?:40|EF%BC%A0|ef%bc%a0)|{parameters.hint([parameters.EMAIL])}"

_FILES = frozenset(
    b"""
    png jpg jpeg gif webp avif svg ico css js mjs jsx ts tsx json map xml html htm php asp aspx pdf
    txt csv mp3 mp4 webm woff woff2 ttf otf gz tgz min
    """.split()
)
"""File extensions (``logo@2x.png``, ``vue@3.4.js``); none of them is a top-level domain."""

_MARK = b"[email]"


def _decide(match: Match, _: bytearray) -> bytes:
    whole: bytes = match.group()
    if match.group(3).lower() in _FILES or _is_version(match.group(2)):
        return whole
    before: bytes = match.group(1) or b""
    return before + _MARK


def _is_version(domain: bytes) -> bool:
    """Whether `domain` is a version (``3.4.21-beta.next``): it begins with two numbers."""
    labels = domain.split(b".")
    return len(labels) > 2 and labels[0].isdigit() and labels[1][:1].isdigit()


_addresses = replacer(  # the first group keeps a percent-encoded sign before the address whole
    rf"(?i)({_ENCODED}[0-7][0-9A-F])?{_LOCAL}{_AT}((?:{_LABEL}{_DOT})+{_TOP})", _decide
)
_logins = replacer(  # RFC 3986, 3.2.1: a name and a password; WHATWG URL: up to the last @
    r"://(?:[^/?#\s@]*@)+", lambda *_: b"://"
)
_parameters = parameters.remover(parameters.EMAIL, _MARK)


def remove(text: str) -> str:
    """`text` with addresses, and values of parameters for them, replaced by ``[email]``, and
    without the logins in URLs, which look like addresses."""
    text = _parameters(text)
    if "://" in text and "@" in text:
        text = _logins(text)
    if "@" in text or "%" in text or "＠" in text:
        return _addresses(text)
    return text
