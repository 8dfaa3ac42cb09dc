"""Requests as curl commands, such as browsers' "Copy as cURL (bash)" gives.

Source: curl.se/docs/manpage.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

from gateway.explain.requests.curl_options import options_of, text_of
from gateway.explain.requests.model import Headers, RecordedRequest, UnreadableRequest
from gateway.explain.requests.shell import commands_of

MAX_BYTES = 20_000_000


@dataclass(slots=True)
class _Call:
    """What the options of one command say."""

    urls: list[str] = field(default_factory=list)
    method: str = ""
    headers: Headers = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    json: list[bytes] = field(default_factory=list)
    in_query: bool = False
    head: bool = False


def read_curl(text: bytes) -> list[RecordedRequest]:
    """The requests of the curl commands in `text`, separated by ``;``, ``&`` or line breaks.

    Raises `UnreadableRequest` for other commands, for unknown options, since they may change the
    request, and for options that read a file.
    """
    if len(text) > MAX_BYTES:
        raise UnreadableRequest(f"the command has more than {MAX_BYTES} bytes")
    if text.startswith(b"curl ^") or b' ^"' in text[:1000]:
        raise UnreadableRequest(
            "the command is written for Windows' cmd; copy it with `Copy as cURL (bash)`"
        )
    return [each for words in commands_of(text) for each in _read(words)]


def _read(words: Sequence[bytes]) -> Iterator[RecordedRequest]:
    if words[0].startswith(b"#"):
        return
    words = words[1:] if words[0] == b"$" else words  # a copied prompt
    program = words[0].rpartition(b"/")[2] if words else b""
    if program not in (b"curl", b"curl.exe"):
        raise UnreadableRequest(
            "the file is neither JSON nor a curl command; give a HAR file, or a command that "
            "`Copy as cURL (bash)` has copied"
        )
    call = _Call()
    for name, value in options_of(words[1:]):
        _apply(call, name, value)
    if not call.urls:
        raise UnreadableRequest("the curl command has no URL")
    for url in call.urls:
        yield _request(call, url)


def _apply(call: _Call, name: str, value: bytes) -> None:
    text = text_of(value)
    match name:
        case "url":
            call.urls.append(text)
        case "request":
            call.method = text
        case "header":
            call.headers.append(_header(text))
        case "cookie":
            if text and "=" not in text:
                raise _of_file("--cookie")
            call.cookies.append(text)
        case "user":
            call.headers.append(("authorization", f"Basic {b64encode(value).decode()}"))
        case "oauth2-bearer":
            call.headers.append(("authorization", f"Bearer {text}"))
        case "user-agent" | "referer":
            call.headers.append((name, text))
        case "get":
            call.in_query = True
        case "head":
            call.head = True
        case "json":
            call.json.append(_not_of_file(name, value))
        case "data-raw":
            call.data.append(value)
        case "data-urlencode":
            call.data.append(_urlencoded(value))
        case _:
            call.data.append(_not_of_file(name, value))


def _request(call: _Call, url: str) -> RecordedRequest:
    headers = [(name, value) for name, value in call.headers if value]
    stated = {name for name, _ in call.headers}
    body = b"".join(call.json) or b"&".join(call.data)
    has_body = bool(call.json or call.data) and not call.in_query
    if call.in_query and body:
        start, hash_, fragment = url.partition("#")
        url = f"{start}{'&' if '?' in start else '?'}{text_of(body)}{hash_}{fragment}"
    usual = {"user-agent": "curl", "accept": "application/json" if call.json else "*/*"}
    if has_body:
        form = "application/x-www-form-urlencoded"
        usual["content-type"] = "application/json" if call.json else form
    if call.cookies:
        usual["cookie"] = "; ".join(filter(None, call.cookies))
    headers += [(name, value) for name, value in usual.items() if name not in stated]
    method = call.method or ("HEAD" if call.head else "POST" if has_body else "GET")
    if "://" not in url:
        url = f"http://{url}"
    return RecordedRequest.of(method, url, headers, body if has_body else b"")


def _header(text: str) -> tuple[str, str]:
    """Reads ``Name: value``. ``Name:`` removes the header, and ``Name;``, which sends it empty, is
    treated alike."""
    name, _, value = text.partition(":")
    if text.startswith("@"):
        raise _of_file("--header")
    return name.strip().lower().removesuffix(";"), value.strip()


def _not_of_file(name: str, value: bytes) -> bytes:
    if value.startswith(b"@"):
        raise _of_file(f"--{name}")
    return value


def _urlencoded(value: bytes) -> bytes:
    """Source: curl.se/docs/manpage.html#--data-urlencode"""
    name, equals, content = value.partition(b"=")
    if not equals:
        if b"@" in value:
            raise _of_file("--data-urlencode")
        name, content = b"", value
    encoded = quote_from_bytes(content, safe="").encode()
    return name + b"=" + encoded if name else encoded


def _of_file(option: str) -> UnreadableRequest:
    return UnreadableRequest(
        f"{option} of the curl command reads a file, which is not done here; write its content "
        "into the command"
    )
