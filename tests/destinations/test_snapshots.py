"""Every recommended event results in the requests that were reviewed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.destinations.snapshots import EVENTS, FILES, NOW, snapshot
from tests.vendors.ga4 import GA4
from tests.vendors.google_data_manager import GoogleDataManager
from tests.vendors.linkedin import LinkedIn
from tests.vendors.meta import Meta
from tests.vendors.microsoft_uet import MicrosoftUET
from tests.vendors.openai_ads import OpenAIAds
from tests.vendors.pinterest import Pinterest
from tests.vendors.reddit import Reddit
from tests.vendors.snapchat import Snapchat
from tests.vendors.tiktok import TikTok
from tests.vendors.x import X


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


VENDORS: Mapping[str, Callable[..., Any]] = {
    "linkedin": LinkedIn,
    "microsoft_uet": MicrosoftUET,
    "openai_ads": OpenAIAds,
    "pinterest": Pinterest,
    "reddit": Reddit,
    "snapchat": Snapchat,
    "tiktok": TikTok,
    "x": X,
}


def sent_to(kind: str) -> list[tuple[str, str]]:
    """`kind`, and the names of the events for which there is a request to it."""
    unsent = {"withheld", "unsendable"}
    return [(kind, name) for name in EVENTS if unsent.isdisjoint(request_of(kind, name))]


def request_of(kind: str, name: str) -> dict[str, Any]:
    requests = json.loads((FILES / f"{name}.json").read_bytes())["requests"]
    made: dict[str, Any] = requests[kind]
    return made


@pytest.mark.parametrize(("kind", "name"), [*chain.from_iterable(map(sent_to, VENDORS))])
def test_vendors_with_answers_take_the_requests(kind: str, name: str) -> None:
    made = request_of(kind, name)
    strict = VENDORS[kind](now=lambda: NOW)
    body = json.dumps(made["body"]).encode()
    answer = strict.answer("POST", urlsplit(made["url"]).path, made["headers"], body)
    assert len(strict.events) == 1, answer.body


@pytest.mark.parametrize(("kind", "name"), sent_to("google_data_manager"))
def test_google_ads_counts_the_conversions(kind: str, name: str) -> None:
    made = request_of(kind, name)
    data_manager = GoogleDataManager(now=lambda: NOW)
    path, body = urlsplit(made["url"]).path, json.dumps(made["body"]).encode()
    answer = data_manager.answer("POST", path, "", body)
    assert answer.status == 200, answer.body
    assert data_manager.conversions.total() == 1
