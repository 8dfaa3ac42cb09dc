"""A wrong configuration: all mistakes at once, each with file, line, key and the nearest name."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from tests.support.mistakes import mistakes

SHOP = (Path(__file__).parents[2] / "config/examples/shop.yaml").read_text()

ANOTHER_SOURCE = (
    "; another kind of source comes with a Python package: `pip install` it next to the gateway, "
    "or write one (docs/adding-a-source.md)"
)
ANOTHER_DESTINATION = (
    "; another kind of destination comes with a Python package: `pip install` it next to the "
    "gateway, or write one (docs/adding-a-destination.md)"
)
SOURCE_TYPES = (
    "collect, events, ga4, jitsu, matomo, measurement_protocol, pixel, plausible, posthog, "
    "segment, snowplow, stape_data, umami"
)
DESTINATION_TYPES = (
    "ga4, google_data_manager, linkedin, meta, microsoft_uet, openai_ads, pinterest, reddit, "
    "snapchat, tiktok, webhook, x"
)
CONSENT_TYPES = (
    "ad_storage, analytics_storage, ad_user_data, ad_personalization, functionality_storage, "
    "personalization_storage, security_storage"
)


UNKNOWN_KEYS = [
    ("redis:", "§reddis:", "reddis: unknown key; did you mean 'redis'?"),
    ("public_url:", "§pubic_url:", "server.pubic_url: unknown key; did you mean 'public_url'?"),
    ("data_dir:", "§datadir:", "redis.datadir: unknown key; did you mean 'data_dir'?"),
    (
        "allowed_origins:",
        "§allowed_origns:",
        "sources.site.allowed_origns: unknown key; did you mean 'allowed_origins'?",
    ),
    (
        "{type: snowplow}",
        "{type: snowplow,\n    §path: [/a]}",
        "sources.snowplow.path: unknown key; did you mean 'paths'?",
    ),
    ("global_privacy_control:", "§gpc:", "consent.gpc: unknown key"),
    (
        "- in: [EEA, GB, CH]",
        "- in: [EEA, GB, CH]\n      §defaults: {}",
        "consent.regions.0.defaults: unknown key; did you mean 'default'?",
    ),
    ("- name: bots", "- §nmae: bots", "rules.1.nmae: unknown key; did you mean 'name'?"),
    (
        "geo, bot]",
        "{geo: {\n  §databse: x}}, bot]",
        "enrichment.4.geo.databse: unknown key; did you mean 'database'?",
    ),
    (
        "rules:\n  - name: internal",
        "lookups:\n  margins: {key: user_id, add: [margin],\n    §redis: margins}\n"
        "rules:\n  - name: internal",
        "lookups.margins.redis: unknown key; did you mean 'redis_hash'?",
    ),
    (
        "{ends_with: .int",
        "{§end_with: .int",
        "rules.0.when.page_hostname.end_with: unknown key; did you mean 'ends_with'?",
    ),
    ("{gte: 500}", "{§gtee: 500}", "rules.2.when.value.gtee: unknown key; did you mean 'gte'?"),
    (
        "rename: {order",
        "remove: []\n    §renam: {order",
        "rules.3.renam: unknown key; did you mean 'rename'?",
    ),
    (
        "- remove: [user_data]",
        "- remove: [user_data]\n        §hsah: [a]",
        "destinations.ga4.rules.0.hsah: unknown key; did you mean 'hash'?",
    ),
    ("{gt: 100}", "{§more: 1}", "destinations.warehouse.when.any.1.all.1.value.more: unknown key"),
    (
        "{exists: true}",
        "{§exist: true}",
        "destinations.warehouse.when.any.2.not.page_location.exist: unknown key; "
        "did you mean 'exists'?",
    ),
    (
        "type: ga4\n",
        "type: ga4\n    §debug_mod: true\n",
        "destinations.ga4.debug_mod: unknown key; did you mean 'debug_mode'?",
    ),
    (
        "type: webhook",
        "type: webhook\n    delivery:\n      §in_fligt: 2",
        "destinations.warehouse.delivery.in_fligt: unknown key; did you mean 'in_flight'?",
    ),
    (
        "type: webhook",
        "type: webhook\n    http: {§timout: 2}",
        "destinations.warehouse.http.timout: unknown key; did you mean 'timeout'?",
    ),
]

TYPES = [
    (
        "type: collect",
        "§type: colect",
        f"sources.site.type: 'colect' is not one of {SOURCE_TYPES}; did you mean 'collect'?"
        f"{ANOTHER_SOURCE}",
    ),
    (
        "type: meta",
        "§type: carrier",
        f"destinations.meta.type: 'carrier' is not one of {DESTINATION_TYPES}{ANOTHER_DESTINATION}",
    ),
    (
        "type: meta",
        "§type: gA4",
        f"destinations.meta.type: 'gA4' is not one of {DESTINATION_TYPES}; did you mean 'ga4'?"
        f"{ANOTHER_DESTINATION}",
    ),
    (
        "type: meta",
        "§type: {token: s3cr3t}",
        f"destinations.meta.type: should be one of {DESTINATION_TYPES}{ANOTHER_DESTINATION}",
    ),
]

MISSING = [
    ("  meta:\n    type: meta", "  §meta:", "destinations.meta: needs a `type`"),
    (
        "  meta:\n    type: meta\n    pixel_id:",
        "  §meta:\n    type: meta\n    test_event_code:",
        "destinations.meta.pixel_id: is missing",
    ),
    (
        '  segment:\n    type: segment\n    write_keys: ["${SEGMENT_WRITE_KEY:-segment-test-key}"]',
        "  §segment: {type: segment}",
        "sources.segment.write_keys: is missing",
    ),
    (
        "    - in: [EEA, GB, CH]\n      default:",
        "    §- in: [EEA]\n    - in: [FR]\n      default:",
        "consent.regions.0.default: is missing",
    ),
]

WRONG_VALUES = [
    ("public_url: http://127.0.0.1:8080", "§public_url: [s3cr3t]", "server.public_url: should…"),
    (
        "trusted_proxies: []",
        "trusted_proxies: [10.0.0.0/8,\n    §s3cr3t]",
        "server.trusted_proxies.1: is not an address or a network; write it as 10.0.0.1 or "
        "10.0.0.0/8",
    ),
    ("url: ${REDIS_URL:-embedded}", "§url: s3cr3t", "redis.url: should be `embedded`, or a URL…"),
    (
        "paths: [/collect]",
        "§paths: /collect",
        "sources.site.paths: should be a list: write it in [ ]",
    ),
    (
        "control: true",
        "control: s3cr3t",
        "consent.global_privacy_control: should be true or false or a list",
    ),
    ("drop: true", "§drop: s3cr3t", "rules.0.drop: should be true or false"),
    ("{gte: 500}", "{§gte: s3cr3t}", "rules.2.when.value.gte: should be a number"),
    ("set: {order_size: large}", "§set: s3cr3t", "rules.2.set: should have keys and values"),
    (
        "remove: [user_data.address.street]",
        "§remove: s3cr3t",
        "rules.4.remove: should be a list: write it in [ ]",
    ),
    (
        'pixel_id: "1234567890"',
        "§pixel_id: s3cr3t",
        "destinations.meta.pixel_id: should have digits only",
    ),
    (
        "url: ${WEBHOOK_URL:-http:",
        "§url: ${WEBHOOK_URL:-s3cr3t",
        "destinations.warehouse.url: is not a URL; write it with https://",
    ),
    ("secret: whsec_", "§secret: s3cr3t", "destinations.warehouse.secret: must be `whsec_`…"),
    ("when: {bot.is_bot: true}", "§when: true", "rules.1.when: should have keys and values"),
    (
        "{bot.is_bot: true}",
        "{§bot.is_bot: ~}",
        "rules.1.when.bot.is_bot: should be true or false, a number or a text",
    ),
    (
        "drop: true",
        "drop: true\n    §lower: [5]",
        "rules.0.lower.0: should be a text: write it …",
    ),
    (
        "rules:\n  - name: internal",
        "schemas: {purchase: {§file: 5}}\nrules:\n  - name: internal",
        "schemas.purchase.file: should be the path of a file",
    ),
    (
        "global_privacy_control: true",
        "global_privacy_control: §[XX]",
        'consent.global_privacy_control.0: "XX" is not a place; write an ISO 3166 country ("DE"), '
        'a country and region ("US-CA") or a group (EEA)',
    ),
    (
        "pixel: {type: pixel, paths: [/pixel.gif]}",
        "pixel: {type: pixel, §rate_limit: {reqests: 5/second}}",
        "sources.pixel.rate_limit.reqests: unknown key; did you mean 'requests'?",
    ),
    (
        "secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "§secret: []",
        "destinations.warehouse.secret: should have at least 1 item",
    ),
    (
        "set: {order_size: large}",
        '§set: {event_name: ""}',
        "rules.2.set.event_name: should have at least 1 character",
    ),
    (
        "measurement_id: G-TEST000001",
        "§measurement_id: UA-12345-1",
        "destinations.ga4.measurement_id: ids that begin with UA- are of Universal Analytics, "
        "which Google has shut down; use the measurement ID of a GA4 web stream, which begins with "
        "G- (Admin, Data streams)",
    ),
    ("rules:\n  - name", "rules:\n  - §s3cr3t\n  - name", "rules.0: should have keys and values"),
    ("- not: {page", "- §not: s3cr3t #", "destinations.warehouse.when.any.2.not: should have…"),
    ("pixel: {type: pixel, paths: [/pixel.gif]}", "§pixel: x", "sources.pixel: should have…"),
    (
        "pixel: {",
        '§"a pixel": {',
        "sources.a pixel: should have 1 to 64 letters (a to z), digits, - and _",
    ),
]

WRONG_NAMES = [
    (
        "[page, campaign,",
        "[page,\n  §campaing,",
        "enrichment.1: 'campaing' is not one of bot, page, campaign, click_ids, referrer, "
        "channel_group, language, user_agent, geo, items, currency; did you mean 'campaign'?",
    ),
    (
        "geo, bot]",
        "{geo: {\n  §headers: cloudflar}}, bot]",
        "enrichment.4.geo.headers: 'cloudflar' is not one of cloudflare, cloudfront, app_engine, "
        "vercel; did you mean 'cloudflare'?",
    ),
    (
        "consent: [analytics_storage]",
        "consent:\n    - ad_storage\n    - §analytic_storage",
        f"destinations.ga4.consent.1: 'analytic_storage' is not one of {CONSENT_TYPES}; "
        "did you mean 'analytics_storage'?",
    ),
    (
        "default: {ad_storage: granted",
        "default: {§ad_storge: granted",
        f"consent.default.ad_storge: 'ad_storge' is not one of {CONSENT_TYPES}; "
        "did you mean 'ad_storage'?",
    ),
    (
        "default: {ad_storage: granted",
        "default: {§ad_storage: grant",
        "consent.default.ad_storage: 'grant' is not one of granted, denied; "
        "did you mean 'granted'?",
    ),
    (
        "measurement_id: G-TEST000001",
        "measurement_id: G-TEST000001\n    §ip: anonymized",
        "destinations.ga4.ip: 'anonymized' is not one of full, anonymised, none; "
        "did you mean 'anonymised'?",
    ),
    (
        "[EEA, GB, CH]",
        "[EEA,\n     §UK, CH]",
        'consent.regions.0.in.1: "UK" is not an ISO 3166 code; write "GB"',
    ),
]

NONSENSE = [
    (
        "geo, bot]",
        "geo,\n  §currency]",
        "enrichment.5: currency needs settings: {currency: {rates: rates.json, to: EUR}}",
    ),
    ("geo, bot]", "geo,\n  §{geo: {}, bot: {}}]", "enrichment.5: should be one name with its…"),
    ("enrichment: [page", "enrichment: [geo, page", "enrichment: geo is listed 2 times"),
    (
        "rules:\n  - name: internal",
        "lookups:\n  margins:\n    key: items.*.item_id\n    §file: ${NO_TABLE:-no.csv}\n"
        "    add: [margin]\nrules:\n  - name: internal",
        "lookups.margins.file: no.csv cannot be read: No such file or directory",
    ),
    (
        "rules:\n  - name: internal",
        "lookups:\n  §margins: {key: user_id, add: [margin]}\nrules:\n  - name: internal",
        "lookups.margins: needs either `file` or `redis_hash`",
    ),
    (
        "paths: [/pixel.gif]",
        "paths: [/p, §/collect]",
        "sources.pixel.paths.1: site answers /collect already…",
    ),
    (
        "paths: [/pixel.gif]",
        "paths: [/p,\n    §/p]",
        "sources.pixel.paths.1: pixel answers /p already…",
    ),
    (
        "pixel: {type: pixel, paths: [/pixel.gif]}",
        "pixel: {type: pixel, prefix: any}\n"
        "  again: {type: pixel, prefix: any, §paths: [/pixel.gif/]}",
        "sources.again.paths.0: pixel answers /pixel.gif already…",
    ),
    (
        "pixel: {type: pixel, paths: [/pixel.gif]}",
        "pixel: {type: pixel, prefix: any}\n  §again: {type: pixel}",
        "sources.again: pixel answers /pixel.gif already…",
    ),
    (
        "pixel: {type: pixel, paths: [/pixel.gif]}",
        "pixel: {type: pixel, prefix: any, §paths: [/]}",
        "sources.pixel.paths.0: with `prefix: any`, / is every path that ends with a slash; name a "
        "path",
    ),
    (
        "pixel: {type: pixel, paths: [/pixel.gif]}",
        "pixel: {type: pixel, §prefix: /metrics}",
        "sources.pixel.prefix: '/metrics' is not one of any",
    ),
    (
        "snowplow: {type: snowplow}",
        "§snowplow: {type: segment, write_keys: [b]}",
        "sources.snowplow: segment answers /v1/track and…",
    ),
    (
        "pixel: {type: pixel, paths: [/pixel.gif]}",
        "pixel: {type: pixel}\n  §again: {type: pixel}",
        "sources.again: pixel answers /pixel.gif already…",
    ),
    (
        "pixel: {type: pixel, paths: [/pixel.gif]}",
        "pixel:\n    type: collect\n    paths: [/p]\n    allowed_origins: [https://shop.example]\n"
        "    submission_tokens: {secrets: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]}\n"
        "  again: {type: pixel, §paths: [/p/token]}",
        "sources.again.paths.0: pixel answers /p/token already…",
    ),
    (
        "pixel: {type: pixel, paths: [/pixel.gif]}",
        "§pixel:\n    type: collect\n    paths: [/p]\n"
        "    submission_tokens: {secrets: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]}",
        "sources.pixel: `submission_tokens` needs `allowed_origins`: a token is issued to pages of "
        "these origins only",
    ),
    (
        "- name: bots stay out\n    when: {bot.is_bot: true}\n    drop: true",
        "§- name: bots stay out",
        "rules.1: a rule needs an action: sample, rename, set, map, cast, round, lower, truncate, "
        "transform, redact, hash, remove, keep_only or drop",
    ),
    (
        "- name: legacy field\n    rename: {order_id:",
        "§- rename: {items.*.id:",
        "rules.3: rename moves a single field; its paths cannot contain *",
    ),
    (
        "  ga4:\n    type: ga4\n    measurement_id: G-TEST000001\n",
        "  §ga4:\n    type: ga4\n",
        "destinations.ga4: needs either measurement_id or firebase_app_id",
    ),
    (
        "{ends_with: .internal.example}",
        "{§matches: (?=internal)}",
        "rules.0.when.page_hostname.matches: not an RE2 expression: invalid perl operator: (?=",
    ),
    (
        "{ends_with: .internal.example}",
        '{§matches: "("}',
        "rules.0.when.page_hostname.matches: not an RE2 expression: missing ): (",
    ),
    ("pixel: {", "§site: {", "sources.site: duplicate key; it is also in line 13. Remove one"),
    (
        "    base_url: ${META_URL",
        "    §access_token: s3cr3t\n    base_url: ${META_URL",
        "destinations.meta.access_token: duplicate key; it is also in line 66. Remove one",
    ),
    ("redis:\n  url:", "redis:\n\t§url:", "not YAML: a tab; indent with spaces"),
    ("redis:\n  url:", "redis:\n  url: {\n  §data_dir:", "not YAML: …"),
    ("${META_ACCESS_TOKEN:-meta-test-token}", "§*s3cr3t", "not YAML: found undefined alias"),
]

ENVIRONMENT = [
    (
        "type: collect",
        "§type: ${KIND}",
        "sources.site.type: the environment has no KIND; set it there or in .env, or write "
        "${KIND:-default}",
    ),
    (
        '["${BACKEND_KEY:-backend-test-key}"]',
        '[a,\n    §"x-${BACKEND_KEY}"]',
        "sources.backend.keys.1: the environment has no BACKEND_KEY; set it there or in .env, or "
        "write ${BACKEND_KEY:-default}. Keys of the senders, of which each request shows one as "
        "`Authorization: Bearer <key>`.",
    ),
    (
        '"1234567890"',
        "${PIXEL_ID}",
        "destinations.meta.pixel_id: the environment has no PIXEL_ID; set it there or in .env, or "
        "write ${PIXEL_ID:-default}. ID of the pixel, which Meta now calls a dataset: digits, from "
        "Events Manager, Data sources, Settings.",
    ),
    (
        "${GA4_API_SECRET:-ga4-test-secret}",
        "${GA4_API_SECRET}",
        "destinations.ga4.api_secret: the environment has no GA4_API_SECRET; set it there or in "
        ".env, or write ${GA4_API_SECRET:-default}. API secret of the stream, from Admin > Data "
        "streams > Measurement Protocol API secrets in Google Analytics.",
    ),
]

TABLE = UNKNOWN_KEYS + TYPES + MISSING + WRONG_VALUES + WRONG_NAMES + NONSENSE + ENVIRONMENT


@pytest.mark.parametrize(("right", "wrong", "message"), TABLE, ids=[row[1][:40] for row in TABLE])
def test_a_mistake(right: str, wrong: str, message: str) -> None:
    """The example with one mistake, at the place marked by §."""
    marked = SHOP.replace(right, wrong if "§" in wrong else f"§{wrong}", 1)
    assert marked != SHOP
    line = marked[: marked.index("§")].count("\n") + 1

    (found,) = mistakes(marked.replace("§", ""))

    expected = f"shop.yaml:{line}: {message}"
    assert found == expected or (expected.endswith("…") and found.startswith(expected[:-1]))
    assert "s3cr3t" not in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["shop.yaml:1: the file is empty"]),
        ("# only a comment\n", ["shop.yaml:1: the file is empty"]),
        ("- site\n- meta\n", ["shop.yaml:1: should have keys and values"]),
        ("site", ["shop.yaml:1: should have keys and values"]),
        ("12", ["shop.yaml:1: should have keys and values"]),
        (
            "server: {}\n",
            ["shop.yaml:1: destinations: is missing", "shop.yaml:1: sources: is missing"],
        ),
        (
            "sources:\ndestinations:\n",
            [
                "shop.yaml:1: sources: should have keys and values",
                "shop.yaml:2: destinations: should have keys and values",
            ],
        ),
        ("sources: {}\ndestinations: {}\n", []),
    ],
)
def test_a_file_that_is_no_configuration(text: str, expected: list[str]) -> None:
    assert mistakes(text) == expected


def test_settings_one_level_too_deep() -> None:
    """Other tools nest settings under a key named after the type."""
    text = 'sources: {}\ndestinations:\n  ads:\n    type: meta\n    meta: {pixel_id: "1"}\n'
    assert mistakes(text) == [
        "shop.yaml:3: destinations.ads.access_token: is missing",
        "shop.yaml:3: destinations.ads.pixel_id: is missing",
        "shop.yaml:5: destinations.ads.meta: unknown key",
    ]


WRONG_KINDS = """\
server: {trusted_proxies: 5, client_ip_header: 5, max_body_bytes: x, hash_salt: [], demo: 3}
redis: {url: 5, data_dir: 5, embedded_memory_bytes: x}
spool: 5
dedupe_window: 1.5
sources:
  a: {type: collect, allowed_origins: 5, rate_limit: [], submission_tokens: 5, spool: 3}
  b: {type: events, keys: s}
  c: {type: segment, write_keys: 5}
