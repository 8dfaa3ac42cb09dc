"""Answers the requests of Segment's and RudderStack's browser SDKs for their settings.

Sources: @segment/analytics-next 1.84.3 (`AnalyticsSettings`); @rudderstack/analytics-js 3.34.1
(`SourceConfigResponse`); github.com/rudderlabs/rudder-sdk-kotlin and rudder-sdk-swift
(`RudderServerConfigSource`).
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.sources.base import Answer, Inbound, Refused
from gateway.sources.description import (
    JSON,
    REFUSAL,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)

_SETTINGS = "/v1/projects/{key}/settings"
_SCRIPT = "/analytics.js/v1/{key}/analytics.min.js"
_SOURCE_CONFIG = "/sourceConfig"

_HEADERS = {"content-type": "application/json", "cache-control": "private, max-age=300"}
"""The answer contains the host of the request, so no shared cache may keep it."""

_UPDATED = "2026-01-01T00:00:00.000Z"
_OBJECT: Schema = {"type": "object"}
_NO_SCRIPT = AnswerDescription(
    "There is no such script here.", {JSON: REFUSAL}, {"no_script": "Load the SDK from elsewhere."}
)


def sdk_questions(keys: Mapping[str, Schema]) -> dict[str, Operation]:
    """The requests of the SDKs by path. keys: as in `Operation`."""
    return {
        _SETTINGS: Operation(
            text="The settings that Segment's SDK for browsers loads from its `cdnURL`. They make "
            "it send its events to this gateway.",
            answers={
                "200": AnswerDescription("The settings.", {JSON: _OBJECT}),
                "401": UNAUTHORIZED,
            },
        ),
        _SCRIPT: Operation(
            text="Segment's script, which the gateway does not serve.",
            answers={"404": _NO_SCRIPT},
        ),
        _SOURCE_CONFIG: Operation(
            text="The settings that RudderStack's SDK for browsers loads from its `configUrl`.",
            answers={
                "200": AnswerDescription("The settings.", {JSON: _OBJECT}),
                "401": UNAUTHORIZED,
            },
            keys=keys,
            needs_key=True,
        ),
    }


def key_in_path(request: Inbound) -> str:
    """The write key in the path of Segment's settings; "" for other paths."""
    segments = request.path.split("/")
    return segments[-2] if segments[-1] == "settings" else ""


def refuse_script(request: Inbound) -> None:
    """Raises `Refused` if `request` is for Segment's script."""
    if request.path.endswith("/analytics.min.js"):
        raise Refused(
            404,
            "no_script",
            "the gateway does not serve Segment's script: load @segment/analytics-next from npm "
            "or from your own site, with this gateway as its cdnURL",
        )


def settings_answer(request: Inbound, key: str) -> Answer:
    """The settings for the SDK that requests them with the write key `key`."""
    asks_segments = bool(key_in_path(request))
    content = _for_segment(key, request.base_url) if asks_segments else _for_rudderstack(key)
    return replace(Answer.json(200, content), headers=_HEADERS)


def _for_segment(key: str, base_url: str) -> dict[str, object]:
    """Settings with only Segment's own destination, and no metrics of the SDK about itself.

    base_url: the URL below which the SDK finds ``/v1/t`` and the like.
    """
    scheme, _, host = base_url.partition("://")
    api = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": scheme}
    return {"integrations": {"Segment.io": api}, "metrics": {"sampleRate": 0}}


def _for_rudderstack(key: str) -> dict[str, object]:
    """An enabled source without destinations. The SDK sends to its own `dataPlaneUrl`. The SDKs for
    apps cannot read a source without ``updatedAt``."""
    off = {"enabled": False}
    return {
        "source": {
            "id": "gateway",
            "name": "gateway",
            "writeKey": key,
            "enabled": True,
            "workspaceId": "gateway",
            "connections": [],
            "destinations": [],
            "config": {"statsCollection": {"errors": off, "metrics": off}},
            "dataplanes": {},
            "updatedAt": _UPDATED,
        },
        "updatedAt": _UPDATED,
        "consentManagementMetadata": {"providers": []},
    }
