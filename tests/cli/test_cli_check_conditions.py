"""What `gateway check` says about fields and values that events are unlikely to have."""

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
from gateway.operations.checking.conditions import ADDED_KINDS, value_notes
from gateway.operations.checking.fields import ADDED, meant_field
from gateway.operations.checking.paths import path_notes
from gateway.operations.checking.rules import rule_notes
from gateway.operations.checking.templates import template_notes
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
    assert list(path_notes(settings, Path("shop.yaml"))) == [
        f"Warning: shop.yaml:6: rules.2.when.evnt_name: {said} 'event_name'?",
        f"Warning: shop.yaml:11: rules.3.when.any.1.not.all.0.valu: {said} 'value'?",
        f"Warning: shop.yaml:19: destinations.hook.rules.0.when.clientid: {said} 'client_id'?",
        f"Warning: shop.yaml:17: destinations.hook.when.not.page_paht: {said} 'page_path'?",
    ]


PATHS = """\
sources: {}
rules:
  - remove: [user_data.email, user_data.phone, user_data.zip, email, own]
  - hash: [user_data.emailaddress]
  - redact: {patterns: [email], fields: [page_lokation]}
  - keep_only: [clientid]
  - map: {curency: {a: b}}
  - rename: {usr_id: own_id}
  - set: {a: {field: page_titel}, b: {template: "{event_name}-{vlue}"}}
  - when: {user_data.firstName: Ada}
    drop: true
  - set: {user_data.phone: x, user_data.address.zip: y}
destinations:
  hook:
    type: webhook
    url: https://shop.example/
    body: {id: "{evnt_id}", list: ["x {clientid} y", 5]}
    mapping: {fields: {total: {field: user_data.email}}}
  batch: {type: webhook, url: "https://shop.example/", body: [event_nme, value]}
"""


def test_every_path_is_looked_at() -> None:
    settings = parse_settings(PATHS, "shop.yaml", {})

    def said(line: int, place: str, words: str) -> str:
        return f"Warning: shop.yaml:{line}: {place}: {words}"

    def meant(line: int, place: str, name: str) -> str:
        return said(line, place, f"the gateway knows no such field; did you mean {name!r}?")

    def read(line: int, place: str, path: str, ours: str, verb: str) -> str:
        return said(line, place, f"`{path}` is read as `user_data.{ours}`; this {verb} nothing.")

    assert sorted(path_notes(settings, Path("shop.yaml"))) == sorted(
        [
            read(3, "rules.0.remove.0", "user_data.email", "email_address", "removes"),
            read(3, "rules.0.remove.2", "user_data.zip", "address.postal_code", "removes"),
            read(3, "rules.0.remove.3", "email", "email_address", "removes"),
            meant(4, "rules.1.hash.0", "user_data.email_address"),
            meant(5, "rules.2.redact.fields.0", "page_location"),
            meant(6, "rules.3.keep_only.0", "client_id"),
            meant(7, "rules.4.map.curency", "currency"),
            meant(8, "rules.5.rename.usr_id", "user_id"),
            meant(9, "rules.6.set.a", "page_title"),
            meant(9, "rules.6.set.b", "value"),
            read(
                10,
                "rules.7.when.user_data.firstName",
                "user_data.firstName",
                "address.first_name",
                "finds",
            ),
            meant(17, "destinations.hook.body.id", "event_id"),
            meant(17, "destinations.hook.body.list.0", "client_id"),
            read(
                18,
                "destinations.hook.mapping.fields.total",
                "user_data.email",
                "email_address",
                "finds",
            ),
            meant(19, "destinations.batch.body.0", "event_name"),
        ]
    )


LISTED = """\
sources: {}
pii_guard:
  leave_alone: [page_titel, support_address, item_nme, loyalty_citty, order_sise]
consent:
  fields:
    ad_storage: [my_ad_cookie, user_data.email_adress, curency]
rules: [{set: {order_sise: 1}}]
destinations:
  hook:
    type: webhook
    url: https://shop.example/
    on_denied: anonymise
    anonymised_fields: [newsletter, page_tytle]
"""


def test_misspelt_names_in_lists_outside_of_rules() -> None:
    settings = parse_settings(LISTED, "shop.yaml", {})
    assert list(path_notes(settings, Path("shop.yaml"))) == [
        f"Warning: shop.yaml:{line}: {place}: the gateway knows no such field; did you mean {name}?"
        for line, place, name in (
            (3, "pii_guard.leave_alone.0", "'page_title'"),
            (3, "pii_guard.leave_alone.2", "'item_name'"),
            (6, "consent.fields.ad_storage.1", "'user_data.email_address'"),
            (6, "consent.fields.ad_storage.2", "'currency'"),
            (13, "destinations.hook.anonymised_fields.1", "'page_title'"),
        )
    ]


