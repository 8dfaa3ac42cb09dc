"""What is shown instead of a page."""

from __future__ import annotations


class Trouble(Exception):
    """status: of the answer. words: what happened, why, and what to do."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
