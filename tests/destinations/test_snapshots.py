"""Every recommended event results in the requests that were reviewed."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from tests.destinations.snapshots import EVENTS, FILES, NOW, snapshot
from tests.vendors.ga4 import GA4
from tests.vendors.google_data_manager import GoogleDataManager
from tests.vendors.meta import Meta
from tests.vendors.pinterest import Pinterest
from tests.vendors.reddit import Reddit
from tests.vendors.snapchat import Snapchat
from tests.vendors.tiktok import TikTok


@pytest.mark.parametrize("name", EVENTS)
def test_the_requests_are_those_that_were_reviewed(name: str) -> None:
    reviewed = (FILES / f"{name}.json").read_text(encoding="utf-8")
    assert snapshot(name) == reviewed, (
        "if the change is right, run: python -m tests.destinations.snapshots"
    )


def test_there_is_no_file_without_an_event() -> None:
    assert sorted(path.stem for path in FILES.iterdir()) == sorted(EVENTS)


@pytest.mark.parametrize("name", EVENTS)
def test_the_vendors_take_the_requests(name: str) -> None:
    requests = json.loads((FILES / f"{name}.json").read_bytes())["requests"]
    meta, ga4 = Meta(now=lambda: NOW), GA4(now=lambda: NOW)
    to_meta, to_ga4 = requests["meta"], requests["ga4"]
    answer = meta.answer(
        "POST", urlsplit(to_meta["url"]).path, json.dumps(to_meta["body"]).encode()
    )
    assert answer.status == 200, answer.body
    url = urlsplit(to_ga4["url"])
    ga4.answer("POST", url.path, url.query, json.dumps(to_ga4["body"]).encode())
    hit = requests["ga4_gtag"]
    url = urlsplit(hit["url"])
    ga4.answer("POST", url.path, url.query, hit["body"].encode())
    assert ga4.lost == []
    assert len(ga4.events) == 2
    data_manager = GoogleDataManager(now=lambda: NOW)
    made = requests["ga4_data_manager"]
    answer = data_manager.answer(
        "POST", urlsplit(made["url"]).path, "", json.dumps(made["body"]).encode()
    )
    assert answer.status == 200, answer.body
    assert len(data_manager.kept) == 1


@pytest.mark.parametrize("vendor", [Pinterest, Reddit, Snapchat, TikTok])
@pytest.mark.parametrize("name", EVENTS)
def test_vendors_with_answers_take_the_requests(
    vendor: type[Pinterest | Reddit | Snapchat | TikTok], name: str
) -> None:
    made = json.loads((FILES / f"{name}.json").read_bytes())["requests"][vendor.__name__.lower()]
    if made.keys() <= {"withheld", "unsendable"}:
        return
    strict = vendor(now=lambda: NOW)
    body = json.dumps(made["body"]).encode()
    answer = strict.answer("POST", urlsplit(made["url"]).path, made["headers"], body)
    assert len(strict.events) == 1, answer.body
