"""Cookies of the console: only for this host, and only over https where it is reached by https.

Source: RFC 6265bis (``__Host-``, `SameSite`), which browsers accept with `Secure` alone.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.configuration.exposure import is_loopback
from gateway.urls.domains import host_name

_SECURE = "__Host-"


def is_https(request: Request) -> bool:
    """Whether the browser reaches the console by https, even through a proxy that does not say so.

    Browsers say so themselves: `Origin` has their scheme, and `Sec-Fetch-Site` is sent to no http
    address but loopback (W3C Fetch Metadata, 2.4). A page of another site cannot set either.
    """
    if request.url.scheme == "https":
        return True
    headers = request.headers
    if headers.get("origin", "").startswith("https://"):
        return headers["origin"][8:] == headers.get("host", "").lower()
    name = host_name(headers.get("host", "")).strip("[]")
    return "sec-fetch-site" in headers and not is_loopback(name)


def read_cookie(request: Request, name: str) -> str:
    """The value of the cookie, "" without one. A cookie that a page of another host could have set
    counts only where there is no https."""
    cookies = _cookies(request)
    return cookies.get(_SECURE + name) or ("" if is_https(request) else cookies.get(name, ""))


def write_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    secure = is_https(request)
    response.set_cookie(
        _SECURE + name if secure else name,
        value,
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(request: Request, response: Response, name: str) -> None:
    for each in _cookies(request).keys() & {name, _SECURE + name}:
        response.delete_cookie(each, secure=each.startswith(_SECURE), httponly=True, samesite="lax")


def _cookies(request: Request) -> dict[str, str]:
    """Not `Request.cookies`: that strips every white space of Latin-1 around a name. A page of
    another host may set a cookie with such a byte before ``__Host-``, which browsers then take for
    no prefix."""
    header = ";".join(request.headers.getlist("cookie"))
    pairs = (each.strip(" \t").partition("=") for each in header.split(";"))
    return {name: value for name, _, value in pairs}
