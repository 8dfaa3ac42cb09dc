"""The origin of a URL, written as browsers write it in `Origin`."""

import re

_START = re.compile(
    r"(?P<scheme>https?)://(?:[^/?#\\@]*@)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?(?=[/?#\\]|\Z)",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "https://shop.example"


def origin_of(url: str) -> str | None:
    """Scheme, host and port of an absolute http or https URL, such as ``https://shop.example``;
    None for any other text.

    In lower case, and without the port that the scheme implies.
    Source: RFC 6454, 6.2 (ASCII serialization of an origin).
    """
    found = _START.match(url)
    if found is None:
        return None
    scheme, host = found["scheme"].lower(), found["host"].lower()
    port = int(found["port"]) if found["port"] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65_536:
        return None
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def check_origin(text: str) -> str:
    """`text`, if it is an origin. Raises ValueError, which says what to write instead."""
    if text == "*":
        raise ValueError(
            "`*` cannot be used, because answers are sent with credentials; list each origin, "
            f"such as {_EXAMPLE}"
        )
    origin = origin_of(text)
    if origin == text:
        return text
    if origin is None:
        raise ValueError(
            "is not an origin: write scheme (http or https), host and an optional port, such as "
            f"{_EXAMPLE}; write a host with letters beyond a to z in Punycode (xn--...)"
        )
    raise ValueError(
        f"is not an origin: write {origin}, in lower case, without a path, a trailing slash or "
        "the default port"
    )
