"""Currencies as people write them: ISO 4217 codes, signs, and names of some currencies.

Sources: ISO 4217 (list one) for the codes; cldr.unicode.org, the root locale and those of the
countries, for the signs, and its currency fractions for the decimals of prices.
"""

import re
from html import unescape

from destinations.amounts import WHOLE
from destinations.trimming import trimmed

_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR
    MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG
    SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU
    UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

_DOLLARS = """
    USD AUD BBD BMD BND BSD BZD CAD FJD GYD HKD JMD KYD LRD NAD NZD SBD SGD SRD TTD TWD XCD
    ARS CLP COP CUP DOP MXN UYU
"""
"""Including the pesos, which are also written with ``$``."""

_RUPEES = ("INR", "PKR", "LKR", "NPR", "MUR", "SCR")

_SIGNS: dict[str, tuple[str, ...]] = {
    "€": ("EUR",),
    "euro": ("EUR",),
    "Euro": ("EUR",),
    "EURO": ("EUR",),
    **dict.fromkeys(("euros", "Euros", "EUROS"), ("EUR",)),
    "£": ("GBP",),
    "₹": ("INR",),
    "₪": ("ILS",),
    "₩": ("KRW",),
    "₫": ("VND",),
    "₱": ("PHP",),
    "₺": ("TRY",),
    "TL": ("TRY",),
    "₽": ("RUB",),
    "руб": ("RUB",),
    "руб.": ("RUB",),
    "₴": ("UAH",),
    "грн": ("UAH",),
    "грн.": ("UAH",),
    "₦": ("NGN",),
    "₸": ("KZT",),
    "₾": ("GEL",),
    "₼": ("AZN",),
    "₡": ("CRC",),
    "₲": ("PYG",),
    "₵": ("GHS",),
    "₭": ("LAK",),
    "₮": ("MNT",),
    "฿": ("THB",),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "Rp": ("IDR",),
    "Rp.": ("IDR",),
    "RM": ("MYR",),
    "R": ("ZAR",),
    "S/": ("PEN",),
    "S/.": ("PEN",),
    "R$": ("BRL",),
    "US$": ("USD",),
    "CA$": ("CAD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "NZ$": ("NZD",),
    "MX$": ("MXN",),
    "HK$": ("HKD",),
    "NT$": ("TWD",),
    "$": tuple(_DOLLARS.split()),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "円": ("JPY",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("DKK", "NOK", "SEK", "ISK"),
    "Fr.": ("CHF",),
    **dict.fromkeys(("lei", "Lei", "LEI"), ("RON", "MDL")),
    **dict.fromkeys(("rmb", "Rmb", "RMB"), ("CNY",)),
    **dict.fromkeys(("nis", "Nis", "NIS"), ("ILS",)),
    **dict.fromkeys(("yen", "Yen", "YEN"), ("JPY",)),
    "Rs": _RUPEES,
    "Rs.": _RUPEES,
}

CODES = frozenset(_CODES.split())

_UNWRITTEN = "AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK SOS SYP YER"

WITHOUT_DECIMALS = WHOLE.union(_UNWRITTEN.split())
"""Currencies whose prices have no decimals. Some have decimals in ISO 4217 that prices never
show."""

WITH_THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "LYD", "OMR", "TND"])
"""Currencies whose prices have three decimals."""

NO_CODES = frozenset(
    ["BTC", "ETH", "GBX", "LEI", "NAN", "NIL", "NIS", "RMB", "TBD", "XTS", "XXX", "YEN"]
)
"""Three-letter words that senders write in the place of a code: cryptocurrencies and pence, whose
amounts would be wrong in another unit, names of currencies, words for "none", and ISO 4217's codes
for no currency and for tests."""

_MAX_LENGTH = 32
_parts = re.compile(r"[^\W\d_]+[.$]?|[^\w\s()\[\]]+").findall
"""Splits ``USD $`` into ``USD`` and ``$``. A word may end with a dot or a dollar sign: ``US$``."""


def currencies_of(text: str) -> tuple[str, ...]:
    """The currencies that `text`, a code, a sign or both (``USD $``), can mean; none for any other
    text."""
    text = trimmed(unescape(text))
    found = _of_one(text)
    if found or len(text) > _MAX_LENGTH:
        return found
    return in_common([_of_one(part) or _of_one(part.rstrip(".$")) for part in _parts(text)])


def in_common(all_meanings: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The currencies that all of `all_meanings` contain; none if it is empty."""
    first, *others = all_meanings or [()]
    return tuple(each for each in first if all(each in meanings for meanings in others))


def _of_one(text: str) -> tuple[str, ...]:
    code = text.upper()
    return (code,) if code in CODES else _SIGNS.get(text, ())
