"""A Conversions API as strict as Meta's: one invalid event fails the request.

Sources: developers.facebook.com/docs/marketing-api/conversions-api (using-the-api; parameters:
server-event, customer-information-parameters, custom-data, app-data, fbp-and-fbc),
developers.facebook.com/docs/graph-api (guides/error-handling, overview/rate-limiting,
securing-requests). The subcodes that Meta's pages do not explain come from rudderlabs/
rudder-transformer and captured responses: for an event that is too old, one with too little
personal data, a purchase without a value, and 2804001 for malformed fields.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from tests.vendors.answer import Answer, as_json
from tests.vendors.meta_event import Refusal, refusals

_PATH = re.compile(r"/v([0-9]+)\.0/([0-9]+)/events").fullmatch
_OLDEST_VERSION = 25
_BATCH = 1000
_CREDENTIALS = {"access_token", "appsecret_proof", "test_event_code", "partner_agent", "data"}


@dataclass
class Meta:
    """token, app_secret: those that it accepts; None for any token, and to check no proof. now: the
    clock. events: all that it accepted, in order. throttled: minutes until it accepts requests
    again. usage: percentage of the rate limit that every response states.
    """

    token: str | None = None
    app_secret: str | None = None
    now: Callable[[], float] = time
    events: list[dict[str, Any]] = field(default_factory=list)
    throttled: int = 0
    usage: int = 1

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """The response to a request. path: without its query."""
        error = self._error(method, path, body)
        headers = {
            "x-app-usage": json.dumps(dict.fromkeys(_USAGE, self.usage)),
            "x-business-use-case-usage": json.dumps({"1": [self._business_usage()]}),
        }
        if error:
            return as_json(400, {"error": error}, headers)
        received = json.loads(body)["data"]
        self.events += received
        answer = {"events_received": len(received), "messages": [], "fbtrace_id": "AbCdEfGhIjK"}
        return as_json(200, answer, headers)

    def _business_usage(self) -> dict[str, Any]:
        return {
            "type": "ads_management",
            "estimated_time_to_regain_access": self.throttled,
            **dict.fromkeys(_USAGE, 100 if self.throttled else self.usage),
        }

    def _error(self, method: str, path: str, body: bytes) -> dict[str, Any] | None:
        found = _PATH(path)
        if not found or method != "POST":
            return _error(100, "Unsupported post request", 33, kind="GraphMethodException")
        if int(found[1]) < _OLDEST_VERSION:
            return _error(2635, "You are calling a deprecated version of the Ads API")
        if self.throttled:
            return _error(4, "(#4) Application request limit reached")
        try:
            request = json.loads(body)
        except ValueError:
            return _error(100, "Invalid parameter")
        if not isinstance(request, dict):
            return _error(100, "Invalid parameter")
        return self._credentials(request) or _of_data(request, self.now())

    def _credentials(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        token = request.get("access_token")
        if not isinstance(token, str) or not token:
            return _error(104, "An access token is required to request this resource.")
        if self.token is not None and token != self.token:
            return _error(190, "Invalid OAuth access token - Cannot parse access token")
        proof = request.get("appsecret_proof")
        if self.app_secret is not None and proof != _proof(self.app_secret, token):
            said = "Invalid appsecret_proof provided in the API argument"
            return _error(100, said, kind="GraphMethodException")
        return None


_USAGE = ("call_count", "total_time", "total_cputime")


def _proof(secret: str, token: str) -> str:
    return hmac.digest(secret.encode(), token.encode(), "sha256").hex()


def _of_data(request: Mapping[str, Any], now: float) -> dict[str, Any] | None:
    data = request.get("data")
    if unknown := request.keys() - _CREDENTIALS:
        return _error(100, f"Unknown parameters: {', '.join(sorted(unknown))}")
    if not isinstance(data, list) or not data:
        return _error(100, "(#100) The parameter data is required.")
    if len(data) > _BATCH:
        return _error(100, f"Too many elements in data: at most {_BATCH}")
    refused = next(_refused(data, now), None)
    return None if refused is None else _of_event(*refused)


def _refused(data: list[Any], now: float) -> Iterator[tuple[int, Refusal]]:
    for place, event in enumerate(data):
        for refusal in refusals(event, now):
            yield place, refusal


def _of_event(place: int, refusal: Refusal) -> dict[str, Any]:
    error = _error(100, "Invalid parameter", refusal.subcode)
    return error | {
        "error_user_title": refusal.title,
        "error_user_msg": f"data[{place}]: {refusal.why}",
    }


def _error(
    code: int, message: str, subcode: int | None = None, kind: str = "OAuthException"
) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message, "type": kind, "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return error | {"is_transient": False, "fbtrace_id": "AbCdEfGhIjK"}
