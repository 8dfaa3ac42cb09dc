"""What is shown instead of a page."""

from __future__ import annotations


class Trouble(Exception):
    """status: of the answer. words: what happened, why, and what to do."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def as_sentence(words: str) -> str:
    """`words` of an operation, which are written to follow the name of a program."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"
