"""The share of Meta's rate limits that is used, from response headers.

``X-App-Usage`` and each entry of ``X-Business-Use-Case-Usage`` have percentages of the calls and of
the time that are allowed in an hour. ``X-Ad-Account-Usage`` has the percentage of one account. At
100, Meta throttles.

Source: developers.facebook.com/docs/graph-api/overview/rate-limiting.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

_APP = "x-app-usage"
_BUSINESS = "x-business-use-case-usage"
_ACCOUNT = "x-ad-account-usage"
_PERCENTAGES = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")
_MINUTES_TO_WAIT = "estimated_time_to_regain_access"
_MAX_WAIT_SECONDS = 3600.0


def usage_of(headers: Mapping[str, str]) -> float | None:
    """The highest percentage in `headers`; None if there is none."""
    found = [number for part in _parts(headers) for number in _numbers(part, _PERCENTAGES)]
    return max(found, default=None)


def regain_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds until Meta accepts requests again, at most an hour; None if it does not say."""
    minutes = [each for part in _parts(headers) for each in _numbers(part, [_MINUTES_TO_WAIT])]
    return min(60 * max(minutes, default=0.0), _MAX_WAIT_SECONDS) or None


def _parts(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The objects with percentages. Unreadable headers are skipped."""
    for name in (_APP, _ACCOUNT, _BUSINESS):
        text = headers.get(name)
        if not text:
            continue
        try:
            read = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        if not isinstance(read, dict):
            continue
        yield read
        for entries in read.values():
            if isinstance(entries, list):
                yield from (entry for entry in entries if isinstance(entry, dict))


def _numbers(part: Mapping[str, Any], names: Iterable[str]) -> Iterator[float]:
    for name in names:
        number = part.get(name)
        if isinstance(number, int | float) and not isinstance(number, bool) and number >= 0:
            yield float(number)
