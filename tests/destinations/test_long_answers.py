"""The size limit of responses suffices for vendors that report on each event of a full request."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from destinations.base import Destination
from destinations.linkedin import LinkedIn
from destinations.microsoft_uet import MicrosoftUET
from destinations.pinterest import Pinterest
from gateway.http.client import HttpSettings

WORDS = "field is required but not found and has no default value"


@pytest.mark.parametrize(
    ("kind", "about_one"),
    [
        (LinkedIn, {"status": 422, "error": {"message": f"ERROR :: /user :: {WORDS}"}}),
        (LinkedIn, f"Index: 4999, ERROR :: /conversionValue/amount :: {WORDS}\n\n"),
        (
            MicrosoftUET,
            {
                "index": 999,
                "propertyName": "customData.currency",
                "attemptedValue": "x" * 64,
                "errorMessage": WORDS,
                "errorCode": "InvalidValue",
                "isWarning": False,
            },
        ),
        (Pinterest, {"status": "processed", "error_message": "", "warning_message": WORDS}),
    ],
    ids=["LinkedIn", "LinkedIn refuses", "Microsoft", "Pinterest"],
)
def test_an_answer_about_every_event_is_read_whole(
    kind: type[Destination[Any]], about_one: object
) -> None:
    answer = orjson.dumps([about_one] * kind.limits.max_events)
    assert len(answer) < HttpSettings().max_response_bytes