TEXTS = """\
sources: {}
rules:
  - set: {a: "{event_name}", b: {template: "{event_name}"}, c: {literal: "{event_name}"}}
destinations:
  hook:
    type: webhook
    url: https://shop.example/
    rules:
      - set: {a: "id {{ items.0.item_id }}", b: "{}", c: "{1}", d: 5}
"""


def test_a_text_with_a_field_in_braces_that_is_no_template() -> None:
    settings = parse_settings(TEXTS, "shop.yaml", {})
    said = 'is set as it is written; for the value of a field write `{template: "..."}`.'
    assert list(template_notes(settings, Path("shop.yaml"))) == [
        f"Warning: shop.yaml:3: rules.0.set.a: `{{event_name}}` {said}",
        "Warning: shop.yaml:9: destinations.hook.rules.0.set.a: "
        f"`{{{{ items.0.item_id }}}}` {said}",
    ]


HOST = "is a host in lower case, without scheme, port and path"
COUNTRY = "is a country in ISO 3166's two capitals, such as 'GB'"
STATED = "matches only if a sender states it so"
NO_PATTERN = "`*` is no pattern in a name, so this removes nothing; name each field"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("items[0].price", "brackets are part of a name here; did you mean 'items.0.price'?"),
        ("items[*].price", "brackets are part of a name here; did you mean 'items.*.price'?"),
        ("items[].price", "brackets are part of a name here; did you mean 'items.*.price'?"),
        ("own[2][0]", "brackets are part of a name here; did you mean 'own.2.0'?"),
        ("utm_*", f"{NO_PATTERN}."),
        ("page_location.query.utm_*", f"{NO_PATTERN}."),
    ],
)
def test_a_path_in_the_notation_of_other_tools(path: str, words: str) -> None:
    settings = parse_settings(
        f"sources: {{}}\ndestinations: {{}}\nrules:\n- {{remove: ['{path}']}}", "shop.yaml", {}
    )
    assert list(path_notes(settings, Path("shop.yaml"))) == [
        f"Warning: shop.yaml:4: rules.0.remove.0: {words}"
    ]


