"""The session of an event is sent as digits, or not at all."""

from typing import Any

import pytest

from tests.destinations.conftest import Example
from tests.support.ga4_destination import params


@pytest.mark.parametrize(
    ("stated", "session_id"),
    [
        ("1748934661", "1748934661"),
        (1748934661, "1748934661"),
        (" 1748934661 ", "1748934661"),
        ("GS1.1.1748934661.3.1.1748934700.0.0.0", "1748934661"),
        ("GS2.1.s1748934661$o3$g1$t1748934700$j60$l0$h0", "1748934661"),
        ("GS2.1.s1748934661", "1748934661"),
        ("GS2.1.s1748934661%24o3%24g1", "1748934661"),
        ("s1748934661$o3$g1$t1748934700$j60$l0$h0", "1748934661"),
        ("s1748934661", "1748934661"),
        (1748934661.0, "1748934661"),
        ("undefined", None),
        ("null", None),
        ("GS2.1.", None),
        ("1748934661.5", None),
        ("session-1748934661", None),
        ("s1748934661o3", None),
        ("-1", None),
        ("١٧٤٨", None),
    ],
)
def test_the_session_is_sent_as_digits_or_not_at_all(
    stated: Any, session_id: str | None, example: Example, now: float
) -> None:
    event = example("contact", ga_session_id=stated)
    assert params(event, now).get("session_id") == session_id
