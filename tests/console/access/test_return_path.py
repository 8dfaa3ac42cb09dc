"""A sign-in leads to a page of the console, never elsewhere."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.access.return_path import MAX_CHARACTERS, return_path


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/events/0a1b",
        "/search?name=purchase&until=2026-11-30",
        "/events/%2F%2Fevil.example",
        "/a//b",
        "/logins",
        "/?next=https://shop.example",
        "/configuration#line-4",
    ],
)
def test_a_page_of_the_console(path: str) -> None:
    assert return_path(path) == path


@pytest.mark.parametrize(
    "elsewhere",
    [
        "",
        "events",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\\b",
        "https:evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/a\r\nset-cookie: a=b",
        "/a b",
        "/é",
        "/\x00",
        " /",
        "/" + "a" * MAX_CHARACTERS,
        "/login",
        "/login?next=/login",
        "/login/openid",
        "/logout",
        "/link/abc",
        "/login#a",
    ],
)
def test_anything_else_is_the_start(elsewhere: str) -> None:
    assert return_path(elsewhere) == "/"


@given(
    st.text(st.sampled_from("/\\:@?#.%\t\n\r aé"), max_size=8).map(
        lambda text: f"/{text}evil.example"
    )
)
def test_no_text_leads_to_another_host(text: str) -> None:
    found = return_path(text)
    stripped = found.replace("\t", "").replace("\n", "").replace("\r", "").replace("\\", "/")
    assert urlsplit(urljoin("https://console.example/login", stripped)).netloc == "console.example"