consent: {default: 5, regions: 5, global_privacy_control: 5, hold: 5, tcf: {vendor: x}}
identity: {visitor_cookie: 5}
enrichment: [{geo: {database: 5}}, {bot: 5}]
lookups: {m: {key: 5, add: 5}}
schemas: {purchase: {file: 5}, x: 5}
rules:
  - when: {a: ~, b: [{}], c: {gte: x, exists: 3, in: 5, matches: 5}, any: 5, all: [5], not: 5}
    drop: 3
  - {set: 5, cast: 5, round: {a: x}, lower: 5, truncate: {a: x}, redact: 5, hash: 5, sample: 5}
destinations:
  m: {type: meta, pixel_id: [], access_token: {}, when: 5, consent: 5, dry_run: 3, rules: 5}
  w: {type: webhook, url: 5, secret: {}, headers: 5, delivery: {tries: x}, http: {timeout: x}}
"""


def test_every_value_of_a_wrong_kind_has_one_message_in_our_own_words() -> None:
    found = mistakes(WRONG_KINDS)
    assert len(found) > 50
    for words in ("Value error", "Input", "valid ", "unable to", "; or ", "instance", "pydantic"):
        assert [line for line in found if words in line] == []


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for file, words in [
        (tmp_path / "nothing.yaml", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ]:
        with pytest.raises(ConfigurationError) as caught:
            load_settings(file, {})
        assert str(caught.value).startswith(f"{file}:1: cannot be read: ")
        assert words in str(caught.value)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("sources: {}\nname: Käse\n".encode("latin-1"))
    with pytest.raises(ConfigurationError) as caught:
        load_settings(latin, {})
    assert str(caught.value) == f"{latin}:2: is not UTF-8; save the file as UTF-8"


def test_all_files_that_cannot_be_used_at_once(tmp_path: Path) -> None:
    """Relative paths start at the folder of the configuration."""
    (tmp_path / "networks.txt").write_text("192.0.2.0/24\n")
    (tmp_path / "rates.json").write_text('{"base": "EUR", "rates": {}}')
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "sources: {}\n"
        "destinations: {}\n"
        "enrichment:\n"
        "  - bot: {networks: networks.txt}\n"
        "  - geo: {database: none.mmdb}\n"
        "  - currency: {rates: rates.json, to: USD}\n"
        "schemas: {purchase: {file: none.json}}\n"
        "lookups: {margins: {key: user_id, add: [a], file: none.csv}}\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, {})
    missing = "cannot be read: No such file or directory"
    assert str(caught.value).splitlines() == [
        f"{path}:5: enrichment.1.geo.database: {tmp_path}/none.mmdb {missing}",
        f"{path}:6: enrichment.2.currency.rates: {tmp_path}/rates.json has no rate of USD",
        f"{path}:7: schemas.purchase.file: {tmp_path}/none.json {missing}",
        f"{path}:8: lookups.margins.file: {tmp_path}/none.csv {missing}",
    ]


def test_all_mistakes_at_once_in_the_order_of_the_file_and_no_secret() -> None:
    text = """\
