"""Parts of URLs are read from texts, and a change of one leaves the rest untouched."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.url_parts import change_part, keep_parts, read_part
from gateway.urls.page import read_page_url

SHOP = "https://u:p@Shop.Example:8443/a%20b/c?email=jo%40x.example&q=a+b&e&q=2&x.y=3#top"


@pytest.mark.parametrize(
    ("url", "part", "expected"),
    [
        (SHOP, "host", "shop.example"),
        (SHOP, "path", "/a%20b/c"),
        (SHOP, "query", "email=jo%40x.example&q=a+b&e&q=2&x.y=3"),
        (SHOP, "query.email", "jo@x.example"),
        (SHOP, "query.q", "a b"),  # the first of several
        (SHOP, "query.e", ""),
        (SHOP, "query.x.y", "3"),
        (SHOP, "query.Email", None),
        (SHOP, "query.nothing", None),
        (SHOP, "fragment", "top"),
        (SHOP, "fragment.top", None),
        (SHOP, "host.shop", None),
        (SHOP, "port", None),
        ("https://shop.example", "path", "/"),
        ("https://[::1]:80/x", "host", "[::1]"),
        ("https://a@b@shop.example/x@y", "host", "shop.example"),
        ("//cdn.example/x", "host", "cdn.example"),
        ("/a/b?c=d", "path", "/a/b"),
        ("/a/b?c=d", "host", None),
        ("/a/b?c=d", "query.c", "d"),
        ("?%63=d", "query.c", "d"),
        ("/a#?c=d", "query.c", None),  # a fragment is no query
        ("https://x.example/?", "query", None),
        ("https://x.example/#", "fragment", None),
        ("just a text", "path", None),
        ("just a text", "host", None),
        ("mailto:jo@x.example", "host", None),
        ("", "path", None),
        ("", "query", None),
    ],
)
def test_reading(url: str, part: str, expected: str | None) -> None:
    assert read_part(url, part.split(".")) == expected


@given(st.text("hts:/@?#[]a.1 ", max_size=20).map("https://".__add__) | st.text(max_size=20))
def test_a_page_and_a_part_of_it_have_the_same_host(url: str) -> None:
    page = read_page_url(url)
    assert not page.hostname or page.hostname == read_part(url, ["host"])


@pytest.mark.parametrize(
    ("url", "part", "value", "expected"),
    [
        ("/a?b=1&c=2#d", "query.b", "9", "/a?b=9&c=2#d"),
        ("/a?b=1&c=2#d", "query.b", None, "/a?c=2#d"),
        ("/a?b=1#d", "query.b", None, "/a#d"),
        ("/a?b=1&c=2&b=3", "query.b", "9", "/a?b=9&c=2"),
        ("/a?b=1&c=2&b=3", "query.b", None, "/a?c=2"),
        ("/a?%62=1", "query.b", None, "/a"),
        ("/a", "query.b", "x y&z=[?]", "/a?b=x%20y%26z%3D[%3F]"),
        ("/a#d", "query.b.c", "1", "/a?b.c=1#d"),
        ("/a?b=%41", "query.b", "A", "/a?b=%41"),  # the same value is not rewritten
        ("/a?x=%41+B&b=1", "query.b", "2", "/a?x=%41+B&b=2"),  # nor are other parameters
        ("/a", "query.b", None, "/a"),
        ("/a?b=1#d", "query", None, "/a#d"),
        ("/a?b=1#d", "query", "z=2", "/a?z=2#d"),
        ("/a?b=1#d", "fragment", None, "/a?b=1"),
        ("/a", "fragment", "e", "/a#e"),
        ("/a", "path", "/b", "/a"),
        ("https://x.example/", "host", "y.example", "https://x.example/"),
        ("", "query.b", "1", ""),
        ("/a", "query.b", "\ud800", "/a?b=%3F"),
    ],
)
def test_changing(url: str, part: str, value: str | None, expected: str) -> None:
    assert change_part(url, part.split("."), lambda _: value) == expected


@pytest.mark.parametrize(
    ("names", "fragment", "expected"),
    [
        (["b"], False, "/a?b=1&b=3"),
        (["c", "b"], True, "/a?b=1&c=2&b=3#d"),
        ([], False, "/a"),
        (None, False, "/a?b=1&c=2&b=3"),
    ],
)
def test_keeping(names: list[str] | None, fragment: bool, expected: str) -> None:
    assert keep_parts("/a?b=1&c=2&b=3#d", names, fragment) == expected


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = TEXT | st.sampled_from(["a", "b.c", "a=b", "x&y"])


@given(url=st.text(max_size=30), name=NAMES, value=TEXT)
def test_any_text_can_be_given_a_parameter_and_be_freed_of_it(
    url: str, name: str, value: str
) -> None:
    keys = ["query", *name.split(".")]
    given_it = change_part(url, keys, lambda _: value)
    assert read_part(given_it, keys) == (value if url else None)
    assert read_part(change_part(given_it, keys, lambda _: None), keys) is None


@given(
    pairs=st.lists(st.tuples(st.sampled_from("abc"), TEXT), max_size=5),
    value=TEXT,
)
def test_the_standard_library_reads_the_same(pairs: list[tuple[str, str]], value: str) -> None:
    url = "https://x.example/"
    for name, text in pairs:
        if text:
            url = change_part(url, ["query", name], lambda _, text=text: text)
    read = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    assert read == {name: text for name, text in pairs if text}
    changed = change_part(url, ["query", "a"], lambda _: value)
    assert dict(parse_qsl(urlsplit(changed).query, keep_blank_values=True)) == {**read, "a": value}
