"""The first run finds every mistake with its line, whatever other mistakes there are."""

from __future__ import annotations

import pytest

from tests.support.mistakes import FILE, mistakes

SEVEN = """\
sources:
  site: {type: collect}
identity:
  hash_user_id: true
consent:
  hold: {seconds: 1800}
ledger:
  url: postgresql://gateway@db.example/ledger
lookups:
  margins: {key: user_id, add: [margin], file: none.csv}
credentials:
  crm:
    type: client_credentials
    token_url: https://crm.example/token
    client_id: gateway
    client_secret: s3cr3t
destinations:
  meta:
    type: meta
    pixel_id: "1"
    access_token: ${TOKEN}
    on_denied: anonymise
  hook:
    type: webhook
    url: https://hook.example/
    auth:
      oauth2: crn
"""
FOUND = [
    "4: identity.hash_user_id: needs server.hash_salt",
    "6: consent.hold: needs server.hash_salt, the key of the digests that stand for pages and "
    "visitors in Redis",
    "8: ledger.url: needs server.hash_salt: the key of the ledger's digests is derived from it, so "
    "that it is the same on all machines",
    "10: lookups.margins.file: none.csv cannot be read: No such file or directory",
    "16: credentials.crm.client_secret: a credential must not be written in the configuration "
    "file. Take it from a variable (`${NAME}`) or from another file (`${file:PATH}`)",
    "22: destinations.meta.on_denied: a meta destination with these settings cannot accept "
    "anonymised events; use `on_denied: withhold`",
    "27: destinations.hook.auth.oauth2: there is no credential crn; `credentials` has: crm",
]


def lines_of(text: str) -> list[str]:
    found = mistakes(text, {"TOKEN": "t0ken-of-meta"})
    return [line.removeprefix(f"{FILE}:") for line in found]


def test_seven_mistakes_take_one_run() -> None:
    assert lines_of(SEVEN) == FOUND


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("spool: 5\n", "spool: should have keys and values"),
        ("rules:\n  - {drop: x}\n", "rules.0.drop: should be true or false"),
        ("enrichment: [pages]\n", "enrichment.0: 'pages' is not one of"),
        ("unknown: 1\n", "unknown: unknown key"),
    ],
)
def test_a_mistake_of_any_other_kind_hides_none(section: str, message: str) -> None:
    *others, one = lines_of(SEVEN + section)
    assert others == FOUND
    assert f": {message}" in one


CONSEQUENCES = [
    # a setting that needs another is not reported while the other is wrong itself
    (
        "server: {hash_salt: [a]}\nidentity: {hash_user_id: true}\nconsent: {hold: {}}\n",
        ["1: server.hash_salt: should be a text"],
    ),
    (
        "server: {hash_salt: '${SALT}'}\nidentity: {hash_user_id: true}\n",
        ["1: server.hash_salt: the environment has no SALT; set it there or in .env…"],
    ),
    (
        "credentials: {crm: {type: oauth}}\n"
        "destinations: {h: {type: webhook, url: 'https://h.example', auth: {oauth2: crm}}}\n",
        ["1: credentials.crm.type: 'oauth' is not one of…"],
    ),
    (
        "destinations: {g: {type: ga4, measurement_id: UA-1, api_secret: '${TOKEN}'}}\n",
        ["1: destinations.g.measurement_id: ids that begin with UA-…"],
    ),
    (
        "destinations: {m: {type: meta, pixel_id: '1', access_token: []}}\n",
        ["1: destinations.m.access_token: should be a text"],
    ),
    (
        "sources: {s: {type: collect, allowed_origins: 5, submission_tokens: "
        "{secrets: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]}}}\n",
        ["1: sources.s.allowed_origins: should be a list: write it in [ ]"],
    ),
    (
        "consent:\n  hold: {}\n  regions:\n    - {in: [DE]}\n",
        [
            "2: consent.hold: needs server.hash_salt…",
            "4: consent.regions.0.default: is missing",
        ],
    ),
    (
        "redis: {url: 'cluster://one'}\nconsent: {hold: {}}\nserver: {hash_salt: abc}\n",
        ["1: redis.jobs_url: is needed with a cluster…"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), CONSEQUENCES)
def test_no_mistake_is_told_that_only_follows_from_another(text: str, expected: list[str]) -> None:
    for section in ("sources", "destinations"):
        if f"{section}:" not in text:
            text += f"{section}: {{}}\n"
    found = lines_of(text)
    assert len(found) == len(expected)
    for line, wanted in zip(found, expected, strict=True):
        assert line == wanted or (wanted.endswith("…") and line.startswith(wanted[:-1]))


def test_each_mistake_of_a_mapping_has_its_own_line() -> None:
    text = """\
sources: {}
destinations:
  ads:
    type: meta
    pixel_id: "1"
    access_token: ${TOKEN}
    mapping:
      fields:
        custom_dat.a: 1
      events:
        lead:
          fields:
            custom_data.a: {field: email}
"""
    assert [line.split(": ")[:2] for line in lines_of(text)] == [
        ["9", "destinations.ads.mapping.fields.custom_dat.a"],
        ["13", "destinations.ads.mapping.events.lead.fields.custom_data.a"],
    ]
