"""The endpoints that are no sources, for the OpenAPI documents of a gateway."""

from __future__ import annotations

from typing import Any

from gateway.configuration.settings import Settings
from gateway.sources.description import RETRY_AFTER

_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_SCRIPT = {"text/javascript": {"schema": {"type": "string"}}}
_HTML = {"text/html": {"schema": {"type": "string"}}}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What failed."}},
}


def _get(
    text: str, responses: dict[str, Any], parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {"description": text, "parameters": parameters or [], "responses": responses}


def _answer(text: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"description": text, "content": content, **more}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _query(name: str, text: str, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": text,
        "schema": {"type": "string"},
    }


_HEALTHZ = _get("Whether the process is up.", {"200": _answer("`ok`", _TEXT)})

_READY = {
    "type": "object",
    "required": ["ready"],
    "properties": {
        "ready": {"type": "boolean"},
        "reason": {"type": "string", "description": "Why it is not ready."},
        "spooled": {"type": "integer", "description": "Events that are spooled on disk."},
    },
}

_PUBLIC = {
    "/healthz": _HEALTHZ,
    "/readyz": _get(
        "Whether events can be stored.",
        {
            "200": _answer("`ready`", _TEXT),
            "503": _answer("`not ready`", _TEXT, headers=RETRY_AFTER),
        },
    ),
    "/gateway.js": _get(
        "The snippet that sends a page's events.",
        {"200": _answer("The script.", _SCRIPT)},
    ),
    "/gateway-token.js": _get(
        "Fetches submission tokens for the snippet.",
        {"200": _answer("The script.", _SCRIPT)},
    ),
    "/gateway-measurement.js": _get(
        "Sends GA4's events of enhanced measurement with the snippet.",
        {"200": _answer("The script.", _SCRIPT)},
    ),
}

_LINK = _get(
    "Redirects to another of the configured domains, with the visitor id if consent allows it.",
    {
        "302": {
            "description": "Redirect to the page.",
            "headers": {"Location": {"required": True, "schema": {"type": "string"}}},
        },
        "400": _answer("`to` is not an https URL of a configured domain.", _TEXT),
        "431": _answer("The headers are too large.", _TEXT),
    },
    [_query("to", "An https URL of one of the `identity.link_domains`.", required=True)],
)

_RECORDS = {
    "type": "object",
    "required": ["last", "records"],
    "properties": {
        "last": {"type": "string", "description": "The next `after`."},
        "records": {"type": "array", "items": {"type": "object"}},
    },
}

_DEMO = {
    "/demo": _get("The demo shop.", {"200": _answer("The page.", _HTML)}),
    "/demo/events": _get(
        "The newest events of the requesting browser, which a cookie identifies.",
        {
            "200": _answer("Decisions about events.", _json(_RECORDS)),
            "503": _answer("Redis does not answer.", _json(_ERROR)),
        },
        [_query("after", "`last` of the previous answer.", required=False)],
    ),
    "/demo/{file}": _get(
        "A file of the demo shop.",
        {
            "200": _answer("The file.", {"*/*": {"schema": {}}}),
            "404": _answer("The file does not exist.", _TEXT),
        },
        [{"name": "file", "in": "path", "required": True, "schema": {"type": "string"}}],
    ),
}

_DOCUMENT = _json({"type": "object", "required": ["openapi", "info", "paths"]})

OPERATOR_PATHS = {
    "/healthz": _HEALTHZ,
    "/readyz": _get(
        "Whether events can be stored, and why not.",
        {
            "200": _answer("Ready.", _json(_READY)),
            "503": _answer("Not ready.", _json(_READY), headers=RETRY_AFTER),
        },
    ),
    "/metrics": _get(
        "Metrics for Prometheus.",
        {
            "200": _answer("Prometheus' text format.", _TEXT),
            "503": _answer("Redis does not answer.", _TEXT),
        },
    ),
    "/openapi.json": _get(
        "The OpenAPI document of the public endpoints.", {"200": _answer("It.", _DOCUMENT)}
    ),
    "/openapi-operators.json": _get("This document.", {"200": _answer("It.", _DOCUMENT)}),
}
"""The operations of GET by path."""


def public_paths(settings: Settings) -> dict[str, Any]:
    """Path Items of what is served at the public address besides sources."""
    operations = {**_PUBLIC}
    if settings.identity.link_domains:
        operations["/link"] = _LINK
    if settings.server.demo:
        operations |= _DEMO
    return {path: {"get": operation} for path, operation in operations.items()}
