"""How events end at a destination, and what some endings have in common."""

WITH_WARNINGS = "delivered with warnings"
"""Of an event that was delivered, and about which the vendor had something to say."""

ENDINGS = (
    *("delivered", WITH_WARNINGS, "dry run"),
    *("withheld", "rejected", "expired", "repeated"),
)

DELIVERIES = ("delivered", WITH_WARNINGS)

ARRIVED = (*DELIVERIES, "repeated")
"""The destination has the event; a repeated one from another event with its id."""

TAKEN = (*ARRIVED, "dry run")
"""It was sent, or would have been."""

FINAL_COUNTS = ("withheld", "delivered", "rejected", "expired")
"""As Redis counts them: with `pending`, these add up to the accepted events."""
