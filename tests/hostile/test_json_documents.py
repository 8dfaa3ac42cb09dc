"""JSONTestSuite: each document as a body, and as the value of a field."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.sources.base import BROWSER_BODY_BYTES
from gateway.sources.lenient_json import mend_text
from gateway.sources.reading import decode
from tests.corpora import json_documents
from tests.hostile.conftest import KEY

DOCUMENTS = json_documents()
READ_ALL_THE_SAME = {
    "n_number_NaN.json",
    "n_number_infinity.json",
    "n_number_minus_infinity.json",
    "n_string_unescaped_ctrl_char.json",
    "n_string_unescaped_newline.json",
    "n_string_unescaped_tab.json",
}
"""Not JSON, but `gateway.sources.lenient_json` reads them."""

UTF_16 = {
    "i_string_UTF-16LE_with_BOM.json",
    "i_string_utf16BE_no_BOM.json",
    "i_string_utf16LE_no_BOM.json",
}
"""The only documents that are refused of those that a parser may refuse."""

BOM = b"\xef\xbb\xbf"
"""A byte order mark, which only the beginning of a document may have."""

PATHS = ["/collect", "/events", "/v1/track"]


def documents(kind: str) -> list[str]:
    return [name for name in DOCUMENTS if name.startswith(f"{kind}_")]


def test_the_suite_is_whole() -> None:
    assert {kind: len(documents(kind)) for kind in "yni"} == {"y": 95, "n": 188, "i": 35}


def without_nuls(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [without_nuls(each) for each in value]
    if isinstance(value, dict):
        return {without_nuls(name): without_nuls(each) for name, each in value.items()}
    return value


@pytest.mark.parametrize("name", documents("y"))
def test_what_must_be_read_is_read(name: str) -> None:
    assert decode(DOCUMENTS[name]) == without_nuls(json.loads(DOCUMENTS[name]))


@pytest.mark.parametrize("name", sorted({*documents("n")} - READ_ALL_THE_SAME))
def test_what_must_be_refused_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\A(not JSON|nested too deep)\Z"):
        decode(DOCUMENTS[name])


@pytest.mark.parametrize("name", sorted(READ_ALL_THE_SAME))
def test_control_characters_and_numbers_that_are_not_finite_are_read(name: str) -> None:
    (value,) = decode(DOCUMENTS[name])
    text = mend_text(DOCUMENTS[name]).replace("\ufffd", r"\ufffd")
    assert repr(value) == repr(json.loads(text, strict=False)[0])


@pytest.mark.parametrize("name", documents("i"))
def test_what_may_be_read_is_read_except_for_utf_16(name: str) -> None:
    if name in UTF_16:
        with pytest.raises(ValueError, match="not JSON"):
            decode(DOCUMENTS[name])
    else:
        decode(DOCUMENTS[name])


@pytest.mark.parametrize("path", PATHS)
def test_as_a_body_each_is_no_event_and_a_neighbour_arrives(
    web: TestClient, neighbour_arrives: Callable[[], bool], path: str
) -> None:
    headers = {**KEY, "x-write-key": "public"}
    for name, document in DOCUMENTS.items():
        answer = web.post(path, content=document, headers=headers)
        is_large = path == "/collect" and len(document) > BROWSER_BODY_BYTES
        assert answer.status_code == (413 if is_large else 400), (name, answer.text)
    assert neighbour_arrives()


@pytest.mark.parametrize("kind", "yni")
def test_as_a_value_each_is_taken_or_refused_and_a_neighbour_arrives(
    web: TestClient, neighbour_arrives: Callable[[], bool], kind: str
) -> None:
    for name in documents(kind):
        body = b'{"event_name":"page_view","mine":' + DOCUMENTS[name].removeprefix(BOM) + b"}"
        answer = web.post("/events", content=body, headers=KEY)
        if kind == "y" or name in READ_ALL_THE_SAME:
            assert answer.status_code == 200, (name, answer.text)
        elif kind == "n":
            assert answer.status_code == 400, (name, answer.text)
        else:
            assert answer.status_code in (200, 400), (name, answer.text)
    assert neighbour_arrives()
