"""Payment card numbers: 13 to 19 digits of a known issuer whose check digit is right.

Sources: ISO/IEC 7812 (numbering, the Luhn check digit); the issuers' published ranges.
"""

import re

from gateway.stages.pii import parameters
from gateway.stages.pii.matching import Match, replacer
from gateway.urls.page import CAMPAIGN, CLICK_IDS

_ISSUERS = (
    ("4", {13, 16, 19}),  # Visa; 13 digits only in groups, since product codes have 13 without
    ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", {16}),  # Mastercard
    ("3[47]", {15}),  # American Express
    ("6011|64[4-9]|65", {16, 17, 18, 19}),  # Discover
    ("30[0-5]|309|3[689]", {14, 16, 19}),  # Diners Club
    ("35(?:2[89]|[3-8])", {16, 17, 18, 19}),  # JCB
    ("62", {16, 17, 18, 19}),  # UnionPay
    ("50[12]|5038|5893|6304|6759|676[1-3]", {16, 18, 19}),  # Maestro
    ("220[0-4]", {16}),  # Mir
    ("60[68]|508[5-9]|8[12]", {16}),  # RuPay
    ("9792", {16}),  # Troy
)
_BY_ISSUER = [(re.compile(prefix), lengths) for prefix, lengths in _ISSUERS]

_SEP = r"(?:[ +-]|\x{A0}|%(?:25)*20)"
_GROUPED = (
    rf"[0-9]{{4}}{_SEP}(?:[0-9]{{4}}{_SEP}[0-9]{{4}}{_SEP}[0-9]{{4}}(?:{_SEP}?[0-9]{{1,3}})?"
    rf"|[0-9]{{6}}{_SEP}[0-9]{{4,5}}|[0-9]{{3}}{_SEP}[0-9]{{3}}{_SEP}[0-9]{{3}})"
)
_PLAIN = (
    r"4[0-9]{15}(?:[0-9]{3})?|3[0-9]{13,18}|[56][0-9]{15,18}"
    r"|(?:2[2-7]|8[12])[0-9]{14}|9792[0-9]{12}"
)
_NUMBER = rf"(?:{_GROUPED}|{_PLAIN})\b"
_BEFORE = r"(^|[^0-9A-Za-z_.,-]|%(?:25)*[0-7][0-9A-Fa-f])"

HINT = rf"{_BEFORE}{_NUMBER}|{parameters.hint([parameters.CARD])}"

_MARK = b"[card]"
_NOT_CARDS = frozenset(
    name.lower().encode()
    for name in (*CLICK_IDS, *(name for names in CAMPAIGN.values() for name in names))
) | {b"sku", b"ean", b"gtin", b"upc", b"isbn", b"mpn", b"order", b"variant"}
"""Parameters whose long numbers are not cards; neither are those of names that end in ``id``."""


def _decide(match: Match, before: bytearray) -> bytes:
    whole: bytes = match.group()
    sign: bytes = match.group(1)
    written = whole[len(sign) :]
    number = re.sub(rb"%(?:25)*20|[^0-9]", b"", written).decode()
    if not _is_card(number) or _is_identifier(bytes(before[-48:] + sign)):
        return whole
    return sign + _MARK


def _is_identifier(before: bytes) -> bool:
    """Whether the text before a number ends with ``order_id=`` or the like."""
    name = re.search(rb"([A-Za-z0-9_.\]-]{1,40})(?:=|%(?:25)*3[Dd])$", before[-48:])
    if name is None:
        return False
    lower = name[1].lower()
    return lower in _NOT_CARDS or lower.rstrip(b"]").endswith(b"id")


def _is_card(number: str) -> bool:
    return _is_issued(number) and _has_check_digit(number)


def _is_issued(number: str) -> bool:
    length = len(number)
    return any(length in lengths and prefix.match(number) for prefix, lengths in _BY_ISSUER)


def _has_check_digit(number: str) -> bool:
    """Luhn's check: every second digit from the right is doubled and replaced by its digit sum."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


_numbers = replacer(f"{_BEFORE}{_NUMBER}", _decide)
_parameters = parameters.remover(parameters.CARD, _MARK)


def remove(text: str) -> str:
    """`text` with card numbers, and values of parameters for them, replaced by ``[card]``."""
    if len(text) < 7:  # the shortest is cvv=123
        return text
    text = _parameters(text)
    return _numbers(text) if len(text) >= 13 else text
