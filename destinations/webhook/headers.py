"""Headers of a request: which ones a user may set, and how they contain fields of an event."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from destinations.base import Event
from destinations.paths import as_text
from destinations.remarks import remark
from destinations.template import compile_template

MAX_HEADER_CHARACTERS = 2048
"""Longest value that a template may make: servers refuse more than 8 KB of headers."""

_is_header_name = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
_OWN_HEADERS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-hub-signature-256",
    }
)
"""Headers of the connection and of the signature. Source: RFC 9110, 7.6.1"""

_PLAIN = "".join(map(chr, range(0x21, 0x7F))).translate(str.maketrans("", "", '"%'))


def check_names(names: Iterable[str]) -> None:
    """Raises `ValueError` for a name that is not valid, is used twice or is one of ours."""
    used: set[str] = set()
    for name in names:
        if not _is_header_name(name):
            raise ValueError("has a name that is not valid for an HTTP header")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(f"must not set {name}, which the gateway sets itself")
        if name.lower() in used:
            raise ValueError(f"sets {name} twice; names of headers are the same in any case")
        used.add(name.lower())


def check_value(name: str, text: str) -> None:
    """Raises `ValueError`, which does not repeat `text`, unless a header can hold it."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"{name} must be printable ASCII on one line")


def percent_encoded(text: str) -> str:
    """`text` for a header: spaces, ``"``, ``%`` and everything except printable ASCII become
    percent-encoded bytes of UTF-8.

    Source: CloudEvents 1.0.2, HTTP protocol binding, 3.1.3.2
    """
    return quote(text, safe=_PLAIN, errors="replace")


def _in_header(value: object) -> str | None:
    text = as_text(value)
    return None if text is None else percent_encoded(text)


def basic(username: str, password: str) -> str:
    """The value of ``Authorization``. Source: RFC 7617, 2"""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def compile_headers(templates: Mapping[str, str]) -> Callable[[Event], dict[str, str]]:
    """The function that fills `templates`, which are keyed by the names of headers. A header is
    left out if one of its fields is missing or it would be too long."""
    fills = {name: compile_template(template, _in_header) for name, template in templates.items()}

    def fill(event: Event) -> dict[str, str]:
        headers = {}
        for name, fill_one in fills.items():
            text = fill_one(event)
            if text is not None and len(text) > MAX_HEADER_CHARACTERS:
                remark(
                    f"the header {name} was left out: it would have more than "
                    f"{MAX_HEADER_CHARACTERS} characters"
                )
            elif text is not None:
                headers[name] = text
        return headers

    return fill
