"""Real SDKs send to a running gateway, and what reaches a destination is what they meant."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.configuration.kinds import source_types
from tests.clients.conftest import Running
from tests.clients.installed import HERE, send_all
from tests.clients.sdks import SDKS, Sdk, page
from tests.support.documents import DOCS
from tests.support.write_reference import with_tables

CAPTURES = Path(__file__).parents[1] / "captures"


@pytest.fixture(scope="module")
def failed(running: Running) -> dict[str, str]:
    """Every SDK has sent its events. What went wrong, by its name."""
    return send_all(running.gateway.url)


def matches(event: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(event.get(name) == value for name, value in wanted.items())


def is_of(sdk: Sdk, event: Mapping[str, Any]) -> bool:
    """Whether `sdk` sent `event`. A page that closes may send its engagement in time, or not."""
    is_theirs = sdk.user in (event.get("user_id"), event.get("user"))
    return is_theirs and event["event_name"] != "user_engagement"


@pytest.mark.parametrize("sdk", [sdk for sdk in SDKS if sdk.events], ids=lambda sdk: sdk.name)
def test_what_arrives_is_what_the_sdk_was_told(
    running: Running, failed: dict[str, str], sdk: Sdk
) -> None:
    assert sdk.name not in failed
    arrived = running.wait_for_events(len(sdk.events), lambda event: is_of(sdk, event))
    for wanted in sdk.events:
        assert [event for event in arrived if matches(event, wanted)], (wanted, arrived)
    assert len(arrived) == len(sdk.events)
    assert len({event["event_id"] for event in arrived}) == len(arrived)


def test_no_event_of_an_sdk_was_refused_or_lost_a_field(
    running: Running, failed: dict[str, str]
) -> None:
    count = sum(len(sdk.events) for sdk in SDKS)
    events = running.wait_for_events(count, lambda event: any(is_of(sdk, event) for sdk in SDKS))
    assert [event for event in events if "ignored_fields" in event] == []
    refused = {
        dict(labels)["source"]
        for (name, labels), value in running.gateway.metrics().items()
        if name == "gateway_refused_events_total" and value
    }
    assert not refused & {sdk.source for sdk in SDKS}


def test_every_pinned_sdk_is_in_the_table() -> None:
    pinned = {*json.loads((HERE / "package.json").read_text())["dependencies"]}
    pinned |= {*re.findall(r"^(.+)==", (HERE / "requirements.in").read_text(), re.MULTILINE)}
    assert {sdk.name for sdk in SDKS} <= pinned
    assert {sdk.source for sdk in SDKS} <= source_types().keys()


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_the_lock_files_have_the_versions_of_the_table(sdk: Sdk) -> None:
    if sdk.language == "Python":
        assert f"\n{sdk.name}=={sdk.version} " in (HERE / "requirements.txt").read_text()
    else:
        lock = json.loads((HERE / "package-lock.json").read_text())["packages"]
        assert lock[f"node_modules/{sdk.name}"]["version"] == sdk.version


def test_the_page_about_clients_is_current() -> None:
    document = (DOCS / "clients.md").read_text()
    assert document == with_tables(document, page()), "run `make reference`"


@pytest.mark.parametrize(
    ("client", "recording"),
    [
        ("gtag.js", "gtag-ga4-server_container_url"),
        ("@snowplow/browser-tracker", "snowplow-browser-tracker-post"),
        ("posthog-js", "posthog-js"),
    ],
)
def test_the_versions_of_the_recordings_are_those_of_the_page(client: str, recording: str) -> None:
    rows = [line.split("|") for line in (DOCS / "clients.md").read_text().splitlines()]
    (version,) = (row[2].strip() for row in rows if len(row) == 6 and row[1].strip(" `") == client)
    assert version in (CAPTURES / f"{recording}.json").read_text()
