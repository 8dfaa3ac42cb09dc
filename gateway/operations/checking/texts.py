"""What `gateway check` says about texts in conditions that are written as a pattern, or in a form
that the gateway never gives the field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.stages.consent.places import COUNTRIES

_SIGNS: Mapping[str, Callable[[str], object]] = {
    "|": re.compile(r"[\w$)]\|[\w^(]").search,
    "^": re.compile(r"\^.").match,
    "$": re.compile(r"\w\$$").search,
}
"""Signs of patterns, and what finds them."""


class _Given(NamedTuple):
    """What the gateway gives a field that a sender does not state: in words, and the texts that may
    be the whole of it, its start or any other part. None: any text may be."""

    words: str
    whole: re.Pattern[str]
    start: re.Pattern[str] | None = None
    part: re.Pattern[str] | None = None

    def may_meet(self, operator: str, text: str) -> bool:
        if operator in ("equals", "in_"):
            texts: re.Pattern[str] | None = self.whole
        else:
            texts = self.start if operator == "starts_with" else self.part
        return texts is None or texts.fullmatch(text) is not None


_PART_OF_HOST = re.compile(r"[^A-Z/:?]*|.*[\[\]].*")
_HOST = _Given(
    "is a host in lower case, without scheme, port and path",
    whole=_PART_OF_HOST,
    start=_PART_OF_HOST,
    part=_PART_OF_HOST,
)
_PATH = re.compile(r"/[^?#]*")
_URL = re.compile(r"h(t(t(p(s?(:(/(/.*)?)?)?)?)?)?)?|[\w.+-]+://.*", re.DOTALL)
_GIVEN: Mapping[str, _Given] = {
    "page_hostname": _HOST,
    "referrer.hostname": _HOST,
    "page_path": _Given(
        "begins with a slash and has no query",
        whole=_PATH,
        start=_PATH,
        part=re.compile(r"[^?#]*"),
    ),
    "page_location": _Given("is a whole URL", whole=_URL, start=_URL),
    "event_location.country": _Given(
        "is a country in ISO 3166's two capitals, such as 'GB'",
        whole=re.compile("|".join(sorted(COUNTRIES))),
    ),
}


def not_given(path: str, operator: str, text: str) -> str:
    """Says what the gateway gives the field at `path`, if it never meets `operator` with `text`."""
    given = _GIVEN.get(path)
    if given is None or not text or given.may_meet(operator, text):
        return ""
    return f"{given.words}; {text!r} matches only if a sender states it so"


def as_pattern(path: str, text: str, instead: str) -> str:
    """Says that `text` looks like a pattern or a list of the values at `path`, and what to write
    `instead`; "" if it does not."""
    signs = [sign for sign, is_in in _SIGNS.items() if is_in(text)]
    if path == "event_name" and "," in text:
        signs.append(",")
    if not signs:
        return ""
    return f"`{signs[0]}` is no pattern; {text!r} matches only with the `{signs[0]}`: {instead}"