@pytest.mark.parametrize(
    "path", ["page_location.query.filter[0]", "items.*.price", "own.[draft]", "own.*"]
)
def test_brackets_and_stars_where_they_belong_need_no_warning(path: str) -> None:
    settings = parse_settings(
        f"sources: {{}}\ndestinations: {{}}\nrules:\n- {{remove: ['{path}']}}", "shop.yaml", {}
    )
    assert list(path_notes(settings, Path("shop.yaml"))) == []


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("{currency: eur}", "currency: events have 'EUR'; 'eur' never matches"),
        ("{currency: [EUR, chf]}", "currency: events have 'CHF'; 'chf' never matches"),
        (
            "{currency: euro}",
            "currency: is a currency such as 'EUR'; the text 'euro' never matches",
        ),
        ("{bot.is_bot: yes}", "bot.is_bot: is true or false; the text 'yes' never matches"),
        ("{bot.is_bot: 'true'}", "bot.is_bot: is true or false; the text 'true' never matches"),
        ("{bot.is_bot: 1}", "bot.is_bot: is true or false; 1 never matches"),
        ("{bot.score: high}", "bot.score: is a number; the text 'high' never matches"),
        (
            "{consent.ad_storage: true}",
            "consent.ad_storage: events have 'granted'; true never matches",
        ),
        (
            "{consent.ad_storage: 'yes'}",
            "consent.ad_storage: is 'granted' or 'denied'; the text 'yes' never matches",
        ),
        ("{value: high}", "value: is a number; the text 'high' never matches"),
        ("{items.*.price: high}", "items.*.price: is a number; the text 'high' never matches"),
        ("{value: {starts_with: '1'}}", "value: is a number; `starts_with` never matches"),
        ("{page_title: {gt: 5}}", "page_title: is a text; `gt` never matches"),
        ("{page_title: true}", "page_title: is a text; true never matches"),
        (
            "{page_path: /checkout/*}",
            "page_path: `*` is no pattern; '/checkout/*' matches only with the `*`: write "
            "`starts_with`, `ends_with` or `matches`",
        ),
        (
            "{page_hostname: {ends_with: ['*.shop.example', .de]}}",
            "page_hostname: `*` is no pattern; '*.shop.example' matches only with the `*`: write "
            "`starts_with`, `ends_with` or `matches`",
        ),
        (
            "{event_name: purchase|refund}",
            "event_name: `|` is no pattern; 'purchase|refund' matches only with the `|`: write a "
            "list, or `matches`",
        ),
        (
            "{event_name: [view, 'purchase, refund']}",
            "event_name: `,` is no pattern; 'purchase, refund' matches only with the `,`: write a "
            "list, or `matches`",
        ),
        (
            "{page_hostname: {contains: 'staging|test'}}",
            "page_hostname: `|` is no pattern; 'staging|test' matches only with the `|`: write a "
            "list, or `matches`",
        ),
        (
            "{page_path: ^/checkout}",
            "page_path: `^` is no pattern; '^/checkout' matches only with the `^`: write a list, "
            "or `matches`",
        ),
        (
            "{page_path: {ends_with: /thanks$}}",
            "page_path: `$` is no pattern; '/thanks$' matches only with the `$`: write a list, or "
            "`matches`",
        ),
        (
            "{page_hostname: https://shop.example}",
            f"page_hostname: {HOST}; 'https://shop.example' {STATED}",
        ),
        (
            "{page_hostname: {ends_with: [.Shop.example, .shop.example]}}",
            f"page_hostname: {HOST}; '.Shop.example' {STATED}",
        ),
        ("{page_hostname: 'localhost:8080'}", f"page_hostname: {HOST}; 'localhost:8080' {STATED}"),
        (
            "{page_path: {starts_with: checkout}}",
            f"page_path: begins with a slash and has no query; 'checkout' {STATED}",
        ),
        (
            "{page_path: {contains: '?step='}}",
            f"page_path: begins with a slash and has no query; '?step=' {STATED}",
        ),
        ("{page_location: /checkout}", f"page_location: is a whole URL; '/checkout' {STATED}"),
        (
            "{page_location: {starts_with: shop.example/}}",
            f"page_location: is a whole URL; 'shop.example/' {STATED}",
        ),
        ("{event_location.country: uk}", f"event_location.country: {COUNTRY}; 'uk' {STATED}"),
        ("{event_location.country: [DE, EU]}", f"event_location.country: {COUNTRY}; 'EU' {STATED}"),
        (
            "{ip_override: [10.0.0.0/8, 127.0.0.1]}",
            "ip_override: is one address; the network '10.0.0.0/8' never matches: write "
            "`starts_with`",
        ),
        ("{consent: granted}", "consent: is an object; the text 'granted' never matches"),
        ("{items: SKU-1}", "items: is a list; the text 'SKU-1' never matches"),
        ("{user_data: {gt: 1}}", "user_data: is an object; `gt` never matches"),
        (
            "{page_location.query.a: {lt: 5}}",
            "page_location.query.a: is a text; `lt` never matches",
        ),
    ],
)
def test_a_value_that_a_field_never_has(when: str, words: str) -> None:
    settings = parse_settings(
        f"sources: {{}}\ndestinations: {{}}\nrules:\n- {{when: {{not: {when}}}, drop: true}}",
        "shop.yaml",
        {},
    )
    assert list(value_notes(settings, Path("shop.yaml"))) == [
        f"Warning: shop.yaml:4: rules.0.when.not.{words}."
    ]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("currency: {EUR: USD, eur: USD}", "currency.eur: events have 'EUR'; 'eur' never matches"),
        (
            "currency: {euro: EUR}",
            "currency.euro: is a currency such as 'EUR'; the text 'euro' never matches",
        ),
        (
            "consent.ad_storage: {Granted: denied}",
            "consent.ad_storage.Granted: events have 'granted'; 'Granted' never matches",
        ),
        ("value: {'5.0': 6, 7: 8}", "value.5.0: events have '5'; '5.0' never matches"),
        ("value: {high: 6}", "value.high: is a number; 'high' never matches"),
        ("bot.is_bot: {'yes': a}", "bot.is_bot.yes: is true or false; 'yes' never matches"),
        (
            "event_name: {buy|order: purchase}",
            "event_name.buy|order: `|` is no pattern; 'buy|order' matches only with the `|`: write "
            "an entry for each value",
        ),
    ],
)
def test_a_key_of_a_table_that_a_field_never_has(table: str, words: str) -> None:
    config = f"sources: {{}}\ndestinations: {{}}\nrules:\n- {{map: {{{table}}}}}"
    assert list(value_notes(parse_settings(config, "shop.yaml", {}), Path("shop.yaml"))) == [
        f"Warning: shop.yaml:4: rules.0.map.{words}."
    ]


