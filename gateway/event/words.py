"""Amounts in words, for terminals and pages."""

from __future__ import annotations


def number(count: int) -> str:
    """`count`, exact up to seven digits so that eight fit in a row; ``--json`` has all digits."""
    return str(count) if count < 10_000_000 else f"{count / 1e6:.1f} M"


def duration(seconds: float) -> str:
    """`seconds` in one unit, such as ``12 s`` or ``3 h``."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def counted(count: int, noun: str) -> str:
    """`count` and `noun`, such as ``1 event`` and ``2 events``."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"
