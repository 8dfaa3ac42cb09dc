"""Cookies in `vendor_cookies` are known to field consent, the PII guard and redaction."""

from __future__ import annotations

import orjson
import pytest

from gateway.ledger.content import content_of
from gateway.queue.entry import encode_entry
from gateway.stages.field_consent.table import EVERY_PURPOSE, TABLE
from gateway.stages.pii.fields import Fields
from gateway.stages.vendor_cookies import ADVERTISING_BROWSERS, ADVERTISING_COOKIES

NAMES = sorted({*ADVERTISING_BROWSERS, *ADVERTISING_COOKIES})


@pytest.mark.parametrize("name", NAMES)
def test_a_field_of_its_name_needs_ad_storage(name: str) -> None:
    needs = [row for row in TABLE if name in row.fields]
    assert [(row.denied, row.purposes) for row in needs] == [(("ad_storage",), EVERY_PURPOSE)]


@pytest.mark.parametrize("name", NAMES)
def test_the_pii_guard_takes_its_value_for_an_id(name: str) -> None:
    assert Fields((), (), lambda _: True)[name] is None


def test_a_redacted_event_is_without_it() -> None:
    event = {"event_name": "page_view", **dict.fromkeys(NAMES, "1.1.2")}
    entry = encode_entry(event, "site", 0.0, "v", (), (), trusted=False)
    _, content = content_of([entry], "redacted")
    assert orjson.loads(content or "") == {"event_name": "page_view"}
