"""Phone numbers: with a country code, in a national notation, or after a word such as ``Tel.``

Digits alone are not a phone number: orders, products, times and ids look the same. They are one
after ``+``, after such a word, or in one of `_SHAPES`: national notations that are used for hardly
anything else.

Sources: ITU-T E.164 (country codes, at most 15 digits), E.123 (notation); the national numbering
plans for the shapes.
"""

import re

from gateway.stages.pii import parameters
from gateway.stages.pii.matching import Match, replacer, searcher

_SIGN = r"(?:[ .()/+‐-―-]|\x{A0}|\x{202F}|%(?:25)*(?:20|28|29|2[DdEeFf]|C2%A0|c2%a0))"
_SEP, _MAYBE = _SIGN + "{1,3}", _SIGN + "{0,3}"

_PLUS = rf"(?:\+|%(?:25)*2[Bb])\(?[1-9](?:{_MAYBE}[0-9]){{8,14}}"
_SHAPES = (
    rf"00[1-9][0-9]{{0,2}}{_SEP}[0-9](?:{_MAYBE}[0-9]){{6,12}}",  # 0049 30 1234567
    rf"\(?0[1-9][0-9]{{0,4}}{_SEP}[0-9]{{2,8}}(?:{_SEP}[0-9]{{2,8}}){{0,4}}",  # 030 1234567
    rf"\([1-9][0-9]{{1,2}}\){_MAYBE}[0-9]{{3,5}}{_MAYBE}[0-9]{{4}}",  # (11) 91234-5678
    rf"(?:1{_SEP})?[2-9][0-9]{{2}}{_SEP}[2-9][0-9]{{2}}{_SEP}[0-9]{{4}}",  # 415-555-2671
    rf"3[0-9]{{2}}{_SEP}[0-9]{{3}}{_SEP}[0-9]{{4}}",  # 333 123 4567, Italy
    rf"[78]{_SEP}[0-9]{{3}}{_SEP}[0-9]{{3}}{_SEP}[0-9]{{2}}{_MAYBE}[0-9]{{2}}",  # 8 495 123-45-67
    rf"1[3-9][0-9]{_SEP}[0-9]{{4}}{_SEP}[0-9]{{4}}",  # 138 1234 5678, China
    rf"[6-9][0-9]{{2}}{_SEP}[0-9]{{2}}{_SEP}[0-9]{{2}}{_SEP}[0-9]{{2}}",  # 612 34 56 78, Spain
    rf"[1-9][0-9]{_SEP}9[0-9]{{4}}{_SEP}[0-9]{{4}}",  # 11 91234-5678, Brazil
)
_WORDS = (
    r"phone|telephone|tel|telefon|telefono|teléfono|téléphone|telefone|telefoon|telefonnummer"
    r"|mobile|mobil|móvil|movil|celular|cellulare|cell|handy|handynummer|rufnummer|fax|whatsapp"
    r"|puhelin|puh|tlf|gsm|portable|телефон|тел|моб|τηλ|τηλέφωνο|هاتف|טלפון|电话|電話|手机|전화|携帯"
)
_TOLD = (
    rf"(?i:(?:^|[^\p{{L}}\p{{N}}])(?:{_WORDS})(?:[ .-]{{0,2}}(?:number|nummer|no|nr|n°))?"
    r"(?:[ .:#=：-]|\x{A0}|%(?:25)*(?:3A|3D|20)){1,4}|wa\.me/)"
)
_BEFORE = r"(?:^|[^0-9A-Za-z_.%/+-]|%(?:25)*[0-7][0-9A-Fa-f])"

_ANY = (
    rf"({_TOLD}(?:is |ist |est )?)\(?[0-9](?:{_MAYBE}[0-9]){{6,14}}\b"
    rf"|((?:^|[^0-9A-Za-z_+]|%(?:25)*[0-7][0-9A-Fa-f])){_PLUS}\b"
    rf"|({_BEFORE})(?:{'|'.join(_SHAPES)})\b"
)
HINT = rf"{_ANY}|{parameters.hint([parameters.PHONE])}"

_MARK = b"[phone]"
_OTHER_SHAPES = re.compile(
    rb"\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}"  # dates
    rb"|\d+\.\d+$|\d{3}(?:\.\d{3}){3}$"  # 08.1234567, 012.034.056.078
    rb"|\d\d(?:\D+\d\d){5}"  # six pairs: lottery numbers, sizes
)
_MORE = re.compile(rb"[.,-]?[0-9]|[-.][A-Za-z]|[A-Za-z_]")
"""What follows a number that is part of something longer: a number, a version, a file name."""

_LESS = re.compile(rb"[0-9][ .,/-]\Z")
"""What precedes a number that is part of a longer row of digits."""

_NOT_PHONES = searcher(
    r"(?i)(?:#|\b(?:order|bestellung|commande|pedido|ordine|art|artikel|item|sku|ref|reference"
    r"|invoice|rechnung|facture|isbn|issn|ean|gtin|iban|konto|account|version|ip|no|nr|número)"
    r"(?:[ -]?(?:number|nummer|no|nr|id))?[ .:#=-]*)$"
)


def _decide(match: Match, before: bytearray) -> bytes:
    whole: bytes = match.group()
    told, marked, unmarked = match.group(1), match.group(2), match.group(3)
    sign: bytes = next(each for each in (told, marked, unmarked) if each is not None)
    written = whole[len(sign) :]
    if told is None and not _is_phone(written, marked is not None):
        return whole
    if unmarked is not None and _is_something_else(match, bytes(before[-32:] + sign)):
        return whole
    closed_later = written.startswith(b"(") and b")" not in written
    return sign + (b"(" if closed_later else b"") + _MARK


def _is_phone(written: bytes, with_country: bool) -> bool:
    digits = re.sub(rb"%(?:25)*[0-9A-Fa-f]{2}(?:%A0|%a0)?|[^0-9]", b"", written)
    if with_country:
        return len(digits) == 11 if digits[:1] in (b"1", b"7") else 9 <= len(digits) <= 15
    return 9 <= len(digits) <= 14 and not _OTHER_SHAPES.match(written)


def _is_something_else(match: Match, before: bytes) -> bool:
    """Whether a number in national notation is part of something longer, or the text before it says
    that it is something else, such as an order number."""
    if _MORE.match(match.string, match.end()) or _LESS.search(before):
        return True
    return _NOT_PHONES(before[-32:]) is not None


_numbers = replacer(_ANY, _decide)
_parameters = parameters.remover(parameters.PHONE, _MARK)


def remove(text: str) -> str:
    """`text` with phone numbers, and values of parameters for them, replaced by ``[phone]``."""
    if len(text) < 7:
        return text
    return _numbers(_parameters(text))
