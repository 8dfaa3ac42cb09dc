"""Amounts of money in the form that vendors take as text."""


def amount_text(amount: float) -> str:
    """`amount` in decimals, at least two and at most six: ``59.90``."""
    whole, _, decimals = f"{amount:.6f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
