"""Sets of paths, for which some of the layers make an exception."""

from __future__ import annotations

from collections.abc import Iterable


class Paths:
    """paths: one that ends with a slash stands for all below it."""

    def __init__(self, paths: Iterable[str]) -> None:
        every = frozenset(paths)
        self._below = tuple(path for path in every if path.endswith("/"))
        self._exact = every.difference(self._below)

    def __contains__(self, path: str) -> bool:
        return path in self._exact or path.startswith(self._below)
