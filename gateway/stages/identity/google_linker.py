"""The `_gl` parameter, with which gtag.js carries its cookies from one domain to the next.

``1*<fingerprint>*<name>*<value>*<name>*<value>...``, the values in URL-safe Base64 padded with
dots. The fingerprint is CRC-32, in base 36, of ``<user agent>*<minutes from UTC>*<language>*
<minute>*<names and values>``. It is valid in the minute of the click and in the two that follow, so
that somebody else who opens the same link is not taken for the first visitor. A server does not
know the offset from UTC, so all offsets in use are tried.

Source: gtag.js, releases of 2019 to March 2026; iana.org/time-zones for the offsets.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from urllib.parse import unquote
from zlib import crc32

from gateway.event import Event, Received
from gateway.event.cookie_ids import client_id_of_ga
from gateway.stages.identity.page_links import GOOGLE, link_parameter
from gateway.stages.vendor_cookies import GA, GA_SESSION

_LONGEST = 1_500
_LINKER = re.compile(r"1\*([0-9a-z]{1,7})\*(.+)")
_MINUTES = (0, -1, -2, 1)
"""Minutes of the click, relative to now; one is in the future because clocks differ."""

_OFFSETS = (
    *range(-840, 721, 60),
    -825,
    -765,
    -630,
    -570,
    -525,
    -390,
    -345,
    -330,
    -270,
    -210,
    150,
    210,
    570,
)
"""Minutes from local time to UTC, as JavaScript counts them."""

_OFFSET_BYTES = tuple(b"%d*" % offset for offset in _OFFSETS)


def linked_cookies(event: Event, received: Received) -> dict[str, str]:
    """The cookies that a link brought to this page, in the form of cookies.

    Empty unless this browser followed the link a moment ago, or the page's own tag has accepted the
    link, so that its client id is the event's.
    """
    match = _LINKER.fullmatch(_decoded(link_parameter(event, GOOGLE)))
    if not match:
        return {}
    fingerprint, payload = match.groups()
    cookies = dict(_cookies(payload.split("*")))
    client_id = client_id_of_ga(cookies.get(GA, ""))
    accepted = bool(client_id) and event.get("client_id") == client_id
    if accepted or _is_fresh(int(fingerprint, 36), payload, event, received):
        return cookies
    return {}


def _decoded(text: str) -> str:
    """`text`, decoded at most twice more: redirects may encode links again. gtag.js also decodes
    three times in all."""
    if len(text) > _LONGEST:
        return ""
    for _ in range(2):
        if "%" not in text:
            break
        text = unquote(text)
    return text


def _cookies(parts: list[str]) -> Iterator[tuple[str, str]]:
    for name, encoded in zip(parts[::2], parts[1::2], strict=False):
        try:
            value = urlsafe_b64decode(encoded.replace(".", "=")).decode("ascii")
        except ValueError:
            continue
        if name == GA:
            yield name, f"GA1.1.{value}"
        elif name.startswith(GA_SESSION):
            yield name, f"GS2.1.{value}" if value.startswith("s") else f"GS1.1.{value}"
        elif name == "_gcl_au":
            yield name, f"1.1.{value}"
        elif name.startswith("_gcl_"):
            yield name, value


def _is_fresh(fingerprint: int, payload: str, event: Event, received: Received) -> bool:
    minute = int(received.at // 60)
    agent = crc32(f"{received.user_agent}*".encode("latin-1", "replace"))
    agents = [crc32(offset, agent) for offset in _OFFSET_BYTES]
    for language in _languages(event, received):
        for ahead in _MINUTES:
            rest = f"{language}*{minute + ahead}*{payload}".encode("latin-1", "replace")
            if any(crc32(rest, start) == fingerprint for start in agents):
                return True
    return False


def _languages(event: Event, received: Received) -> dict[str, None]:
    """The browser's language as it may have written it; gtag.js reports it in lower case."""
    said = event.get("language", "")[:32]
    header = received.headers.get("accept-language", "")[:64]
    first = header.split(",")[0].split(";")[0].strip()
    language, dash, region = said.partition("-")
    usual = f"{language.lower()}-{region.upper()}" if dash and len(region) == 2 else said
    return dict.fromkeys(filter(None, (usual, said, first)))
