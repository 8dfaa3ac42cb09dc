"""Recorded requests: captures, HAR files and curl commands are read alike."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import shlex
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.explain.requests import RecordedRequest, UnreadableRequest, read_requests

ROOT = Path(__file__).parents[1]
CAPTURES = sorted((ROOT / "captures").glob("*.json"))
SAMPLES = ROOT / "fixtures/requests"


def curl(command: str | bytes) -> RecordedRequest:
    (request,) = read_requests(command if isinstance(command, bytes) else command.encode())
    return request


def as_har(captured: list[dict[str, Any]]) -> bytes:
    entries = []
    for each in captured:
        request = {
            "method": each["method"],
            "url": f"https://shop.example{each['raw_target']}",
            "headers": [{"name": name, "value": value} for name, value in each["headers"]],
        }
        if body := each.get("body_text"):
            request["postData"] = {"mimeType": "", "text": body}
        entries.append({"request": request})
    return json.dumps({"log": {"entries": entries}}).encode()


def quoted_by_chrome(text: str) -> str:
    """Source: Chromium's DevTools, `NetworkLogView.generateCurlCommand` for POSIX shells."""
    if not re.search(r"[\0-\x1f\x7f-\x9f!]|'", text):
        return f"'{text}'"
    text = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return "$'" + re.sub(r"[\0-\x1f\x7f-\x9f!]", lambda c: f"\\u{ord(c[0]):04x}", text) + "'"


def as_curl(captured: list[dict[str, Any]]) -> bytes:
    commands = []
    for each in captured:
        words = [quoted_by_chrome(f"https://shop.example{each['raw_target']}")]
        words.append(f"-X {quoted_by_chrome(each['method'])}")
        for name, value in each["headers"]:
            cookies = name.lower() == "cookie"
            words.append(
                f"-b {quoted_by_chrome(value)}"
                if cookies
                else f"-H {quoted_by_chrome(f'{name}: {value}')}"
            )
        if body := each.get("body_text"):
            words.append(f"--data-raw {quoted_by_chrome(body)}")
        commands.append("curl " + " \\\n  ".join(words))
    return " ;\n".join(commands).encode()


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.stem)
def test_each_format_says_the_same(file: Path) -> None:
    captured = json.loads(file.read_text())
    requests = read_requests(file.read_bytes())
    assert [each.method for each in requests] == [each["method"] for each in captured]
    for other in (read_requests(as_har(captured)), read_requests(as_curl(captured))):
        for one, two in zip(requests, other, strict=True):
            assert (two.method, two.path, two.query, two.body) == (
                one.method,
                one.path,
                one.query,
                one.body,
            )
            assert dict(one.headers).items() <= dict(two.headers).items()
    for request, each in zip(requests, captured, strict=True):
        assert request.body == (each.get("body_text") or "").encode()
        assert f"{request.path}?{request.query}".rstrip("?") == each["raw_target"].rstrip("?")


def test_a_sample_of_chrome() -> None:
    page, preflight = read_requests((SAMPLES / "segment-page.curl").read_bytes())
    assert (page.method, page.path) == ("POST", "/metrics/v1/p")
    assert json.loads(page.body)["properties"]["title"] == "Jo's café \N{GRINNING FACE}!"
    headers = dict(page.headers)
    assert headers["host"] == "shop.example"
    assert headers["cookie"].startswith("ajs_anonymous_id=")
    assert headers["content-type"] == "text/plain"
    assert preflight.method == "OPTIONS"
    assert preflight.body == b""


def test_a_sample_of_a_har_file() -> None:
    page, order, hit = read_requests((SAMPLES / "shop.har").read_bytes())
    assert (page.method, page.path, page.query) == ("GET", "/thanks", "order=1")
    assert json.loads(order.body)["event"] == "Order Completed"
    headers = dict(order.headers)
    assert headers["content-type"] == "application/json"
    assert headers.keys().isdisjoint({":authority", "content-length", "content-encoding"})
    assert hit.path == "/stats/g/collect"


