"""Needs: what a stage reads from a request, so that only this is kept for a later decision.

Each stage states its needs in the module that reads them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gateway.stages.cookies import compile_reduced_cookies


class Needs(NamedTuple):
    """headers: names in lower case. cookies: names of cookies. cookie_patterns: expressions for
    names of further cookies."""

    headers: frozenset[str] = frozenset()
    cookies: frozenset[str] = frozenset()
    cookie_patterns: tuple[str, ...] = ()


def compile_needed_headers(
    all_needs: Iterable[Needs],
) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """A function that reduces the headers of a request, and the cookies in ``Cookie``, to those
    needed."""
    needs = list(all_needs)
    names = frozenset().union(*(each.headers for each in needs)) - {"cookie"}
    cookies = frozenset().union(*(each.cookies for each in needs))
    patterns = [pattern for each in needs for pattern in each.cookie_patterns]
    reduced = compile_reduced_cookies(cookies, *patterns)

    def needed(headers: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in headers.items() if name in names}
        if cookie := reduced(headers.get("cookie", "")):
            kept["cookie"] = cookie
        return kept

    return needed
