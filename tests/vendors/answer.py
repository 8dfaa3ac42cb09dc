"""The response of a vendor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


def as_json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    known = {"content-type": "application/json; charset=UTF-8"}
    return Answer(status, json.dumps(body).encode(), known | dict(headers or {}))
