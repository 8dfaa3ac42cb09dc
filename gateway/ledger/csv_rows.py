"""Endings as rows of CSV."""

from __future__ import annotations

import re

from gateway.event.text import printable
from gateway.ledger.answers import Listed

COLUMNS = (
    *("received_at", "event_name", "source", "destination", "passage", "ending", "stage"),
    *("status", "tries", "ended_at", "reason", "receipt"),
)

_FORMULA = re.compile(r"""(^|;["\s]*)(?=[=+\-@\t\r\n＝＋－＠])""")
"""The place before a formula. Where the decimal separator is a comma, spreadsheets split cells at
semicolons, even within quotes.

Source: owasp.org/www-community/attacks/CSV_Injection.
"""


def csv_row(each: Listed) -> list[object]:
    """The values of `COLUMNS`. What a spreadsheet would take for a formula gets an apostrophe in
    front. Control characters are escaped, since CSV is read on terminals too."""
    ending = each.ending
    row = (
        *(each.received_at, each.name, each.source, ending.destination, ending.passage),
        *(ending.ending, ending.stage, ending.status, ending.tries, ending.at, ending.reason),
        each.receipt,
    )
    return [_plain(value) if isinstance(value, str) else value for value in row]


def _plain(text: str) -> str:
    return printable(_FORMULA.sub(r"\1'", text))
