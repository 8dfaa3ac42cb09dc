"""What `gateway check` says about fields in conditions that no event is likely to have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import Result

from gateway.configuration.load import load_settings, parse_settings
from gateway.event import Received
from gateway.event.schema import EventFields
from gateway.operations.checking.conditions import condition_notes, meant_field
from gateway.pipeline.compile import compile_pipeline

ROOT = Path(__file__).parents[2]
EVENTS = sorted(ROOT.glob("tests/fixtures/events/*.json"))
Run = Callable[..., Result]
AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("evnt_name", "event_name"),
        ("eventName", "event_name"),
        ("page_hostnam", "page_hostname"),
        ("bot.isbot", "bot.is_bot"),
        ("device.catgory", "device.category"),
        ("user_data.email_adress", "user_data.email_address"),
        ("user_data.address.citty", "user_data.address.city"),
        ("items.*.item_brnd", "items.*.item_brand"),
        ("items.0.item_nme", "items.0.item_name"),
        ("itms.0.price", "items.0.price"),
        ("chanel_group", "channel_group"),
    ],
)
def test_a_name_that_is_nearly_a_known_one(path: str, meant: str) -> None:
    assert meant_field(path) == meant


@pytest.mark.parametrize(
    "path",
    [
        *EventFields.__annotations__,
        *("order_size", "newsletter", "plan", "loyalty.tier", "page_type", "checkout_step"),
        *("user_properties.evnt_name", "click_ids.gclidd", "page_location.query.reff"),
        *("items.*.margin", "items.*.price", "user_data.email_address.0", "consent.ad_storage"),
        *("event_location.city", "client_hints.mobile", "own.evnt_name"),
    ],
)
def test_known_fields_and_fields_of_ones_own_need_no_warning(path: str) -> None:
    assert meant_field(path) is None


def paths(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield f"{above}{name}"
            yield from paths(part, f"{above}{name}.")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths(part, f"{above}{index}.")


@pytest.mark.parametrize("file", EVENTS, ids=lambda file: file.stem)
def test_no_field_that_the_gateway_adds_is_taken_for_a_mistake(file: Path) -> None:
    pipeline = compile_pipeline(load_settings(ROOT / "config/gateway.yaml", {}))
    event = orjson.loads(file.read_bytes()) | {
        "page_location": "https://shop.example/?utm_source=a&utm_medium=cpc&gclid=x",
        "page_referrer": "https://www.google.com/",
    }
    received = Received("site", 1_764_000_000.0, client_ip="81.2.69.142", user_agent=AGENT)
    found = pipeline(event, received).event
    assert {"device", "campaign", "channel_group", "bot", "referrer"} <= found.keys()
    assert [path for path in paths(found) if meant_field(path)] == []


CONFIGURATION = """\
sources: {}
lookups: {margins: {key: user_id, add: [event_idd], redis_hash: margins}}
rules:
  - {set: {page_titel: x}, rename: {a: curency}}
  - {when: {page_titel: x, curency: EUR, event_idd: 1}, drop: true}
  - when: {evnt_name: purchase}
    drop: true
  - when:
      any:
        - {value: 1}
        - not: {all: [{valu: {gt: 1}}]}
    drop: true
destinations:
  hook:
    type: webhook
    url: https://shop.example/
    when: {not: {page_paht: /}}
    rules:
      - {when: {user_id: x, clientid: y}, drop: true}
"""


def test_every_condition_is_looked_at_and_fields_that_rules_make_are_known() -> None:
    settings = parse_settings(CONFIGURATION, "shop.yaml", {})
    said = "the gateway knows no such field; did you mean"
    assert list(condition_notes(settings, Path("shop.yaml"))) == [
        f"Warning: shop.yaml:6: rules.2.when.evnt_name: {said} 'event_name'?",
        f"Warning: shop.yaml:11: rules.3.when.any.1.not.all.0.valu: {said} 'value'?",
        f"Warning: shop.yaml:19: destinations.hook.rules.0.when.clientid: {said} 'client_id'?",
        f"Warning: shop.yaml:17: destinations.hook.when.not.page_paht: {said} 'page_path'?",
    ]


def test_a_warning_is_no_failure(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIGURATION)
    result = run("check", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "did you mean 'event_name'?" in result.stdout
