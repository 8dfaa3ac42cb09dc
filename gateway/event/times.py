"""Moments in the forms in which senders write them."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_FIRST_DAY, _LAST_DAY = 1970_01_01, 9999_12_31
_is_mail_date = re.compile(
    r"(?:[A-Za-z]{3}, )?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})? "
    r"(?:[+-][0-9]{4}|GMT|UTC?|[ECMP][SD]T)"
).fullmatch
"""RFC 2822, section 3.3, without comments. The dates of HTTP headers have this form too."""


def to_seconds(value: object) -> object:
    """Unix seconds from seconds, milli- or microseconds (told apart by size), a day (20261129),
    ISO 8601 or RFC 2822. None for true and false, and any other value that is neither a text nor a
    number as it is.

    Raises `ValueError`, whose text repeats nothing, for other texts. A whole number that could be a
    day is none of seconds: these would be in 1970 to 1973.
    """
    given = value
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _date_to_seconds(str(value))
    if isinstance(value, (int, float)):
        if value > 1e14:
            return value / 1e6
        if value > 1e11:
            return value / 1e3
        if _FIRST_DAY <= value <= _LAST_DAY and type(given) is not float:
            return _date_to_seconds(str(given))
    return None if isinstance(value, bool) else value


def _date_to_seconds(text: str) -> float:
    try:
        return _seconds(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        if _is_mail_date(text):
            return _seconds(parsedate_to_datetime(text))
    except ValueError:
        pass
    raise ValueError("not a time in Unix seconds, ISO 8601 or RFC 2822")


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
