"""Warnings of a vendor, as they may be kept and shown."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from destinations.base import Destination, Outcome
from destinations.vendor_answers import vendor_words

MAX_WARNINGS = 3
"""How many warnings of one outcome are kept, each shortened by `vendor_words`."""


def keep_warnings(destination: Destination[Any], outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """`outcomes` of one response with their warnings as they may be kept: the first few, shortened,
    secrets masked, empty ones left out."""
    if not any(outcome.warnings for outcome in outcomes):
        return outcomes
    kept: dict[Outcome, Outcome] = {}  # most have the same
    for outcome in outcomes:
        if outcome not in kept:
            kept[outcome] = replace(outcome, warnings=_kept(destination, outcome.warnings))
    return [kept[outcome] for outcome in outcomes]


def _kept(destination: Destination[Any], warnings: Sequence[str]) -> tuple[str, ...]:
    # masked before they are cut: half a secret would not be found
    masked = (destination.mask(warning) for warning in warnings[:MAX_WARNINGS])
    return tuple(filter(None, map(vendor_words, masked)))


def warning_words(outcome: Outcome) -> str:
    """The warnings of `outcome` on one line; "" for none."""
    return "; ".join(outcome.warnings)
