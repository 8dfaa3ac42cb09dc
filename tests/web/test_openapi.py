"""The OpenAPI documents are valid and complete, and match what the gateway answers."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
import requests
import schemathesis
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from redis import Redis
from schemathesis import APIOperation, Case, GenerationMode
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from gateway.cli.main import main
from gateway.configuration.load import load_settings, parse_settings
from gateway.configuration.settings import Settings, build_sources
from gateway.sources.base import MAX_EVENTS, Answer, Batch, Inbound, Source, SourceSettings
from gateway.web import openapi as openapi_module
from gateway.web.app import create_app
from gateway.web.openapi import operators_document, public_document
from gateway.web.openapi_answers import ANSWERS
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS as REDIS_KEYS
from tests.support.operators import operators
from tests.web.conftest import Open

ROOT = Path(__file__).parents[2]
DESTINATIONS = 'destinations: {all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}'
EVERY_SOURCE = f"""
server:
  demo: true
  public_url: https://events.shop.example
  hash_salt: a-salt-that-is-long-enough-to-be-one
enrichment: []
identity: {{link_domains: [shop.example, shop-help.example]}}
sources:
  site: {{type: collect}}
  strict: {{type: collect, paths: ["/a{{b}}/ü"], allowed_origins: ["https://shop.example"]}}
  small: {{type: collect, paths: [/small], rate_limit: 3/minute, max_body_bytes: 70000}}
  unlimited: {{type: collect, paths: [/unlimited], rate_limit: off}}
  tokens:
    type: collect
    paths: [/tokens]
    allowed_origins: ["https://shop.example"]
    submission_tokens: {{secrets: [0123456789abcdef0123456789abcdef]}}
  backend: {{type: events, keys: [test-key]}}
  image: {{type: pixel}}
  gtag: {{type: ga4, measurement_ids: [G-1]}}
  mp: {{type: measurement_protocol, api_secrets: {{G-1: s3cret}}}}
  segment: {{type: segment, write_keys: [wk], paths: [/v1/track, /v1/batch]}}
  snowplow: {{type: snowplow}}
  matomo: {{type: matomo, keys: [test-key]}}
  plausible: {{type: plausible, keys: [test-key]}}
  umami: {{type: umami, keys: [test-key]}}
{DESTINATIONS}
"""
ENVIRONMENT = {
    "SITE_ORIGIN": "https://shop.example",
    "BACKEND_KEY": "a-key-of-our-own",
    "META_PIXEL_ID": "1234567890",
    "META_ACCESS_TOKEN": "a-token",
    "GA4_MEASUREMENT_ID": "G-TEST000001",
    "GA4_API_SECRET": "a-secret",
    "WEBHOOK_URL": "https://warehouse.example/events",
    "WEBHOOK_SECRET": "whsec_b3VyLW93bi1zZWNyZXQtb2YtdGhlLXNob3A=",
}
STRICT = "/a%7Bb%7D/%C3%BC"
HALF_FULL = """
enrichment: []
sources: {site: {type: collect}}
destinations:
  all: {type: webhook, url: "http://127.0.0.1:9/", consent: [], delivery: {max_pending: 1}}
  open: {type: webhook, url: "http://127.0.0.1:9/", consent: []}
