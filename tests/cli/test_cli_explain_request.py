"""`gateway explain --request`: its output and its exit status."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gateway.web.server_only import MESSAGE

ROOT = Path(__file__).parents[1]
CAPTURES, SAMPLES = ROOT / "captures", ROOT / "fixtures/requests"
Run = Callable[..., Result]

CONFIG = """
server: {trusted_proxies: [10.0.0.0/8], max_body_bytes: 5000}
enrichment: []
sources:
  web: {type: segment, write_keys: [WRITEKEY123], secret_keys: [s3cr3t-of-segment]}
  site:
    type: collect
    allowed_origins: ["https://shop.example"]
    server_only: [purchase]
  backend: {type: events, keys: [s3cr3t-of-the-backend]}
  hits: {type: ga4, paths: [/hits/g/collect]}
destinations:
  all: {type: webhook, url: "http://127.0.0.1:9/", consent: []}
"""
KEY = {"authorization": "Bearer s3cr3t-of-the-backend"}
PAGE = {"origin": "https://shop.example", "user-agent": "Mozilla/5.0"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def explained(run: Run, config: Path) -> Callable[..., list[dict[str, Any]]]:
    """The output of `--json` for a file, or for one request."""

    def explained(given: object, *words: str, **request: Any) -> list[dict[str, Any]]:
        arguments = ["explain", "--config", config, "--json", *words, "--request"]
        if isinstance(given, Path):
            result = run(*arguments, given)
        else:
            recorded = {"method": "POST", "raw_target": given, **request}
            result = run(*arguments, "-", input=json.dumps(recorded))
        assert result.exit_code == 0, result.output
        read: list[dict[str, Any]] = json.loads(result.stdout)
        return read

    return explained


def test_every_recorded_event_of_a_client_is_explained(
    explained: Callable[..., list[dict[str, Any]]],
) -> None:
    requests = explained(CAPTURES / "rudderstack-js-xhr.json")
    assert [each["source"] for each in requests] == ["web"] * 6
    assert [each["status"] for each in requests] == [200] * 6
    assert requests[0]["events"] == []  # a request for settings
    (order,) = (
        event["event"]
        for request in requests
        for event in request["events"]
        if event["event"].get("transaction_id")
    )
    assert order["value"] == 25.5


def test_a_har_file_shows_what_concerns_a_gateway(
    explained: Callable[..., list[dict[str, Any]]], run: Run, config: Path
) -> None:
    order, hit = explained(SAMPLES / "shop.har")
    assert (order["number"], order["source"], order["type"], order["status"]) == (
        *(2, "web", "segment"),
        200,
    )
    assert order["events"][0]["event"]["event_name"] == "purchase"
    sent = order["events"][0]["destinations"]["all"]
    assert sent["decision"] == "send"
    assert sent["requests"][0]["method"] == "POST"
    assert (hit["number"], hit["source"], hit["looks_like"]) == (3, "", "ga4")
    assert "source `hits` reads at /hits/g/collect" in hit["hint"]
    words = run("explain", "--config", config, "--request", SAMPLES / "shop.har").output
    assert "1 other request matched no source" in words
    (page,) = explained(SAMPLES / "shop.har", "--number", "1")
    assert page["looks_like"] == "unknown"


def test_a_source_takes_requests_below_its_prefix(
    explained: Callable[..., list[dict[str, Any]]], config: Path
) -> None:
    (before,) = explained("/m/v1/t", body_text='{"writeKey": "wrong"}')
    assert (before["source"], before["looks_like"]) == ("", "segment")
    assert "set `prefix: any` there" in before["hint"]
    config.write_text(CONFIG.replace("type: segment,", "type: segment, prefix: any,"))
    (after,) = explained("/m/v1/t", body_text='{"writeKey": "wrong"}')
    assert (after["source"], after["reason"]) == ("web", "unauthorized")
    assert after["request"].startswith("POST /m/v1/t, ")


def test_words(run: Run, config: Path) -> None:
    result = run("explain", "--config", config, "--request", SAMPLES / "segment-page.curl")
    assert result.exit_code == 0
    assert result.output.startswith(
        "request 1 of 2: POST /metrics/v1/p, text/plain, from https://shop.example\n"
        "source: none (looks like: segment)\n"
        "answer: 404\n"
        "hint: this looks like Segment's tracking API"
    )
    moved = (SAMPLES / "segment-page.curl").read_text().replace("/metrics", "")
    result = run("explain", "--config", config, "--request", "-", input=moved)
    lines = result.output.splitlines()
    assert "source: web (segment)" in lines
    assert "answer: 200" in lines
    assert any(line.startswith("event page_view (ajs-next-1)") for line in lines)
    assert "all: send" in lines
    assert "answer: 405" in lines  # the preflight: `web` has no allowed_origins
    assert any(line.startswith("hint: a browser asks whether a page may send") for line in lines)


@pytest.mark.parametrize(
    ("target", "request_", "status", "reason", "hint"),
    [
        ("/events", {}, 401, "unauthorized", "shows no key"),
        ("/events", {"headers": {"authorization": "Bearer s3"}}, 401, "unauthorized", "Bearer, 2"),
        ("/v1/t", {"body_text": '{"writeKey": "s3"}'}, 401, "unauthorized", "body writeKey, 2 "),
        ("/v1/t", {"body_text": "s3"}, 400, "malformed", "--request"),
        ("/v1/t", {"method": "GET"}, 405, "method", "change the method"),
        ("/v1/t", {"body_text": " " * 6000}, 413, "too_large", "`max_body_bytes`"),
        (
            "/v1/t",
            {"headers": {"content-encoding": "br"}},
            *(415, "unsupported_encoding", "Content-Encoding: gzip"),
        ),
        (
            "/collect",
            {"headers": {"origin": "https://other.example"}},
            *(403, "origin", "add https://other.example to `allowed_origins` of source `site`"),
        ),
        (
            "/collect",
            {
                "method": "OPTIONS",
                "headers": {
                    "origin": "https://other.example",
                    "access-control-request-method": "POST",
                },
            },
            *(400, "preflight", "add https://other.example"),
        ),
        ("/collect", {"headers": [["x", "y"]] * 101}, 431, "headers_too_large", ""),
        ("/hits/g/collect", {}, 400, "malformed", ""),
        ("/nowhere", {}, 404, "no_source", "looks like no protocol"),
    ],
)
def test_a_refusal_is_that_of_production(
    explained: Callable[..., list[dict[str, Any]]],
    target: str,
    request_: dict[str, Any],
    status: int,
    reason: str,
    hint: str,
) -> None:
    (read,) = explained(target, **request_)
    assert (read["status"], read["reason"]) == (status, reason)
    assert hint in read["hint"]
    assert read["events"] == []


def test_events_that_are_refused_alone(explained: Callable[..., list[dict[str, Any]]]) -> None:
    events = [{"event_name": "a"}, {"s3": 1}, {"event_name": "purchase"}]
    (read,) = explained("/collect", headers=PAGE, body_text=json.dumps(events))
    assert [each["event"]["event_name"] for each in read["events"]] == ["a"]
    assert read["refused"] == [
        {"index": 1, "reason": "event_name: Field required", "shape": {"?": "number"}},
        {"index": 2, "reason": MESSAGE, "shape": None},
    ]
    assert read["server_only"] == 1


def test_a_compressed_body_is_inflated(
    run: Run, config: Path, explained: Callable[..., list[dict[str, Any]]]
) -> None:
    packed = gzip.compress(b'{"event_name": "a"}')
    escaped = "".join(f"\\x{byte:02x}" for byte in packed)
    command = f"curl h/collect -H 'Content-Encoding: gzip' --data-binary $'{escaped}'"
    result = run("explain", "--config", config, "--json", "--request", "-", input=command)
    (read,) = json.loads(result.stdout)
    assert read["status"] == 204
    assert read["events"][0]["event"]["event_name"] == "a"


def test_the_address_is_that_of_the_sender(
    explained: Callable[..., list[dict[str, Any]]], run: Run, config: Path
) -> None:
    request: dict[str, Any] = {"headers": PAGE, "body_text": '{"event_name": "a"}'}
    (unknown,) = explained("/collect", **request)
    assert not unknown["events"][0]["event"].get("ip_override")
    (known,) = explained("/collect", "--address", "203.0.113.9", **request)
    assert known["events"][0]["event"]["ip_override"].startswith("203.0.113.")
    request["headers"] = {**PAGE, "x-forwarded-for": "198.51.100.7"}
    (proxied,) = explained("/collect", "--address", "10.0.0.1", **request)
    assert proxied["events"][0]["event"]["ip_override"].startswith("198.51.100.")
    wrong = run("explain", "--config", config, "--address", "jane", "--request", "-", input="{}")
    assert wrong.exit_code == 2
    assert "is not an IP address" in wrong.output


@pytest.mark.parametrize("form", [["--json"], []])
def test_no_key_and_no_session_is_printed(run: Run, config: Path, form: list[str]) -> None:
    event = {"event_name": "a", "page_title": "s3cr3t-of-the-backend", "x": "s3cr3t-of-the-session"}
    headers = {**KEY, "cookie": "session=s3cr3t-of-the-session; other=s3cr3t-cookie"}
    recorded = {
        "method": "POST",
        "raw_target": "/events?key=s3cr3t-in-the-query",
        "headers": headers,
        "body_text": json.dumps(event),
    }
    common = ["explain", "--config", config, *form, "--request", "-"]
    result = run(*common, input=json.dumps(recorded))
    assert result.exit_code == 0
    assert "***" in result.output
    assert "s3cr3t" not in result.output
    basic = "curl h/v1/t -u s3cr3t-of-segment: --json " + (
        '\'{"event": "s3cr3t-of-segment", "type": "track", "userId": "u", "messageId": "m"}\''
    )
    result = run(*common, input=basic)
    assert "***" in result.output
    assert "s3cr3t" not in result.output


@pytest.mark.parametrize("form", [["--json"], []])
def test_a_request_cannot_command_the_terminal(run: Run, config: Path, form: list[str]) -> None:
    recorded = {
        "method": "\x1b[2J",
        "raw_target": "/\x1b]0;title\x07\u202e?\x1b=1",
        "headers": {"origin": "\x1b[2J", "content-type": "\x1b[2J"},
    }
    arguments = ("explain", "--config", config, *form, "--request", "-")
    result = run(*arguments, input=json.dumps(recorded))
    assert result.exit_code == 0
    assert all(line.isprintable() for line in result.output.splitlines())


def test_paths_of_the_gateway_itself(run: Run, config: Path) -> None:
    result = run("explain", "--config", config, "--request", "-", input="curl h/gateway.js")
    assert "source: none; the gateway itself answers at this path" in result.output


@pytest.mark.parametrize(
    ("arguments", "input_", "words"),
    [
        (["--request", "-"], "s3cr3t", "<stdin>: the file is neither JSON nor a curl command"),
        (["--request", "-", "--number", "2"], "curl h", "there is no request 2; the file has 1"),
        (["--request", "-", "--number", "0"], "curl h", "--number"),
        (["--number", "1", "-"], "{}", "--number and --address belong to --request"),
        (["--request", "-", "-"], "{}", "Give a file with an event, --request FILE or --mapping"),
        (["--request", "/nowhere.har"], "", "nowhere.har"),
    ],
)
def test_mistakes_end_with_status_2(
    run: Run, config: Path, arguments: list[str], input_: str, words: str
) -> None:
    result = run("explain", "--config", config, *arguments, input=input_)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert "s3cr3t" not in result.output
