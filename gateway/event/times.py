"""Reads times in the forms that senders use."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

_FIRST_DAY, _LAST_DAY = 1970_01_01, 9999_12_31
_PARTS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""A number above the first value counts fractions of a second; the second value is how many of
them a second has."""

_MAX_SECONDS = 1e11
"""In the year 5138. More would be taken for milliseconds when the event is read again."""

_is_mail_date = re.compile(
    r"(?:[A-Za-z]{3}, )?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})? "
    r"(?:[+-][0-9]{4}|GMT|UTC?|[ECMP][SD]T)"
).fullmatch
"""RFC 2822, section 3.3, without comments. The dates of HTTP headers have this form too."""

_script_date = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{2}) ([0-9]{4} [0-9:]{8}) GMT([+-][0-9]{4})(?: \(.*\))?"
).fullmatch
"""``Sat Nov 21 2026 01:00:00 GMT+0100 (Central European Standard Time)``: a JavaScript date as text
(ECMA-262, Date.prototype.toString)."""

_lost_plus = re.compile(r"(:[0-9]{2}(?:[.,][0-9]+)?|GMT) (?=[0-9]{2}:?[0-9]{2}\b)")
"""A blank before an offset: a plus that was not escaped in a query is read as a blank."""

_utc = re.compile(r"(?<=[0-9]) ?(?:UTC|GMT|z)\Z")

_LONGEST_DATE = 200
"""Characters. Words in brackets may follow a time, and the patterns take long for long texts."""

_NO_TIME = "not a time in Unix seconds, ISO 8601 or RFC 2822"

_is_zone = re.compile(r"[A-Za-z0-9_+/-]{1,64}").fullmatch
_zone_name = re.compile(r"(?<=[0-9Z])\[[A-Za-z0-9_+/-]{1,64}\]\Z")
"""``[Europe/Berlin]`` behind the offset, as Java's ZonedDateTime writes it."""

_second_zone = re.compile(r" ([+-][0-9]{4}) (?:[A-Z]{3,5}|[+-][0-9]{2,4})(?: m=.*)?\Z")
"""The name of the zone behind the offset, as Go's time.Time writes it."""

_unix_date = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9:]{8}) (?:UTC|GMT) ([0-9]{4})"
).fullmatch
"""``Thu Nov 19 10:00:00 UTC 2026``: the format of the command ``date`` and of Java's Date."""

_slashed = re.compile(r"\A([0-9]{4})/([0-9]{2})/([0-9]{2})\b")
"""``2026/11/21``, with or without a time behind it."""

_milliseconds = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/").fullmatch
"""A date in .NET's JSON."""

_is_compact = re.compile(r"[12][0-9]{13}|(?:19|20)[0-9]{10}").fullmatch
"""YYYYMMDDhhmmss, which as milliseconds would be after the year 2286, or YYYYMMDDhhmm, which would
be in 1976."""

_COMPACT = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""The formats of compact dates by their length."""


def to_seconds(value: object) -> object:
    """Unix seconds from seconds, milli-, micro- or nanoseconds (told apart by size), a day
    (20261129), ISO 8601, RFC 2822, or a date as scripts, PHP, Java, Go and .NET write it. None for
    true and false. Other values that are neither texts nor numbers are returned unchanged.

    Raises `ValueError`, whose message does not repeat the value, for other texts and for times
    after the year 5138. A whole number that could be a day is read as one: as seconds it would be
    in 1970 to 1973.
    """
    if isinstance(value, dict):
        value = _of_object(value)
    given = value
    if isinstance(given, (str, int)) and _is_compact(text := str(given)):
        try:
            moment = datetime.strptime(text, _COMPACT[len(text)])
            return moment.replace(tzinfo=UTC).timestamp()
        except ValueError:
            pass
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _date_to_seconds(str(value))
    if isinstance(value, (int, float)):
        for least, parts in _PARTS:
            if value > least:
                return _in_range(value / parts)
        if _FIRST_DAY <= value <= _LAST_DAY and type(given) is not float:
            return _date_to_seconds(str(given))
    return None if isinstance(value, bool) else value


def _date_to_seconds(text: str) -> float:
    if len(text) > _LONGEST_DATE:
        raise ValueError(_NO_TIME)
    for read in (datetime.fromisoformat, _read_other_date):
        try:
            moment = read(text)
        except ValueError:
            continue
        known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return _in_range(known.timestamp())
    raise ValueError(_NO_TIME)


def _of_object(stated: Mapping[str, Any]) -> object:
    """The time in PHP's DateTime (``{"date", "timezone_type", "timezone"}``), a Timestamp of
    Protocol Buffers (``{"seconds", "nanos"}``) or Firestore (``{"_seconds", "_nanoseconds"}``), or
    a Date of MongoDB (``{"$date"}``), as JSON; any other object unchanged. Raises `ValueError` for
    a DateTime that cannot be read."""
    if "$date" in stated:
        return stated["$date"]
    plain = {name.removeprefix("_"): value for name, value in stated.items()}
    seconds, nanos = plain.get("seconds"), plain.get("nanos", plain.get("nanoseconds", 0))
    if type(seconds) is int and type(nanos) is int and max(abs(seconds), abs(nanos)) < _MAX_SECONDS:
        return seconds + nanos / 1e9
    date, zone = stated.get("date"), stated.get("timezone")
    if not (isinstance(date, str) and isinstance(zone, str)):
        return stated
    if zone[:1] in ("+", "-"):
        return f"{date}{zone}"
    if not _is_zone(zone):
        raise ValueError(_NO_TIME)
    try:
        return datetime.fromisoformat(date).replace(tzinfo=ZoneInfo(zone)).isoformat()
    except (ValueError, KeyError, OSError):
        raise ValueError(_NO_TIME) from None


def _read_other_date(text: str) -> datetime:
    """Raises `ValueError`."""
    if milliseconds := _milliseconds(text):
        return datetime.fromtimestamp(int(milliseconds[1]) / 1000, UTC)
    text = _slashed.sub(r"\1-\2-\3", text.strip())
    if unix := _unix_date(text):
        month, day, clock, year = unix.groups()
        text = f"{day.strip()} {month} {year} {clock} GMT"
    text = _lost_plus.sub(r"\1+", text)
    text = _second_zone.sub(r"\1", _zone_name.sub("", text))
    if parts := _script_date(text):
        month, day, year_and_time, offset = parts.groups()
        text = f"{day} {month} {year_and_time} {offset}"
    if _is_mail_date(text):
        return parsedate_to_datetime(text)
    return datetime.fromisoformat(_utc.sub("Z", text))


def _in_range(seconds: float) -> float:
    if seconds > _MAX_SECONDS:
        raise ValueError("a time after the year 5138")
    return seconds
