"""The place of a visitor is looked up once, at the stage where it is first needed."""

import pytest

from gateway.configuration.load import parse_settings
from gateway.event import Event, Received
from gateway.pipeline.compile import compile_pipeline
from gateway.stages.enrichment import ENRICHMENTS
from gateway.stages.enrichment.base import Additions

PLAIN = "sources: {site: {type: collect}}\ndestinations: {}\n"


@pytest.mark.parametrize(
    ("settings", "stages"),
    [
        ("enrichment: [geo, items]", ["locate"]),
        ("enrichment: [items]", ["locate"]),
        ("enrichment: [geo, items]\nconsent: {regions: []}", ["enrichment"]),
        ("enrichment: [items]\nconsent: {regions: []}", []),
    ],
)
def test_geo_runs_once(settings: str, stages: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def find(event: Event, _: Received) -> Additions:
        calls.append(event["ip_override"])
        return {"event_location": {"country": "US"}}

    monkeypatch.setitem(ENRICHMENTS, "geo", lambda _settings, _tables: find)
    decide = compile_pipeline(parse_settings(PLAIN + settings, environment={}))

    decision = decide({"event_name": "any"}, Received("site", 1_795_000_000.0, "8.8.8.8"))

    assert calls == ["8.8.8.8"] * len(stages)
    assert [step.stage for step in decision.steps if "geo" in str(step.words)] == stages
    assert ("event_location" in decision.event) == bool(stages)
