"""Reads the payload of a request of PostHog's SDKs, which use several encodings.

Source: the npm package posthog-js 1.449, lib/src/request.js; github.com/PostHog/posthog,
rust/capture/src/payload, for what older SDKs send
"""

from gateway.sources.base import Inbound, Refused
from gateway.sources.form import form_fields
from gateway.sources.reading import from_base64

_JSON = (b"{", b"[", b'"')
_GZIP = b"\x1f\x8b"
_BLANKS = b" \t\r\n\xef\xbb\xbf"


def payload(request: Inbound, query: dict[str, str]) -> bytes:
    """The JSON in `request`: plain or base64, in the body or in the field ``data`` of a form or of
    the query. gzip has already been decompressed, whatever the request says about it.

    query: the fields of the query. Raises `Refused` for a missing payload, and for an unsupported
    compression.
    """
    text = request.body
    if _is_form(text):
        text = dict(form_fields(text)).get("data", "").encode()
    elif not text:
        text = query.get("data", "").encode()
    text = text.strip(_BLANKS)
    if not text:
        raise Refused(400, "malformed", "expected JSON in the body, or in the field data")
    if text.startswith(_JSON):
        return text
    if query.get("compression", "").startswith("lz"):
        raise Refused(415, "unsupported_encoding", "lz-string is not read: send gzip or plain JSON")
    return _unwrapped(text)


def _is_form(body: bytes) -> bool:
    return not body.lstrip(_BLANKS).startswith(_JSON) and (
        body.startswith(b"data=") or b"&data=" in body
    )


def _unwrapped(text: bytes) -> bytes:
    try:
        decoded = from_base64(text)
    except ValueError:
        raise Refused(400, "malformed", "the payload is neither JSON nor base64") from None
    if decoded.startswith(_GZIP):
        raise Refused(
            415, "unsupported_encoding", "gzip within base64 is not read: send gzip as the body"
        )
    return decoded
