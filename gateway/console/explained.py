"""What was decided about an event, and what is decided today, as pages show it."""

from __future__ import annotations

from typing import Any

from gateway.console.personal import (
    changes_without_personal,
    request_without_personal,
    text_without_personal,
)
from gateway.event import Event
from gateway.explain.explain import Explanation


def explanation_without_personal(explained: Explanation, event: Event | None) -> Explanation:
    """`explained`, as `gateway.explain.then_and_today.ThenAndToday` gives it, of `event`."""
    happened = explained["happened"]
    return {
        **explained,
        "happened": {
            **happened,
            "stages": [_decided(each, event) for each in happened["stages"]],
            "destinations": {
                name: _decided(each, event) for name, each in happened["destinations"].items()
            },
        },
        "destinations": {
            name: each
            | {key: _decided(each[key], event) for key in each.keys() & {"then", "today"}}
            for name, each in explained["destinations"].items()
        },
    }


def _decided(decided: dict[str, Any], event: Event | None) -> dict[str, Any]:
    hidden = dict(decided)
    if "reason" in decided:
        hidden["reason"] = text_without_personal(decided["reason"], event)
    if "trace" in decided:
        hidden["trace"] = [text_without_personal(line, event) for line in decided["trace"]]
    if "changed" in decided:
        hidden["changed"] = changes_without_personal(decided["changed"], event or {})
    if "requests" in decided:
        hidden["requests"] = [request_without_personal(each) for each in decided["requests"]]
    return hidden
