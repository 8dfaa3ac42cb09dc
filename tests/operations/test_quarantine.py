"""Quarantine without a command line: what a release would do, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.operations.quarantine import InQuarantine
from gateway.operations.quarantine_release import release_quarantined, survey_release
from gateway.operations.stopped import Stopped
from gateway.queue.stored_events import ALL
from tests.support.events import make_event
from tests.support.keys import ADS, KEYS
from tests.support.quarantine import set_aside

pytestmark = pytest.mark.anyio

CONFIG = """
redis: {{data_dir: "{data}"}}
sources: {{site: {{type: collect}}}}
enrichment: []
consent: {{regions: []}}
schemas:
  purchase:
    on_mismatch: quarantine
    schema: {{properties: {{value: {{type: number}}}}}}
destinations:
  ads: {{type: webhook, url: "https://ads.example/", delivery: {{max_pending: 3}}}}
  trial: {{type: webhook, url: "https://trial.example/", dry_run: true, when: {{trial: true}}}}
"""


@pytest.fixture
def chosen(redis: Redis, redis_url: str, tmp_path: Path, watch: Any) -> InQuarantine:
    settings = parse_settings(CONFIG.format(data=tmp_path))
    return InQuarantine.of(redis, redis_url, settings, ALL, watch.noted.append)


async def test_a_survey_tells_what_becomes_of_them_and_the_release_does_it(
    redis: Redis, chosen: InQuarantine, watch: Any
) -> None:
    await set_aside(redis, [make_event(0, value=1), make_event(1, value="much")])
    preview = await survey_release(chosen, anyway=False)
    assert (preview.survey.total, preview.total, preview.misfits.total()) == (2, 1, 1)
    assert preview.fates == {("ads", "to send"): 1, ("trial", "withheld"): 1}
    assert preview.notes == []  # nothing goes to trial
    assert await redis.xlen(KEYS.quarantine) == 2
    await set_aside(redis, [make_event(2, value=1)])
    await release_quarantined(chosen, preview, 100, watch.advance)
    assert (watch.steps, watch.noted) == ([(1, 1)], [1])
    assert (await redis.xlen(KEYS.quarantine), await redis.xlen(ADS.stream)) == (2, 1)
    preview = await survey_release(chosen, anyway=True)
    assert (preview.total, preview.misfits) == (2, {})


async def test_a_destination_that_is_full_stops_it_and_what_was_done_is_noted(
    redis: Redis, chosen: InQuarantine, watch: Any
) -> None:
    await set_aside(redis, [make_event(number, value=1) for number in range(5)])
    preview = await survey_release(chosen, anyway=False)
    with pytest.raises(Stopped, match=r"release stopped: .*ads: 3 of 3 pending events"):
        await release_quarantined(chosen, preview, 4, watch.advance)
    assert (sum(done for _, done in watch.steps), watch.noted) == (3, [3])
    assert await redis.xlen(KEYS.quarantine) == 2
