"""Exceptions of operations that cannot begin or go on."""

from __future__ import annotations


class Stopped(Exception):
    """What happened, why, and what to do. The text may repeat what others wrote: escape it."""


class Mistaken(Stopped):
    """The request itself is wrong, whatever is stored. parameter: the name of the value that is
    wrong, such as ``destination``; "" if the text names it."""

    def __init__(self, words: str, parameter: str = "") -> None:
        super().__init__(words)
        self.parameter = parameter
