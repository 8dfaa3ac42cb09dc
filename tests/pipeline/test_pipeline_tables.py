"""The pipeline uses files beside the configuration, which names them."""

from pathlib import Path

import pytest

from gateway.configuration.load import load_settings
from gateway.configuration.settings import Settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.stages.enrichment import EnrichmentMistakes, open_tables

CONFIG = """
sources: {site: {type: collect}}
destinations: {web: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}
enrichment:
  - geo: {headers: cloudflare}
lookups:
  segments: {key: user_id, add: [segment], file: segments.csv}
"""
EVENT = {"event_name": "login", "user_id": "u1"}
RECEIVED = Received("site", 1_795_000_000.0, "8.8.8.8", "", {"cf-ipcountry": "DE"}, proxied=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "segments.csv").write_text("user_id,segment\nu1,gold\n")
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG)
    return load_settings(path, {})


def test_files_are_found_beside_the_configuration(settings: Settings) -> None:
    decision = compile_pipeline(settings)(EVENT, RECEIVED)
    assert decision.event["segment"] == "gold"
    (step,) = (step for step in decision.steps if step.stage == "enrichment")
    assert step.words == "lookup segments"


def test_consent_goes_by_the_place_that_geo_finds_as_it_is_configured(settings: Settings) -> None:
    """The address is in the USA, but the CDN says Germany."""
    decision = compile_pipeline(settings)(EVENT, RECEIVED)
    assert decision.event["event_location"] == {"country": "DE"}
    assert decision.event["consent"]["ad_storage"] == "denied"


@pytest.mark.anyio
async def test_whoever_has_the_tables_makes_them_new(settings: Settings) -> None:
    tables = open_tables(settings.enrichment, settings.lookups, settings.folder)
    decide = compile_pipeline(settings, tables)
    (settings.folder / "segments.csv").write_text("user_id,segment\nu1,platinum\n")
    assert decide(EVENT, RECEIVED).event["segment"] == "gold"
    await tables.refresh()
    assert decide(EVENT, RECEIVED).event["segment"] == "platinum"


def test_a_file_that_went_since_the_settings_were_read_is_a_mistake(settings: Settings) -> None:
    (settings.folder / "segments.csv").unlink()
    with pytest.raises(EnrichmentMistakes, match=r"^lookups\.segments\.file: "):
        compile_pipeline(settings)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
