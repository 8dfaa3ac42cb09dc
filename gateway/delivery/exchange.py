"""The exchange with a vendor: a request and its response, as they may be kept and shown."""

from __future__ import annotations

from typing import Any

import orjson

from destinations.base import Destination, Request, Response
from destinations.masking import MASK

MAX_RESPONSE_CHARACTERS = 2000
"""How much of a response's body is kept and shown."""


def request_record(destination: Destination[Any], request: Request) -> dict[str, Any]:
    """`request` as it may be shown: secrets and signatures masked, a JSON body decoded."""
    masker = destination.masker
    body = masker.text(request.body.decode(errors="replace"))
    headers = {name: masker.header(name, value) for name, value in request.headers.items()}
    if request.credential:
        headers["authorization"] = f"Bearer {MASK}"
    return {
        "method": request.method,
        "url": masker.url(request.url),
        "headers": headers,
        "body": _decoded(body),
    }


def response_record(
    destination: Destination[Any], response: Response | None
) -> dict[str, Any] | None:
    """`response` as it may be kept and shown: the start of its body, secrets masked."""
    if response is None:
        return None
    start = response.body[: 2 * MAX_RESPONSE_CHARACTERS].decode(errors="replace")
    # masked before it is cut: half a secret would not be found
    return {"status": response.status, "body": destination.mask(start)[:MAX_RESPONSE_CHARACTERS]}


def _decoded(body: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
