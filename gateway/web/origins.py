"""Which pages may send events to a source: those of its `allowed_origins`."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from gateway.sources.base import Answer, Refused, SourceSettings
from gateway.urls.origin import origin_of

OriginCheck = Callable[[Mapping[str, str]], None]
"""Takes the headers of a request. Raises `OriginRefused` when its page may not send events."""


class OriginRefused(Refused):
    """The page may not send events, or it is unknown and the source requires it.

    origin: of the page, "" if unknown. The page may read this answer, to learn not to try again.
    """

    def __init__(self, message: str, origin: str = "") -> None:
        super().__init__(403, "origin", message)
        self.origin = origin

    def answer(self) -> Answer:
        """The answer, with the CORS headers by which the page can read it.

        Source: Fetch standard, CORS protocol (``null`` may be named like any other origin).
        """
        answer = super().answer()
        if self.origin != "null" and origin_of(self.origin) != self.origin:
            return answer
        cors = {
            "access-control-allow-origin": self.origin,
            "access-control-allow-credentials": "true",
            "vary": "Origin",
        }
        return replace(answer, headers={**answer.headers, **cors})


def page_origin(headers: Mapping[str, str]) -> str | None:
    """The origin of the page that sent a request: that of `Origin`, or else of `Referer`; None
    without either."""
    origin = headers.get("origin")
    if origin is None and (referer := headers.get("referer")):
        return origin_of(referer) or "null"
    return origin


def compile_origin_check(settings: SourceSettings, serves_pages: bool) -> OriginCheck | None:
    """The check for a source with `settings`; None where any page may send.

    serves_pages: the gateway has pages of its own, the demo. These may send as well: pages at the
    host to which the request went.
    """
    allowed, is_required = frozenset(settings.allowed_origins), settings.require_origin
    if not allowed:
        return None

    def check(headers: Mapping[str, str]) -> None:
        origin = page_origin(headers)
        if origin in allowed:
            return
        if origin is None:
            if is_required:
                raise OriginRefused(
                    "this source requires an Origin or Referer header (`require_origin`), and the "
                    "request has neither"
                )
        elif not (serves_pages and _is_own(origin, headers)):
            raise OriginRefused(
                "pages of this origin may not send events here; to allow them, add the origin to "
                "`allowed_origins` of the source",
                origin,
            )

    return check


def _is_own(origin: str, headers: Mapping[str, str]) -> bool:
    """Whether `origin` has the host and the port to which the request was sent."""
    return origin.partition("://")[2] == headers.get("host", "").lower()
