"""Answers that are kept by what was asked."""

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST = 4_096


class BoundedCache(dict[K, V]):
    """``cache[question]`` is what `answer` says to `question`, asked once for many times.

    Unlike `functools.lru_cache` it does all its work when it has to ask: what it knows costs one
    look-up, without looking at the question's size. keeps: whether a question is worth its memory;
    senders choose their questions, so it should say no to long ones. At `_MOST` answers it forgets
    all of them, which is seldom enough not to matter.
    """

    def __init__(self, answer: Callable[[K], V], keeps: Callable[[K], bool] = lambda _: True):
        super().__init__()
        self._answer = answer
        self._keeps = keeps

    def __missing__(self, question: K) -> V:
        answer = self._answer(question)
        if self._keeps(question):
            if len(self) >= _MOST:
                self.clear()
            self[question] = answer
        return answer
