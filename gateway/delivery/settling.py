"""Settling: settles results that arrive at nearly the same time in one step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from gateway.delivery.accounting import Accounting
from gateway.delivery.background import Background
from gateway.delivery.send import Result

SETTLE_SECONDS = 0.002
"""Results that arrive within this time are settled together. If the drain is killed before, these
events are sent again, as are those under way."""


class Settlement:
    """Collects results and hands them to `accounting` together.

    on_settled: called with the results that are settled.
    """

    def __init__(
        self,
        accounting: Accounting,
        background: Background,
        on_settled: Callable[[Sequence[Result]], None],
    ) -> None:
        self._accounting = accounting
        self._background = background
        self._on_settled = on_settled
        self._results: list[Result] = []
        self._is_at_work = False

    def add(self, results: Sequence[Result]) -> None:
        self._results += results
        if not self._is_at_work:
            self._is_at_work = True
            self._background.start(self._settle())

    async def _settle(self) -> None:
        """Settles until no result is left. After a failure of Redis, later results are still
        settled; otherwise they would be sent again."""
        while self._results:
            await asyncio.sleep(SETTLE_SECONDS)
            results, self._results = self._results, []
            try:
                await self._accounting.settle(results)
            except Exception as error:
                self._background.fail(error)
            else:
                self._on_settled(results)
        self._is_at_work = False
