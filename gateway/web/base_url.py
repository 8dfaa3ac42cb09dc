"""The URL at which a client has reached the gateway, for answers that contain it."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from starlette.types import Scope

from gateway.configuration.server import ServerSettings
from gateway.urls.domains import host_name, is_local
from gateway.web.application import PREFIX
from gateway.web.origins import page_origin

BaseUrl = Callable[[Scope, Mapping[str, str]], str]
"""Returns scheme, host and prefix, without a slash at the end, for a request and its headers."""


def compile_base_url(server: ServerSettings) -> BaseUrl:
    """The function for a gateway with these settings. It uses `public_url` where that is
    configured, else the host that the client asked, if that is valid."""
    configured = "public_url" in server.model_fields_set

    def base_url(scope: Scope, headers: Mapping[str, str]) -> str:
        host = headers.get("host", "")
        origin = server.public_url
        if not configured and (name := host_name(host)):
            origin = f"{_scheme(scope, headers, name)}://{host.lower()}"
        return origin + quote(scope.get(PREFIX, "")).rstrip("/")

    return base_url


def _scheme(scope: Scope, headers: Mapping[str, str], host: str) -> str:
    """The scheme of the client's request: the first in `X-Forwarded-Proto`, if proxies send it;
    else https for a request of an https page, which may use http only for this machine; else that
    of the connection.

    Source: w3.org/TR/mixed-content, 5.1 and w3.org/TR/secure-contexts, 3.1
    """
    if said := headers.get("x-forwarded-proto"):
        first = said.partition(",")[0].strip().lower()
        return "https" if first == "https" else "http"
    if (page_origin(headers) or "").startswith("https:") and not is_local(host):
        return "https"
    return "https" if scope["scheme"] == "https" else "http"