@pytest.mark.parametrize(
    ("options", "method", "target", "body"),
    [
        ("http://h/a?b=1", "GET", "/a?b=1", b""),
        ("h/a", "GET", "/a", b""),
        ("--url h/a -d a=1 -d b=2", "POST", "/a", b"a=1&b=2"),
        ("-XPUT -da=1 h/a", "PUT", "/a", b"a=1"),
        ("-sSLk --compressed -o out -X PATCH h/a", "PATCH", "/a", b""),
        ("-G -d a=1 --data-urlencode 'b=c d' 'h/a?x=1#top'", "GET", "/a?x=1&a=1&b=c%20d", b""),
        ("-I h/a", "HEAD", "/a", b""),
        ("--json '{\"a\":' --json '1}' h/a", "POST", "/a", b'{"a":1}'),
        ("--data-urlencode 'a=b&c' --data-urlencode =d/e h/a", "POST", "/a", b"a=b%26c&d%2Fe"),
        ("--data-urlencode 'x y' h/a", "POST", "/a", b"x%20y"),
        ("--data-raw @a h/a", "POST", "/a", b"@a"),
        ("--data-binary $'\\x1f\\x8b\\'\\101\\n' h/a", "POST", "/a", b"\x1f\x8b'A\n"),
        ('-d "a\\"b\\\\c\\n" h/a', "POST", "/a", b'a"b\\c\\n'),
        ("-d a'b'\"c\"\\d h/a", "POST", "/a", b"abcd"),
        ("-d '' h/a", "POST", "/a", b""),
        ("-d a -- h/a", "POST", "/a", b"a"),
        ("'h/caf\u00e9 x'", "GET", "/caf%C3%A9%20x", b""),
        ("-d a$ h/a", "POST", "/a", b"a$"),
        ('-d "5 $ \\$HOME$" h/a', "POST", "/a", b"5 $ $HOME$"),
    ],
)
def test_options_of_curl(options: str, method: str, target: str, body: bytes) -> None:
    request = curl(f"curl {options}")
    path, _, query = target.partition("?")
    assert (request.method, request.path, request.query) == (method, path, query)
    assert request.body == body


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ("", {"host": "h", "user-agent": "curl", "accept": "*/*"}),
        ("-d a", {"content-type": "application/x-www-form-urlencoded"}),
        ("-d a -H 'Content-Type: text/plain'", {"content-type": "text/plain"}),
        ("--json 1", {"content-type": "application/json", "accept": "application/json"}),
        ("-u user:pass", {"authorization": "Basic dXNlcjpwYXNz"}),
        ("--oauth2-bearer t", {"authorization": "Bearer t"}),
        ("-A me -e https://p/", {"user-agent": "me", "referer": "https://p/"}),
        ("-b a=1 -b b=2", {"cookie": "a=1; b=2"}),
        ("-H 'Host: other' -H 'X-A:  b: c '", {"host": "other", "x-a": "b: c"}),
    ],
)
def test_headers_of_curl(options: str, headers: dict[str, str]) -> None:
    assert headers.items() <= dict(curl(f"curl h/a {options}").headers).items()


def test_a_header_without_a_value_is_not_sent() -> None:
    names = dict(curl("curl h/a -d a -H 'Content-Type:' -H 'X-Empty;'").headers)
    assert names.keys() == {"host", "user-agent", "accept"}