"""
MAX_EXAMPLES = 10
"""For each operation and kind of input: enough to reach every branch of the schemas."""

SHIPPED = ["gateway.yaml", "production.yaml", "examples/shop.yaml"]
KEYS = {"authorization": "Bearer test-key", "x-write-key": "wk"}
NO_REDIS = "redis://127.0.0.1:1/0"


def every_source() -> Settings:
    return parse_settings(EVERY_SOURCE)


def shipped(name: str) -> Settings:
    return load_settings(ROOT / "config" / name, ENVIRONMENT)


CONFIGURATIONS = {name: lambda name=name: shipped(name) for name in SHIPPED} | {
    "every source": every_source
}
configurations = pytest.mark.parametrize("load", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
documents = pytest.mark.parametrize("document", [public_document, operators_document])


@configurations
@documents
def test_the_document_is_valid(
    load: Callable[[], Settings], document: Callable[[Settings], dict[str, Any]]
) -> None:
    written = orjson.loads(orjson.dumps(document(load())))
    validate(written)
    assert list(schemathesis.openapi.from_dict(written).get_all_operations())


def paths_of(routes: Starlette) -> set[str]:
    """The paths of `routes`; a folder of files counts as the path of one file."""
    return {
        f"{route.path}/{{file}}" if isinstance(route, Mount) else route.path  # type: ignore[attr-defined]
        for route in routes.routes
    }


def operators_routes(app: Any) -> Starlette:
    """The application inside the wrappers that check access and add headers."""
    while not isinstance(app, Starlette):
        app = app._app
    return app


@configurations
def test_every_path_that_is_served_is_described_and_no_other(
    load: Callable[[], Settings],
) -> None:
    settings = load()
    app = create_app(settings, NO_REDIS)
    sources = {path for path in app.endpoints if not path.endswith("/")}
    assert {*app.endpoints} == sources | {f"{path}/" for path in sources}
    patterns = {
        path
        for source in build_sources(settings).values()
        for path in source.claimed_questions
        if "{" in path
    }
    assert all(app.find(path) for path in patterns)
    described = {unquote(path) for path in public_document(settings)["paths"]}
    assert described == sources | patterns | paths_of(app.others)
    described = {*operators_document(settings)["paths"]}
    assert described == paths_of(operators_routes(app.operators))


def test_every_method_that_is_answered_is_described_and_no_other(open_web: Open) -> None:
    web = open_web(settings=every_source())
    for path, item in public_document(every_source())["paths"].items():
        for method in ("get", "post", "put", "delete"):
            is_wrong = web.request(method, path).status_code == 405
            assert is_wrong == (method not in item), (method, path)


def test_braces_in_a_path_are_no_template() -> None:
    paths = public_document(every_source())["paths"]
    assert STRICT in paths


def test_no_key_is_in_a_document() -> None:
    settings = parse_settings(
        EVERY_SOURCE.replace("test-key", "a-secret-key").replace(
            "server:\n", "server:\n  operators_token: a-secret-token-for-operators\n"
        )
    )
    text = orjson.dumps([public_document(settings), operators_document(settings)])
    for secret in (b"a-secret-key", b"a-secret-token-for-operators", b"s3cret", b"a-salt"):
        assert secret not in text


def statuses(settings: Settings, path: str) -> set[str]:
    return {*public_document(settings)["paths"][path]["post"]["responses"]}


def test_answers_that_need_a_setting_are_there_with_the_setting() -> None:
    settings = every_source()
    assert "403" not in statuses(settings, "/collect")
    assert "403" in statuses(settings, STRICT)
    assert "429" in statuses(settings, "/collect")
    assert "429" not in statuses(settings, "/unlimited")


def operations_of(document: Mapping[str, Any]) -> list[APIOperation[Any, Any]]:
    loaded = schemathesis.openapi.from_dict(orjson.loads(orjson.dumps(document)))
    return [operation.ok() for operation in loaded.get_all_operations()]  # type: ignore[misc]


def check_answer(operation: APIOperation[Any, Any], answer: Any) -> None:
    """Checks that the operation describes the answer, and its reason if it is a refusal."""
    described = operation.definition.raw["responses"]
    status = str(answer.status_code)
    assert status in described, f"{operation.label} is answered {status}: {answer.text}"
    operation.validate_response(answer)
    if answer.headers.get("content-type") == "application/json" and "error" in answer.json():
        assert answer.json()["reason"] in reasons(described[status])


def reasons(response: Mapping[str, Any]) -> list[str]:
    """The reasons that a Response Object names. response: the object or a reference to it."""
    if reference := response.get("$ref"):
        return [*ANSWERS[reference.rpartition("/")[2]].reasons]
    return re.findall(r"^- `(\w+)`:", response["description"], re.MULTILINE)


def has_input(operation: APIOperation[Any, Any]) -> bool:
    """Whether invalid input is possible: in a path, any text is valid."""
    return bool(operation.body or operation.query or operation.headers)


OPERATIONS = operations_of(public_document(parse_settings(EVERY_SOURCE)))
NEGATIVE = [operation for operation in OPERATIONS if has_input(operation)]
ASKED = [
    *((GenerationMode.POSITIVE, operation) for operation in OPERATIONS),
    *((GenerationMode.NEGATIVE, operation) for operation in NEGATIVE),
]


def is_state(operation: APIOperation[Any, Any], answer: requests.Response) -> bool:
    """Whether the answer only says that the gateway is not ready, as on a busy machine."""
    return operation.path == "/readyz" and answer.status_code == 503


@pytest.mark.parametrize(
    ("mode", "operation"), ASKED, ids=[f"{mode.value} {each.label}" for mode, each in ASKED]
)
def test_whatever_is_asked_the_answer_is_a_described_one(
    open_web: Open, operation: APIOperation[Any, Any], mode: GenerationMode
) -> None:
    web = open_web(settings=every_source())

    @hypothesis_settings(max_examples=MAX_EXAMPLES, deadline=None)
    @given(operation.as_strategy(generation_mode=mode), st.booleans())
    def ask(case: Case, with_keys: bool) -> None:
        if with_keys:
            case.query = {**(case.query or {}), "measurement_id": "G-1", "api_secret": "s3cret"}
        answer = send(web, case, KEYS if with_keys else {})
        check_answer(operation, answer)
        assert answer.status_code < 500 or is_state(operation, answer)

    ask()


def send(web: TestClient, case: Case, headers: Mapping[str, str]) -> Any:
    """Sends `case` without the transport of schemathesis, which does not run a lifespan."""
    written = requests.Request(**case.as_transport_kwargs(base_url="http://testserver"))
    request = written.prepare()
    return web.request(
        request.method or "",
        request.url or "",
        content=request.body,
        headers={**request.headers, **headers},
        follow_redirects=False,
    )


EVENT = {"event_name": "page_view"}
FOREIGN = {"origin": "https://elsewhere.example"}
RARE: dict[str, tuple[int, str, dict[str, Any]]] = {
    "no JSON": (400, "/collect", {"content": b"{"}),
    "no event": (400, "/collect", {"json": {"value": 1}}),
    "some refused": (200, "/collect", {"json": [EVENT, {"value": 1}]}),
    "some of a backend refused": (200, "/events", {"json": [EVENT, {}], "headers": KEYS}),
    "some of Segment refused": (
        200,
        "/v1/batch",
        {"json": {"batch": [{"type": "track", "event": "a"}, 1]}, "headers": KEYS},
    ),
    "some of Snowplow refused": (
        200,
        "/com.snowplowanalytics.snowplow/tp2",
        {"json": {"data": [{"e": "pv"}, {"e": "??"}, 1]}},
    ),
    "some of Matomo refused": (
        200,
        "/matomo.php",
        {"json": {"requests": ["?idsite=1&rec=1", "?idsite=1", 1]}},
    ),
    "all of Matomo refused": (400, "/matomo.php", {"json": {"requests": ["?idsite=1"]}}),
    "no image of Matomo": (204, "/matomo.php?idsite=1&rec=1&send_image=0", {}),
    "another token": (401, "/matomo.php?idsite=1&rec=1&token_auth=x", {}),
    "an event of Plausible": (202, "/api/event", {"json": {"n": "pageview"}}),
    "some of Umami refused": (200, "/api/batch", {"json": [{"payload": {"website": "a"}}, {}]}),
    "all of Umami refused": (400, "/api/batch", {"json": [{}]}),
    "no key": (401, "/events", {"json": EVENT}),
    "another measurement id": (403, "/g/collect?v=2&tid=G-2&en=a", {}),
    "a foreign page": (403, STRICT, {"json": EVENT, "headers": FOREIGN}),
    "no token": (403, "/tokens", {"json": EVENT, "headers": {"origin": "https://shop.example"}}),
    "a wrong token": (
        403,
        "/tokens",
        {"json": EVENT, "headers": {"origin": "https://shop.example", "x-submission-token": "x"}},
    ),
    "a page's token": (200, "/tokens/token", {"headers": {"origin": "https://shop.example"}}),
    "a foreign page's token": (403, "/tokens/token", {"headers": FOREIGN}),
    "a large body": (413, "/collect", {"content": b"x" * 200_000}),
    "a body that inflates": (
        413,
        "/collect",
        {"content": gzip.compress(b"x" * 100_000), "headers": {"content-encoding": "gzip"}},
    ),
    "many events": (413, "/collect", {"json": [EVENT] * (MAX_EVENTS + 1)}),
    "another encoding": (
        415,
        "/collect",
        {"content": b"x", "headers": {"content-encoding": "br"}},
    ),
    "another type": (415, "/collect", {"content": b"x", "headers": {"content-type": "image/png"}}),
    "large headers": (431, "/collect", {"json": EVENT, "headers": {"x": "x" * 70_000}}),
}


def operation_of(path: str) -> APIOperation[Any, Any]:
    (operation,) = [each for each in OPERATIONS if each.label == f"POST {path.partition('?')[0]}"]
    return operation


@pytest.mark.parametrize(("status", "path", "request_"), RARE.values(), ids=RARE)
def test_a_refusal_is_a_described_one(
    open_web: Open, status: int, path: str, request_: dict[str, Any]
) -> None:
    answer = open_web(settings=every_source()).post(path, **request_)
    assert answer.status_code == status, answer.text
    check_answer(operation_of(path), answer)


def test_the_answer_at_the_rate_limit_is_a_described_one(open_web: Open) -> None:
    web = open_web(settings=every_source())
    answers = [web.post("/small", json=EVENT) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
    check_answer(operation_of("/small"), answers[-1])


def test_the_answers_without_redis_are_described_ones(open_web: Open) -> None:
    web = open_web(settings=every_source(), url=NO_REDIS)
    answer = web.post("/collect", json=EVENT)
    assert (answer.status_code, answer.json()["reason"]) == (503, "unavailable")
    check_answer(operation_of("/collect"), answer)
    for operation in operations_of(operators_document(every_source())):
        answer = operators(web).get(operation.path)
        check_answer(operation, answer)


def test_the_answer_to_what_is_taken_in_part_is_a_described_one(
    open_web: Open, redis: Redis
) -> None:
    settings = parse_settings(HALF_FULL)
    web = open_web(settings=settings)
    wait_for(lambda: web.get("/readyz").status_code == 200, 60, "readiness")
    redis.xadd(REDIS_KEYS.destination("all").stream, {"e": "{}"})
    probe = {"json": EVENT}  # no destination takes it, since it has no id
    wait_for(lambda: web.post("/collect", **probe).status_code == 503, 60, "intake to be shut")
    answer = web.post("/collect", json={**EVENT, "event_id": "a"})
    assert answer.json()["events"] == [{"index": 0, "taken": ["open"], "full": ["all"]}]
    described = operations_of(public_document(settings))
    check_answer(next(each for each in described if each.path == "/collect"), answer)


def test_operators_get_described_answers(open_web: Open) -> None:
    web = open_web(settings=every_source())
    wait_for(lambda: operators(web).get("/readyz").status_code == 200, 60, "readiness")
    for operation in operations_of(operators_document(every_source())):
        answer = operators(web).get(operation.path)
        assert answer.status_code == 200
        check_answer(operation, answer)


def test_operators_get_the_documents(open_web: Open) -> None:
    settings = every_source()
    web = open_web(settings=settings)
    assert operators(web).get("/openapi.json").json() == as_json(public_document(settings))
    own = operators(web).get("/openapi-operators.json").json()
    assert own == as_json(operators_document(settings))
    assert web.get("/openapi.json").status_code == 404


def as_json(document: dict[str, Any]) -> Any:
    return orjson.loads(orjson.dumps(document))


@pytest.mark.parametrize(
    ("options", "document"), [([], public_document), (["--operators"], operators_document)]
)
def test_the_command_prints_the_documents(
    tmp_path: Path, options: list[str], document: Callable[[Settings], dict[str, Any]]
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(EVERY_SOURCE)
    result = CliRunner().invoke(main, ["openapi", "--config", str(path), *options])
    assert result.exit_code == 0, result.output
    assert orjson.loads(result.stdout) == as_json(document(load_settings(path)))


@pytest.mark.parametrize("token", ["", "a-token-for-operators"])
def test_operators_without_access_get_a_described_answer(open_web: Open, token: str) -> None:
    text = EVERY_SOURCE.replace(
        "server:", f"server:\n  operators_token: {token}" if token else "server:"
    )
    settings = parse_settings(text)
    web = open_web(settings=settings)
    for operation in operations_of(operators_document(settings)):
        answer = operators(web).get(operation.path, headers={"host": "elsewhere.example"})
        assert answer.status_code == (401 if token else 403)
        check_answer(operation, answer)


class _SilentSource(Source[SourceSettings]):
    """A third-party source that describes nothing."""

    type = "silent"
    methods = ("GET", "POST")
    paths = ("/silent",)

    def read(self, request: Inbound) -> Batch:
        return Batch()

    def answer(self, batch: Batch) -> Answer:
        return Answer(202, b"fine", {"content-type": "text/x-own"})


def test_a_source_that_says_nothing_about_itself_is_described_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = _SilentSource(SourceSettings(type="silent"))
    monkeypatch.setattr(openapi_module, "build_sources", lambda _: {"theirs": silent})
    document = as_json(public_document(every_source()))
    validate(document)
    for operation in operations_of(document):
        if operation.path == "/silent":
            assert {"2XX", "400", "4XX", "429", "503"} <= {*operation.definition.raw["responses"]}