server: {pubic_url: s3cr3t, max_body_bytes: s3cr3t, hash_salt: [s3cr3t]}
redis: {url: "redis://:${REDIS_PASSWORD}@redis", data: s3cr3t}
sources:
  a: {type: colect, keys: [s3cr3t]}
  b: {type: events, keys: s3cr3t}
  c: {type: collect}
  d: {type: pixel, paths: [/collect], key: s3cr3t}
  e: {keys: [s3cr3t]}
  d: {type: pixel}
consent:
  regions:
    - {in: [UK], default: {ad_storge: granted}}
rules:
  - {name: s3cr3t}
  - {when: {a: {matches: "(?=s3cr3t)", equal: s3cr3t}}, drop: s3cr3t}
destinations:
  meta: {type: meta, acces_token: s3cr3t, pixel_id: s3cr3t}
  web: {type: webhook, url: "https://u:s3cr3t@x.example", secret: s3cr3t, consent: [ads]}
  ga: {type: ga4, api_secret: "s3cr3t s3cr3t", delivery: {tries: s3cr3t}, http: {proxy: s3cr3t}}
"""
    found = mistakes(text)

    places = [tuple(line.split(": ")[:2]) for line in found]
    assert places == [
        ("shop.yaml:1", "server.hash_salt"),
        ("shop.yaml:1", "server.max_body_bytes"),
        ("shop.yaml:1", "server.pubic_url"),
        ("shop.yaml:2", "redis.data"),
        ("shop.yaml:2", "redis.url"),
        ("shop.yaml:4", "sources.a.type"),
        ("shop.yaml:5", "sources.b.keys"),
        ("shop.yaml:7", "sources.d.key"),
        ("shop.yaml:7", "sources.d.paths.0"),
        ("shop.yaml:8", "sources.e"),
        ("shop.yaml:9", "sources.d"),
        ("shop.yaml:12", "consent.regions.0.default.ad_storge"),
        ("shop.yaml:12", "consent.regions.0.in.0"),
        ("shop.yaml:14", "rules.0"),
        ("shop.yaml:15", "rules.1.drop"),
        ("shop.yaml:15", "rules.1.when.a.equal"),
        ("shop.yaml:15", "rules.1.when.a.matches"),
        ("shop.yaml:17", "destinations.meta.acces_token"),
        ("shop.yaml:17", "destinations.meta.access_token"),
        ("shop.yaml:17", "destinations.meta.pixel_id"),
        ("shop.yaml:18", "destinations.web.consent.0"),
        ("shop.yaml:18", "destinations.web.secret"),
        ("shop.yaml:18", "destinations.web.url"),
        ("shop.yaml:19", "destinations.ga.api_secret"),
        ("shop.yaml:19", "destinations.ga.delivery.tries"),
        ("shop.yaml:19", "destinations.ga.http.proxy"),
    ]
    assert not [line for line in found if "s3cr3t" in line]


def test_no_secret_of_the_environment_is_in_a_message() -> None:
    names = ("REDIS_URL", "BACKEND_KEY", "META_ACCESS_TOKEN", "META_URL", "GA4_API_SECRET")
    environment = dict.fromkeys((*names, "WEBHOOK_URL"), "s3cr3t with spaces")
    found = mistakes(SHOP, environment)
    assert [line.split(": ")[1] for line in found] == [
        "redis.url",
        "destinations.meta.access_token",
        "destinations.meta.base_url",
        "destinations.ga4.api_secret",
        "destinations.warehouse.url",
    ]
    assert not [line for line in found if "s3cr3t" in line]


KEYS = st.sampled_from(
    ["sources", "destinations", "rules", "server", "a", "type", "paths", "when", "set", "drop"]
) | st.sampled_from(
    ["delivery", "http", "consent", "in", "default", "regions", "any", "not", "keys", "matches"]
)
SCALARS = st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | st.text(max_size=3)
KINDS = st.sampled_from(["collect", "events", "pixel", "meta", "ga4", "webhook", "DE", "granted"])
ANYTHING = st.recursive(
    SCALARS | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(sources=ANYTHING, destinations=ANYTHING, rest=st.dictionaries(KEYS, ANYTHING, max_size=3))
def test_whatever_stands_in_a_file_it_is_settings_or_mistakes(
    sources: Any, destinations: Any, rest: dict[str, Any]
) -> None:
    data = {
        **rest,
        "sources": {"a": sources, "b": {"type": "pixel", "paths": sources}},
        "destinations": {"a": destinations, "b": {"type": "webhook", "when": destinations}},
    }
    text = json.dumps(data)  # JSON is YAML too, here on one line
    assert all(line.startswith("shop.yaml:1: ") for line in mistakes(text))
