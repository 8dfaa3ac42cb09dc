"""`language`, from the event, else from Accept-Language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.stages.enrichment.accept_language import favourite
from gateway.stages.enrichment.language import find_language
from tests.support.enrichments import adding

add_language = adding(find_language)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de-de"),
        ("en", "en"),
        ("fr;q=0.5, en-GB;q=0.8 , de;q=0.8", "en-gb"),
        ("*, de;q=0.1", "de"),
        ("zh-Hant-TW;q=1.000", "zh-hant-tw"),
        ("de;q=0", ""),
        ("de;q=7,en;q=0.2", "en"),
        ("de_DE", ""),
        ("*", ""),
        (";;,,q=1", ""),
        ("\x00", ""),
        ("", ""),
    ],
)
def test_the_favourite_language(header: str, language: str) -> None:
    assert favourite(header) == language
    event = {"event_name": "x"}
    found = add_language(event, Received("site", 0.0, headers={"accept-language": header}))
    assert found == ({**event, "language": language} if language else event)


def test_what_the_event_says_stays() -> None:
    received = Received("site", 0.0, headers={"accept-language": "en"})
    event = {"event_name": "x", "language": "De-AT"}
    assert add_language(event, received) is event
    assert add_language({**event, "language": ""}, received)["language"] == "en"


def test_a_backend_does_not_speak_its_visitors_language() -> None:
    event = {"event_name": "x"}
    backend = Received("backend", 0.0, headers={"accept-language": "en"}, trusted=True)
    assert add_language(event, backend) is event
    assert add_language(event, Received("site", 0.0)) is event


@given(st.text(alphabet="aeq-;=.,* 019", max_size=30))
def test_any_header_is_answered_with_a_language_of_its_own(header: str) -> None:
    language = favourite(header)
    assert language == "" or language in header.lower()
