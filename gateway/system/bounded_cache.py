"""A bounded cache for the results of a function."""

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST = 4_096


class BoundedCache(dict[K, V]):
    """``cache[question]`` is ``answer(question)``, computed once and then remembered.

    Unlike with `functools.lru_cache`, a remembered answer costs a single look-up. keeps: whether to
    remember the answer to a question; senders choose the questions, so it should return False for
    long ones. At `_MOST` answers the cache forgets all of them, which is too seldom to matter.
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