@pytest.mark.parametrize(
    "table",
    [
        "currency: {EUR: USD, '*': CHF}",
        "value: {5: 6, 5.5: 6, -1: 0, 9007199254740993: 1}",
        "bot.is_bot: {true: a, 'false': b, False: c}",
        "own: {eur: a, 5.0: b, 'yes': c, true: d}",
        "page_location.query.a: {eur: b}",
    ],
)
def test_other_keys_of_a_table_need_no_warning(table: str) -> None:
    config = f"sources: {{}}\ndestinations: {{}}\nrules:\n- {{map: {{{table}}}}}"
    assert list(value_notes(parse_settings(config, "shop.yaml", {}), Path("shop.yaml"))) == []


@pytest.mark.parametrize(
    "when",
    [
        *(
            "{currency: EUR}",
            "{bot.is_bot: true}",
            "{bot.score: 1}",
            "{value: '12'}",
            "{own: true}",
            "{own: '*'}",
            "{page_path: {matches: 'a|b$'}}",
            "{page_path: {ends_with: thanks, contains: check}, page_hostname: '[::1]'}",
            "{page_location: {starts_with: [htt, 'https:', 'android-app://a']}}",
            "{page_location: {contains: '?a='}, page_path: '', event_location.country: [DE, XK]}",
            "{event_location.country: {starts_with: d}, page_hostname: {contains: shop}}",
            "{page_path: {matches: 'a/*'}}",
            "{page_title: 'Shoes | Shop', page_location: {contains: '|'}, own: $5}",
            "{own: 'Berlin, Germany'}",
        ),
        *("{value: {gt: 5}}", "{page_title: 12}", "{consent.ad_storage: denied}", "{own: {gt: 5}}"),
        *("{user_data.email_address: a@b.example}", "{user_data.address.city: Bonn}"),
        *("{page_location.query.a: '5'}", "{user_data.email_address: {starts_with: a}}"),
        *("{items: {contains: a}}", "{event_name: {exists: false}}", "{timestamp: 5}"),
    ],
)
def test_values_that_a_field_may_have_need_no_warning(when: str) -> None:
    settings = parse_settings(
        f"sources: {{}}\ndestinations: {{}}\nrules: [{{when: {when}, drop: true}}]", "shop.yaml", {}
    )
    assert list(value_notes(settings, Path("shop.yaml"))) == []


DROPS = """\
sources: {}
rules:
  - {when: {bot.is_bot: true}, drop: true}
  - {sample: {share: 0}}
  - {drop: true}
destinations:
  hook:
    type: webhook
    url: https://shop.example/
    rules:
      - {sample: {share: 0.1}}
      - {drop: true}
  other:
    type: webhook
    url: https://shop.example/
    rules: [{sample: {share: 0}, when: {event_name: scroll}}, {drop: false, remove: [a]}]
"""


def test_a_rule_that_drops_every_event() -> None:
    settings = parse_settings(DROPS, "shop.yaml", {})
    assert list(rule_notes(settings, Path("shop.yaml"))) == [
        "Warning: shop.yaml:4: rules.1: drops every event, so the rules after it do nothing; give "
        "it a `when`.",
        "Warning: shop.yaml:12: destinations.hook.rules.1: drops every event; give it a `when`.",
    ]


NAMES = """\
sources: {}
schemas:
  purchase|refund: {schema: {required: [value]}}
  purchase: {schema: {required: [value]}}
destinations:
  ads:
    type: meta
    pixel_id: "1"
    access_token: abcdefgh
    mapping:
      events: {"order,buy": Purchase, add_to_basket: AddToCart}
"""


def test_names_of_events_that_look_like_patterns() -> None:
    settings = parse_settings(NAMES, "shop.yaml", {})
    assert list(value_notes(settings, Path("shop.yaml"))) == [
        "Warning: shop.yaml:3: schemas.purchase|refund: `|` is no pattern; 'purchase|refund' "
        "matches only with the `|`: write an entry for each value.",
        "Warning: shop.yaml:11: destinations.ads.mapping.events.order,buy: `,` is no pattern; "
        "'order,buy' matches only with the `,`: write an entry for each value.",
    ]


def test_the_kinds_of_added_fields_are_of_fields_that_are_added() -> None:
    for path in ADDED_KINDS:
        first, _, name = path.partition(".")
        assert name in ADDED[first] if name else first in ADDED


def test_a_warning_is_no_failure(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIGURATION)
    result = run("check", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "did you mean 'event_name'?" in result.stdout
