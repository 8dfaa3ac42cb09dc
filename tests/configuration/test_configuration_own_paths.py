"""No source can take a path that the gateway itself answers, or that no request has."""

from __future__ import annotations

import pytest
from starlette.routing import Mount, Route

from gateway.configuration.load import parse_settings
from gateway.configuration.shared_paths import OWN_PATHS
from gateway.web.app import create_app
from tests.support.mistakes import mistakes

CONFIG = """
server: {demo: true}
sources:
  site:
    type: collect
    paths:
      - /collect
      - "%s"
destinations:
  all: {type: webhook, url: "https://all.example/"}
"""


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/gateway.js", "/gateway.js"),
        ("/gateway-token.js", "/gateway-token.js"),
        ("/gateway-measurement.js", "/gateway-measurement.js"),
        ("/demo", "/demo"),
        ("/demo/", "/demo/"),
        ("/demo/events", "/demo/events"),
        ("/{anything}", "/healthz"),
        ("/{anything:path}", "/healthz"),
        ("/h{rest}z", "/healthz"),
        ("/{a}{b}", "/healthz"),
    ],
)
def test_a_path_of_ours_is_a_mistake_with_its_line(path: str, own: str) -> None:
    place = "shop.yaml:8: sources.site.paths.1"
    assert mistakes(CONFIG % path) == [f"{place}: the gateway itself answers {own}"]


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/healthz/",
        "/demos",
        "/v1/metrics",
        "/gatewayxjs",
        "/{site}/collect",
        "/a{",
        "/",
        "/100%",
        "/käufe",
    ],
)
def test_others_are_free(path: str) -> None:
    assert mistakes(CONFIG % path) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/in?key=1", "`?` ends the path of a URL; leave out `?` and what follows"),
        ("/in#there", "`#` ends the path of a URL; leave out `#` and what follows"),
        ("/in%20there", "paths are compared once decoded; write /in there"),
        ("/k%C3%A4ufe", "paths are compared once decoded; write /käufe"),
    ],
)
def test_a_path_that_no_request_has_is_a_mistake(path: str, words: str) -> None:
    place = "shop.yaml:8: sources.site.paths.1"
    assert mistakes(CONFIG % path) == [f"{place}: no request has it, since {words}"]


def test_these_are_all_that_the_application_answers() -> None:
    linking = "identity: {link_domains: [shop.example], link_secret: a-secret-of-some-length}"
    settings = parse_settings(f"{CONFIG % '/other'}\n{linking}\n")
    app = create_app(settings, "unix:///nowhere/valkey.sock")
    assert {path.removesuffix("/") for path in app.endpoints} == {"/collect", "/other"}
    ours = {route.path for route in app.others.routes if isinstance(route, Route | Mount)}
    assert {path for path in ours if not path.startswith("/demo/")} == set(OWN_PATHS)
