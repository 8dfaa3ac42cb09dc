"""`gateway.plugins` is enough to write a destination and a source in a separate package."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import plugins
from gateway.configuration.destination import build_destination
from gateway.configuration.kinds import installed_kinds
from gateway.configuration.load import parse_settings, settings_schema
from gateway.configuration.settings import Settings, build_sources, settings_model
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline

THIRD_PARTY = Path(__file__).parent / "third_party"
CACHES = (installed_kinds, settings_model, settings_schema)
NOW = 1795219260.0
CONFIGURATION = """\
sources:
  mail: {type: postcard}
destinations:
  roof: {type: carrier, url: https://roof.example/in, token: s3cret}
"""


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of a gateway with the package `carrier` installed."""
    monkeypatch.syspath_prepend(THIRD_PARTY)
    for cached in CACHES:
        cached.cache_clear()
    try:
        yield parse_settings(CONFIGURATION, environment={})
    finally:
        for cached in CACHES:
            cached.cache_clear()


def posted(settings: Settings, body: bytes) -> plugins.Batch:
    return build_sources(settings)["mail"].read(plugins.Inbound("POST", "/postcard", body=body))


def test_an_event_goes_from_a_third_partys_source_to_its_destination(settings: Settings) -> None:
    message = {"what": "sign_up", "when": 1795219200, "ip_override": "192.0.2.1"}
    consent = {"consent": {"analytics_storage": "granted"}}
    batch = posted(settings, orjson.dumps(message | consent))
    assert [event["event_name"] for event in batch.events] == ["sign_up"]

    decision = compile_pipeline(settings)(batch.events[0], Received("mail", NOW))
    event = decision.verdicts["roof"].event
    assert event is not None
    assert event["ip_override"] == "", "only a trusted sender may state it"

    roof = build_destination(settings.destinations["roof"])
    request = plugins.Request(
        "POST",
        "https://roof.example/in",
        {"authorization": "Bearer s3cret"},
        b'{"name":"sign_up","at":1795219200}',
        (0,),
    )
    assert list(roof.requests([event], NOW)) == [request]
    assert list(roof.outcomes(request, plugins.Response(204))) == [plugins.DELIVERED]
    assert list(roof.outcomes(request, plugins.Response(422, body=b"no perch"))) == [
        plugins.Outcome("rejected", "HTTP 422: no perch", "request")
    ]


TRUSTED_ONLY = {
    "ip_override": "192.0.2.1",
    "user_agent": "Mozilla/5.0",
    "event_location": {"country": "US"},
    "bot": {"is_bot": False},
    "anonymised": True,
    "action_source": "physical_store",
}


@pytest.mark.parametrize("field", TRUSTED_ONLY)
@pytest.mark.parametrize("trusted", [True, False])
def test_what_only_a_trusted_sender_may_state_is_set_aside_for_a_third_partys_source(
    settings: Settings, field: str, trusted: bool
) -> None:
    stated = TRUSTED_ONLY[field]
    message = {"what": "sign_up", "when": 1795219200, field: stated}
    (event,) = posted(settings, orjson.dumps(message)).events
    received = Received("mail", NOW, "203.0.113.7", "curl/8", trusted=trusted)
    decided = compile_pipeline(settings)(event, received).event
    assert (decided.get(field) == stated) is trusted


def test_what_a_third_partys_source_cannot_read_is_answered_as_by_ours(settings: Settings) -> None:
    source: Any = build_sources(settings)["mail"]
    answer = source.answer(posted(settings, b"{}"))
    assert (answer.status, b"what and when are needed" in answer.body) == (400, True)
    with pytest.raises(plugins.Refused) as refused:
        posted(settings, b"{")
    assert refused.value.status == 400


def test_the_package_imports_nothing_else_of_the_gateway() -> None:
    tree = ast.parse((THIRD_PARTY / "carrier" / "__init__.py").read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
    assert modules == {"collections.abc", "typing", "gateway.plugins"}


def test_every_promised_name_is_there() -> None:
    assert [name for name in plugins.__all__ if not hasattr(plugins, name)] == []
