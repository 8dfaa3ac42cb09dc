"""Which source a path belongs to: exact paths first, then the longest path below any prefix."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.claims import GATEWAYS_OWN, MAX_PATH, Claim, PathTable
from gateway.testing.values import fuzzed

SETTINGS = "/v1/projects/{key}/settings"


def table(*claims: Claim) -> PathTable[str]:
    return PathTable((claim, claim.source) for claim in claims)


TABLE = table(
    Claim("segment", "/v1/batch", any_prefix=True),
    Claim("segment", "/v1/i", any_prefix=True),
    Claim("segment", SETTINGS, "question", any_prefix=True),
    Claim("posthog", "/batch/", any_prefix=True),
    Claim("snowplow", "/i", any_prefix=True),
    Claim("snowplow", "/com.snowplowanalytics.snowplow/tp2", any_prefix=True),
    Claim("collect", "/collect", any_prefix=True),
    Claim("literal", "/v1/projects/own/settings", any_prefix=True),
    Claim("exact", "/shop/v1/batch"),
    Claim("pinned", "/array/{key}/config", "question"),
    Claim("braces", "/{braces}/x", any_prefix=True),
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/v1/batch", ("segment", "/v1/batch", "")),
        ("/v1/batch/", ("segment", "/v1/batch/", "")),
        ("/metrics/v1/batch", ("segment", "/v1/batch", "/metrics")),
        ("/metrics/v1/batch/", ("segment", "/v1/batch", "/metrics")),
        ("/a/b/c/d/e/f/v1/batch", ("segment", "/v1/batch", "/a/b/c/d/e/f")),
        ("/shop/v1/batch", ("exact", "/shop/v1/batch", "")),
        ("/shop/v1/batch/", ("exact", "/shop/v1/batch/", "")),
        ("/x/shop/v1/batch", ("segment", "/v1/batch", "/x/shop")),
        ("/metrics/batch", ("posthog", "/batch/", "/metrics")),
        ("/v2/batch/", ("posthog", "/batch/", "/v2")),
        ("/metrics/i", ("snowplow", "/i", "/metrics")),
        ("/metrics/v1/i", ("segment", "/v1/i", "/metrics")),
        ("/m/com.snowplowanalytics.snowplow/tp2", ("snowplow", None, "/m")),
        ("//collect", ("collect", "/collect", "/")),
        ("/metrics//collect", ("collect", "/collect", "/metrics/")),
        ("/metrics/../collect", ("collect", "/collect", "/metrics/..")),
        ("/v1/projects/KEY/settings", ("segment", "/v1/projects/KEY/settings", "")),
        ("/m/v1/projects/KEY/settings/", ("segment", "/v1/projects/KEY/settings", "/m")),
        ("/m/v1/projects/own/settings", ("literal", "/v1/projects/own/settings", "/m")),
        ("/v1/projects/{key}/settings", ("segment", "/v1/projects/{key}/settings", "")),
        ("/array/KEY/config", ("pinned", "/array/KEY/config", "")),
        ("/m/array/KEY/config", None),
        ("/m/{braces}/x", ("braces", "/{braces}/x", "/m")),
        ("/m/other/x", None),
        ("/v1/projects//settings", None),
        ("/v1/projects/a/b/settings", None),
        ("/m/tp2", None),
        ("/metrics/v1/batch//", None),
        ("/demo/collect", None),
        ("/demo/v1/projects/KEY/settings", None),
        ("/COLLECT", None),
        ("/xcollect", None),
        ("/collect/x", None),
        ("/", None),
        ("", None),
        ("collect", None),
        ("*", None),
    ],
)
def test_who_gets_a_path(path: str, found: tuple[str, str | None, str] | None) -> None:
    got = TABLE.find(path)
    if found is None:
        assert got is None
        return
    source, own, prefix = found
    assert got is not None
    assert (got.target, got.prefix) == (source, prefix)
    assert own is None or got.path == own


def test_without_a_prefix_there_are_only_exact_paths() -> None:
    plain = table(Claim("a", "/collect"))
    assert plain.exact == {"/collect": "a", "/collect/": "a"}
    assert plain.find("/x/collect") is None


def test_a_path_with_a_slash_of_its_own_keeps_it() -> None:
    assert table(Claim("a", "/batch"), Claim("b", "/batch/")).exact["/batch/"] == "b"


def test_a_long_path_belongs_to_nobody_below_a_prefix() -> None:
    tail = "/v1/batch"
    fits = "/" + "a" * (MAX_PATH - len(tail) - 1) + tail
    assert TABLE.find(fits) is not None
    assert TABLE.find(f"/a{fits}") is None


SEGMENT = st.sampled_from(["a", "b", "v1", "i", "", "..", "{key}", "demo"])
PATHS = st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
REQUESTS = st.lists(SEGMENT, max_size=7).map(lambda parts: "/".join(["", *parts]))


def expected(claims: list[Claim], path: str) -> str | None:
    """The source by the rules in the documentation: compares every claim with the path."""
    for claim in claims:
        if path == claim.path:
            return claim.source
    for claim in claims:
        if path == f"{claim.path}/":
            return claim.source
    if path.startswith(GATEWAYS_OWN):
        return None
    bare = path.removesuffix("/")
    fits = [
        claim
        for claim in claims
        if claim.any_prefix and bare.endswith(claim.path.removesuffix("/")) and claim.path != "/"
    ]
    return (
        max(fits, key=lambda claim: claim.path.removesuffix("/").count("/")).source
        if fits
        else None
    )


@fuzzed
@given(
    st.dictionaries(PATHS, st.booleans(), max_size=6),
    REQUESTS,
)
def test_the_table_finds_what_comparing_with_every_claim_finds(
    paths: dict[str, bool], path: str
) -> None:
    tails: set[str] = set()
    claims = []
    for number, (claimed, any_prefix) in enumerate(paths.items()):
        tail = claimed.removesuffix("/")
        if any_prefix and tail in tails:  # `gateway check` reports these
            continue
        tails |= {tail} if any_prefix else set()
        claims.append(Claim(str(number), claimed, any_prefix=any_prefix))
    found = table(*claims).find(path)
    assert (found and found.target) == expected(claims, path)


@fuzzed
@given(st.text(max_size=200))
def test_whatever_the_path_is_prefix_and_rest_are_it(path: str) -> None:
    for request in (path, f"/{path}/v1/batch", f"/v1/projects/{path}/settings"):
        if found := TABLE.find(request):
            assert f"{found.prefix}{found.path}".rstrip("/") == request.rstrip("/")
