"""Checks whether a request shows a key, before anything else is done with it."""

from collections.abc import Callable
from typing import Any

from starlette.types import Scope

from gateway.sources.base import Inbound, Refused, Source
from gateway.web.headers import MAX_LINES, read_headers

MAX_HEAD_BYTES = 4096
"""Of the query and the values of all headers. Backends send less, and a longer search for a wrong
key would cost more than refusing the request."""

ShowsKey = Callable[[Scope], bool]


def compile_key_check(source: Source[Any]) -> ShowsKey:
    """The function that tells whether the head of a request to `source` shows a valid key."""
    if type(source).shows_key is Source.shows_key:
        return lambda scope: False

    def shows_key(scope: Scope) -> bool:
        lines, query = scope["headers"], scope["query_string"]
        if len(lines) > MAX_LINES:
            return False
        if len(query) + sum(len(value) for _, value in lines) > MAX_HEAD_BYTES:
            return False
        try:
            headers = read_headers(lines)
        except Refused:
            return False
        request = Inbound(scope["method"], scope["path"], query.decode("latin-1"), headers)
        return source.shows_key(request)

    return shows_key
