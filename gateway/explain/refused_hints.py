"""What to do about a refused request, in words."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.configuration.kinds import source_types
from gateway.queue.refused_requests import RefusedRequest
from gateway.sources.base import SourceSettings
from gateway.sources.recognition import UNKNOWN, title_of

Sources = Mapping[str, SourceSettings]

_OF_SOURCE = {
    "too_large": "send fewer events in one request, or raise `max_body_bytes` of source `{source}`",
    "inflates_too_much": "send fewer events in one request, or send it without gzip",
    "too_many_events": "send fewer events in one request",
    "grows_too_much": "send fewer events in one request, or share less among them",
    "unsupported_encoding": "send the body as it is, or with Content-Encoding: gzip",
    "rate_limited": "raise `rate_limit` of source `{source}`, send with a key, or, if the requests "
    "come through your proxy, list it in `server.trusted_proxies`",
    "submission_token": "load gateway-token.js on the page, or take `submission_tokens` out of "
    "source `{source}`",
    "malformed": "compare what the sender sends with the protocol of source `{source}`; "
    "`gateway explain --request` reads a recorded request",
}


def hint_for(request: RefusedRequest, sources: Sources) -> str:
    """What an operator with the configured `sources` may want to do; "" where nothing is known."""
    match request.reason:
        case "no_source":
            return _unclaimed(request, sources)
        case "unauthorized":
            return _unauthorized(request)
        case "origin" | "preflight":
            return _origin(request, sources)
        case "method":
            return _method(request)
        case reason:
            return _OF_SOURCE.get(reason, "").format(source=request.source)


def _unclaimed(request: RefusedRequest, sources: Sources) -> str:
    kind = request.looks_like
    if kind == UNKNOWN:
        return (
            "this looks like no protocol that the gateway knows; if your sender sent it, compare "
            "its URL with `paths` of your sources"
        )
    words = f"this looks like {title_of(kind)}"
    names = [name for name, source in sources.items() if source.type == kind]
    if names:
        source = sources[names[0]]
        paths = source.paths or [*source_types()[kind].paths]
        shown = ", ".join(paths[:2]) + (", ..." if len(paths) > 2 else "")
        return (
            f"{words}, which source `{names[0]}` reads at {shown}: set `prefix: any` there, add "
            "the path to its `paths`, or change the URL in the sender"
        )
    if kind in source_types():
        return f"{words}: no source of type `{kind}` is configured; add one"
    return f"{words}: no installed kind of source reads it"


def _unauthorized(request: RefusedRequest) -> str:
    if not request.keys:
        return f"the request shows no key; source `{request.source}` needs one"
    return (
        f"the request shows a key that source `{request.source}` does not have "
        f"({'; '.join(request.keys)}): compare it with the keys of the source"
    )


def _origin(request: RefusedRequest, sources: Sources) -> str:
    source = sources.get(request.source)
    origin = request.origin
    if source is not None and origin in source.allowed_origins:
        return (
            f"source `{request.source}` accepts this origin, but not the method "
            f"{request.asked_method} or a header that the page wants to send"
        )
    if not origin:
        return (
            "the request names no page; a program has to send a key, or take `require_origin` out "
            f"of source `{request.source}`"
        )
    if origin == "null":
        return (
            "the browser does not tell the page's origin, as for a local file or a sandboxed "
            "frame; serve the page from a site"
        )
    return f"if this site is yours, add {origin} to `allowed_origins` of source `{request.source}`"


def _method(request: RefusedRequest) -> str:
    if not request.asked_method:
        return "change the method in the sender, usually to POST"
    return (
        "a browser asks whether a page may send (a preflight), and the source allows no pages of "
        f"other origins: add {request.origin} to `allowed_origins` of source `{request.source}`"
    )
