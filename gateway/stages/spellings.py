"""Finds identifiers in texts, in all their spellings.

An identifier is found in any of these spellings, in upper or lower case and percent-encoded up to
`_MAX_DECODED` times:

* its words in a row, with any signs between them: the order ``T-1001`` in ``/thanks/t_1001``, but
  not in ``/T-10012``;
* inside a longer word, if it is too long to be there by chance; so are the parts of
  ``<number>.<time>`` and the like;
* in Base64;
* as MD5, SHA-1 or SHA-256, in hex or Base64, of itself or of its normalised form: trimmed and in
  lower case; for a phone number, its digits with and without a plus sign.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from hashlib import md5, sha1, sha256
from typing import Any, NamedTuple
from urllib.parse import unquote

from destinations.normal_form import normal_form
from gateway.event.paths import as_text

_MAX_DECODED = 3
LONG = 8
"""Number of letters and digits that do not match by chance."""

_SHORT = 6
"""The Base64 of an identifier with fewer bytes is searched for as a word only."""

_LONG_NUMBER = 5
_hex = re.compile(r"[0-9A-Fa-f]{32,}").findall
_letters_of_base64 = re.compile(r"[0-9A-Za-z+/]{8,}").findall
_SHORTEST_DIGEST = 22
"""Length of an MD5 in Base64."""

_DIGESTS: Mapping[int, Callable[[bytes], Any]] = {
    32: partial(md5, usedforsecurity=False),
    40: partial(sha1, usedforsecurity=False),
    64: sha256,
}
"""By the length in hex."""

_FOR_URLS = str.maketrans("-_", "+/")
_is_parts = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+").fullmatch
_is_phone = re.compile(r"\+?[\d\s()./-]{7,24}").fullmatch
_BETWEEN_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}


class _Text(NamedTuple):
    """A text as it is searched.

    decoded: without percent-encoding, and with the standard alphabet of Base64. words: with a space
    before and after each. run: its letters and digits only, in lower case.
    """

    decoded: str
    words: str
    run: str

    @classmethod
    def of(cls, text: str) -> "_Text":
        words = _phrase(text)
        return cls(_decoded(text).translate(_FOR_URLS), words, words.replace(" ", ""))


class Spellings(NamedTuple):
    """What to look for: in each part of a `_Text`, and as a number.

    numbers: as written. any_text: every text counts as an identifier, and so does every number that
    is long enough.
    """

    decoded: Collection[str] = ()
    words: Collection[str] = ()
    runs: Collection[str] = ()
    numbers: Collection[str] = ()
    any_text: bool = False

    def stand_in(self, text: str) -> bool:
        """Whether any of the spellings occurs in `text`."""
        return self.any_text or self.found_in(text).in_texts

    @property
    def in_texts(self) -> bool:
        return bool(self.decoded or self.words or self.runs or self.any_text)

    def found_in(self, text: str) -> "Spellings":
        """The spellings that occur in `text`, without `numbers`."""
        searched = _Text.of(text)
        return Spellings(
            [each for each in self.decoded if each in searched.decoded],
            [each for each in self.words if each in searched.words],
            [each for each in self.runs if each in searched.run],
        )

    def is_number(self, value: float) -> bool:
        """Whether `value` is an identifier, and too long to match by chance."""
        if not (self.numbers or self.any_text):
            return False
        text = as_text(value) or ""
        return text in self.numbers or (self.any_text and len(text) >= _LONG_NUMBER)


ANY_TEXT = Spellings(any_text=True)
"""Used when there are too many identifiers to search for."""


def spellings_of(identifiers: Collection[str], text: str) -> Spellings:
    """The spellings of `identifiers` that may occur in `text`, and the numbers among them."""
    decoded = _decoded(text).translate(_FOR_URLS)
    words = {phrase for each in identifiers if (phrase := _phrase(each)) != "  "}
    runs = {word.replace(" ", "") for word in words}
    for each in identifiers:
        if _is_parts(each):
            runs.update(map(letters_and_digits, each.split(".")))
    forms = [form.encode("utf-8", "replace") for form in _forms(identifiers)]
    words |= {_phrase(_base64(each)) for each in forms if 0 < len(each) < _SHORT}
    encoded: set[str] = set()
    # letters that are all in lower case are parts of a path, not Base64
    if mixed := [each for each in _letters_of_base64(decoded) if not each.islower()]:
        encoded |= {_base64(each) for each in forms if len(each) >= _SHORT}
        if max(map(len, mixed)) >= _SHORTEST_DIGEST:
            encoded |= {_base64(each) for each in _digests(forms)}
    longest = max(map(len, _hex(decoded)), default=0)
    runs |= {each.hex() for each in _digests(forms, longest)}
    return Spellings(
        encoded,
        words,
        [each for each in runs if len(each) >= LONG],
        {each for each in identifiers if len(each) >= _LONG_NUMBER},
    )


def _forms(identifiers: Iterable[str]) -> set[str]:
    """Each identifier as it is and normalised."""
    forms: set[str] = set()
    for each in identifiers:
        trimmed = each.strip()
        forms |= {each, trimmed.lower()}
        if _is_phone(trimmed):
            digits = "".join(filter(str.isdigit, trimmed))
            forms |= {digits, f"+{digits}"}
    return forms


def _digests(forms: Iterable[bytes], longest: int = max(_DIGESTS)) -> Iterator[bytes]:
    """The digests of `forms`. longest: maximum length of a digest in hex."""
    for length, digest in _DIGESTS.items():
        if length <= longest:
            for form in forms:
                yield digest(form).digest()


def _base64(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def letters_and_digits(text: str) -> str:
    """The letters and digits of `text`, decoded and in lower case."""
    return _phrase(text).replace(" ", "")


def _phrase(text: str) -> str:
    """The words of `text` with a space before and after each, so that only whole words match."""
    text = _decoded(text)
    if not text.isascii():
        text = normal_form("NFKC", text)
    return f" {' '.join(text.lower().translate(_BETWEEN_WORDS).split())} "


def _decoded(text: str) -> str:
    for _ in range(_MAX_DECODED):
        if "%" not in text:
            break
        text = unquote(text)
    return text
