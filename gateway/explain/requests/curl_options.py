"""The options of a curl command: those that say what is sent, and those that do not change it.

Source: curl.se/docs/manpage.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.explain.requests.model import UnreadableRequest

_SHORT = {
    "X": "request",
    "H": "header",
    "b": "cookie",
    "d": "data",
    "u": "user",
    "A": "user-agent",
    "e": "referer",
    "G": "get",
    "I": "head",
}
_WITH_VALUE = frozenset(
    "request header cookie data data-ascii data-raw data-binary data-urlencode json user "  # noqa: SIM905
    "user-agent referer url oauth2-bearer".split()
)
_FLAGS = frozenset(["get", "head"])

_IGNORED = frozenset(
    "compressed location insecure silent show-error verbose include fail fail-with-body globoff "  # noqa: SIM905
    "no-buffer http1.0 http1.1 http2 http2-prior-knowledge http3 tlsv1.2 tlsv1.3 ipv4 ipv6 "
    "path-as-is progress-bar no-progress-meter".split()
)
"""They do not change what a source gets."""

_IGNORED_WITH_VALUE = frozenset(
    "output write-out max-time connect-timeout retry retry-delay proxy resolve connect-to cacert "  # noqa: SIM905
    "cert key cookie-jar interface limit-rate max-redirs ciphers".split()
)
_IGNORED_SHORT, _IGNORED_SHORT_WITH_VALUE = "LksSvifgN46#0", "owmxcE"

_is_option_name = re.compile(r"--?[A-Za-z0-9][A-Za-z0-9.-]{0,40}").fullmatch

Option = tuple[str, bytes]
"""The long name of an option without dashes, and its value."""


def options_of(words: Sequence[bytes]) -> Iterator[Option]:
    """The options in order. A word that is not an option is a ``url``.

    Raises `UnreadableRequest` for an unknown option.
    """
    rest = iter(words)
    only_urls = False
    for word in rest:
        text = text_of(word)
        if only_urls or text == "-" or not text.startswith("-"):
            yield "url", word
        elif text == "--":
            only_urls = True
        elif text.startswith("--"):
            yield from _long(text, rest)
        else:
            yield from _short(word, rest)


def _long(text: str, rest: Iterator[bytes]) -> Iterator[Option]:
    name = text.removeprefix("--")
    if name in _WITH_VALUE:
        yield name, _value(text, rest)
    elif name in _FLAGS:
        yield name, b""
    elif name in _IGNORED_WITH_VALUE:
        _value(text, rest)
    elif name not in _IGNORED:
        raise _unknown(text)


def _short(word: bytes, rest: Iterator[bytes]) -> Iterator[Option]:
    """The options of a word such as ``-sSXPOST``."""
    for place in range(1, len(word)):
        letter, attached = chr(word[place]), word[place + 1 :]
        name = _SHORT.get(letter, "")
        if name in _FLAGS:
            yield name, b""
        elif name or letter in _IGNORED_SHORT_WITH_VALUE:
            value = attached or _value(f"-{letter}", rest)
            if name:
                yield name, value
            return
        elif letter not in _IGNORED_SHORT:
            raise _unknown(f"-{letter}")


def _value(option: str, rest: Iterator[bytes]) -> bytes:
    value = next(rest, None)
    if value is None:
        raise UnreadableRequest(f"the option {option} of the curl command has no value")
    return value


def _unknown(option: str) -> UnreadableRequest:
    if option in ("-F", "--form", "--form-string"):
        return UnreadableRequest(
            "a form with -F is not read here, since curl chooses how it is written; record the "
            "request as a HAR file"
        )
    shown = option if _is_option_name(option) else "an option"
    return UnreadableRequest(
        f"{shown} of the curl command is not known here; remove it if it does not change what is "
        "sent"
    )


def text_of(value: bytes) -> str:
    return value.decode("utf-8", "replace")
