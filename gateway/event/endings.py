"""The endings of an event at a destination, and groups of them."""

WITH_WARNINGS = "delivered with warnings"
"""The event was delivered, and the vendor's response has a warning about it."""

ENDINGS = (
    *("delivered", WITH_WARNINGS, "dry run"),
    *("withheld", "rejected", "expired", "repeated"),
)

DELIVERIES = ("delivered", WITH_WARNINGS)

ARRIVED = (*DELIVERIES, "repeated")
"""The destination has the event; if `repeated`, it got it as an earlier event with the same id."""

TAKEN = (*ARRIVED, "dry run")
"""The event was sent, or would have been."""

FINAL_COUNTS = ("withheld", "delivered", "rejected", "expired")
"""As Redis counts them: with `pending`, these add up to the accepted events."""
