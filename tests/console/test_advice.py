"""The console's advice about the responses of a vendor."""

from __future__ import annotations

import pytest

from gateway.console.advice import advice


@pytest.mark.parametrize(
    ("ending", "status", "words"),
    [
        ("delivered with warnings", 200, "The event was counted"),
        ("delivered with warnings", 400, "The event was counted"),
        ("rejected", 200, "The vendor refuses the request"),
        ("rejected", 400, "The vendor finds a mistake in the event"),
        ("rejected", 422, "The vendor refuses the request"),
        ("rejected", 500, "The vendor refuses the request"),
        ("rejected", None, "The vendor refuses the request"),
        ("retry", 200, "The vendor did not take the event yet"),
        ("retry", 302, "The vendor did not take the event yet"),
        ("retry", 401, "The vendor does not accept the credential"),
        ("retry", 503, "The vendor has a problem of its own"),
        ("retry", None, "No answer came"),
        ("expired", 200, "The event was older than the vendor accepts"),
    ],
)
def test_the_advice_fits_the_ending(ending: str, status: int | None, words: str) -> None:
    assert advice(ending, status).startswith(words)