@pytest.mark.parametrize(
    "form", ["curl.exe h/a", "/usr/bin/curl h/a", "$ curl h/a", "#x\ncurl h/a"]
)
def test_how_a_command_begins(form: str) -> None:
    assert curl(form).path == "/a"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file has no request"),
        ("# nothing", "the file has no request"),
        ("wget h", "neither JSON nor a curl command"),
        ("curl", "has no URL"),
        ("curl -H", "-H of the curl command has no value"),
        ("curl h -d @body.json", "--data of the curl command reads a file"),
        ("curl h --data-binary @body", "--data-binary of the curl command reads a file"),
        ("curl h --json @-", "--json of the curl command reads a file"),
        ("curl h -b cookies.txt", "--cookie of the curl command reads a file"),
        ("curl h -H @headers", "--header of the curl command reads a file"),
        ("curl h --data-urlencode a@file", "--data-urlencode of the curl command reads a file"),
        ("curl h -F a=b", "a form with -F is not read here"),
        ("curl h --upload-file x", "--upload-file of the curl command is not known"),
        ("curl h -T x", "-T of the curl command is not known"),
        ("curl h --s3cr3t=s3cr3t", "an option of the curl command is not known"),
        ("curl h -d $BODY", "a variable or a command inside"),
        ('curl h -d "a $(cat x)"', "a variable or a command inside"),
        ('curl h -d "5 $ and $HOME"', "a variable or a command inside"),
        ('curl h -d "\\$ $`cat x`"', "a variable or a command inside"),
        *((f'curl h -d "a ${each}"', "a variable or a command inside") for each in "@*#?!-"),
        ("curl h -d `cat x`", "a variable or a command inside"),
        ("cat x | curl h", "a pipe, a redirection or parentheses"),
        ("curl h > out", "a pipe, a redirection or parentheses"),
        ("curl h -d 's3cr3t", "a quote of the command is not closed"),
        ('curl ^"https://h/^"', "written for Windows' cmd"),
        ("curl 'http://[h'", "the URL of a request cannot be read"),
        ("{", "no valid JSON"),
        ("[1]", "the file has no recorded requests"),
        ("{}", "the file has no recorded requests"),
        ("[]", "the file has no request"),
        ('{"event_name": "a"}', "leave out --request"),
        ('{"log": 1}', "no list `log.entries`"),
        ('{"log": {"entries": [1]}}', "entry 1 of the HAR file has no `request`"),
        ('{"log": {"entries": [{"request": {}}]}}', "has no `method` and `url`"),
        ('[{"method": "GET"}]', "request 1: expected `method`, `raw_target`"),
        ('[{"method": 1, "raw_target": "/"}]', "request 1: expected"),
        ('[{"method": "GET", "raw_target": "/", "headers": [1]}]', "request 1: expected"),
        ('[{"method": "GET", "raw_target": "/", "headers": {"a": 1}}]', "request 1: expected"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, words: str) -> None:
    with pytest.raises(UnreadableRequest) as raised:
        read_requests(text.encode())
    assert words in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


def har(**data: Any) -> RecordedRequest:
    request = {"method": "POST", "url": "https://h/a", "postData": data}
    (read,) = read_requests(json.dumps({"log": {"entries": [{"request": request}]}}).encode())
    return read


def test_bodies_in_a_har_file() -> None:
    packed = gzip.compress(b"{}")
    assert har(text=b64encode(packed).decode(), encoding="base64").body == packed
    form = har(mimeType="application/x-www-form-urlencoded", params=[{"name": "a", "value": "b c"}])
    assert form.body == b"a=b+c"
    assert har(text=1, params=1).body == b""
    for text in ("a", "é"):
        with pytest.raises(UnreadableRequest, match="no valid base64"):
            har(text=text, encoding="base64")


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = json.dumps([{"method": "GET", "raw_target": "/"}] * 10_001).encode()
    with pytest.raises(UnreadableRequest, match="more than 10000 requests"):
        read_requests(many)
    with pytest.raises(UnreadableRequest, match="bytes"):
        read_requests(b"curl h -d '" + b"a" * 20_000_000 + b"'")


@given(st.binary(max_size=300))
@example(b"curl h -d $'\\uD800' -d $'\\U00110000' -d $'\\c' \\")
@example(b"curl h '' \"\"")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for text in (data, b"curl h " + data, b'{"log": {"entries": [' + data, b"[" + data + b"]"):
        with contextlib.suppress(UnreadableRequest):
            assert read_requests(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_body_comes_out_of_every_quoting_as_it_went_in(body: str) -> None:
    command = f"curl 'https://h/a' --data-raw {quoted_by_chrome(body)}".encode()
    assert curl(command).body == body.encode()
    assert curl(f"curl h/a --data-raw {shlex.quote(body)}".encode()).body == body.encode()


WORDS = st.sampled_from(
    ["-H", "-d", "-X", "-G", "-b", "--json", "a: b", "@f", "-u", "a=1", "-sS", "--", "'", '"', "$'"]
)


@given(st.lists(WORDS, max_size=12))
def test_any_options_are_read_or_refused(words: list[str]) -> None:
    with contextlib.suppress(UnreadableRequest):
        assert read_requests(" ".join(["curl", "h", *words]).encode())
