"""What `gateway check` says about `hash_at_ingest`."""

from __future__ import annotations

from gateway.configuration.load import parse_settings
from gateway.operations.checking.hashes import hash_notes

DESTINATIONS = """
destinations:
  ads: {type: meta, pixel_id: "1", access_token: s3cret-token}
  stats: {type: ga4, measurement_id: G-TEST000001, api_secret: s3cret-token}
  hook: {type: webhook, url: "https://shop.example/"}
"""


def notes(text: str) -> list[str]:
    whole = f"sources: {{site: {{type: collect}}}}\n{text}{DESTINATIONS}"
    return list(hash_notes(parse_settings(whole, environment={})))


def test_nothing_is_said_where_it_is_off() -> None:
    assert notes("") == []


def test_who_gets_no_clear_values_is_named_and_that_others_come_too_late() -> None:
    hashes, clear = notes("hash_at_ingest: true\n")
    assert "the hashes that ads, stats need" in hashes
    assert "A destination that you add later" in hashes
    assert clear.startswith("Note: hash_at_ingest: hook (webhook) takes `user_data` as it is")


def test_a_guard_that_leaves_personal_data_in_texts_is_a_warning() -> None:
    off = notes("hash_at_ingest: true\npii_guard: {enabled: false}\n")[-1]
    assert off.startswith("Warning: ")
    assert "does not remove email and phone" in off
    part = notes("hash_at_ingest: true\npii_guard: {patterns: [email, card]}\n")[-1]
    assert "does not remove phone" in part
