"""What is shown instead of a page."""

from __future__ import annotations


class Trouble(Exception):
    """status: of the answer. words: what happened, why, and what to do. retry_after: seconds after
    which it may work, None where time does not help."""

    def __init__(self, status: int, words: str, retry_after: int | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.retry_after = retry_after


def as_sentence(words: str) -> str:
    """`words` as a sentence. Those of an operation are written to follow the name of a program."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"
