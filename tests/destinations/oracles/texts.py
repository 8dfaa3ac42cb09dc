"""What people and shops write in forms, in many variations, by Meta's field name."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

_EMAILS = (
    *("ada@example.com", "Ada.Lovelace+news@Example.co.uk", "o'neil@example.com", "a@b.example"),
    *("jürgen@example.de", "ada@münchen.example", "none", "n/a", "undefined@undefined", "a@b"),
    *("guest@localhost", "ada@example", "ada@@example.com", "ada@example.com,bob@example.com"),
    *("ada lovelace@example.com", "a..b@example.com", "Ada <ada@example.com>", "ada@shop.invalid"),
)
_PHONES = (
    *("+49 30 1234567", "+49 (0)30 1234567", "0049 30 1234567", "+1 (650) 555-1212"),
    *("(650) 555-1212", "650.555.1212", "1-650-555-1212", "011 49 30 1234567", "+442079460018"),
    *("tel:+1-650-555-1212", "+39 06 1234567", "+1 650 555 1212 ext. 7", "12", "unknown"),
)
_NAMES = (
    *("Ada", "Jean-Luc", "O'Brien", "O’Brien", "Anne Marie", "van der Berg", "Valéry", "Ångström"),
    *(
        "Smith, Jr.",
        "李",
        "Владимир",
        "अनिल",
        "Ada2",
        "M.",
        "Mary*Ann",
        "Ada\u00adLovelace",
        "Ω & Co",
    ),
)
_CITIES = (
    *("Berlin", "New York", "São Paulo", "Frankfurt (Oder)", "St. John's", "Winston-Salem"),
    *("Paris 15", "東京", "Москва", "L’Aquila", "Coeur d'Alene", "Århus", "10115 Berlin"),
)
_REGIONS = (
    *("CA", "California", "New York", "West Virginia", "Arkansas", "Washington, D.C.", "US-CA"),
    *("Ontario", "ON", "Québec", "British Columbia", "CA-ON", "Bavaria", "Bayern", "DE-BY", "NSW"),
    *("New South Wales", "Île-de-France", "東京都", "Baden-Württemberg", "Newfoundland"),
)
_POSTAL_CODES = (
    *("94035", "94035-1234", "SW1A 1AA", "sw1a1aa", "10115", "D-10115", "00-950", "1234 AB", "1"),
    *("100-0001", "K1A 0B6"),
)
_COUNTRIES = (
    *("US", "usa", "U.S.A.", "United States", "United States of America", "DE", "DEU", "Germany"),
    *("Deutschland", "GB", "UK", "Great Britain", "England", "South Korea", "Côte d'Ivoire"),
    *("Czechia", "CZE", "AUT", "CHE", "CHN", "ESP", "SWE", "The Netherlands", "Russia", "XX"),
)
_GENDERS = (
    *("f", "F", "female", "Woman", "m", "Male", "man", "Mr", "Mrs", "girl", "boy", "she", "he"),
    *("other", "diverse", "x", "unknown", "Mr.", "weiblich", "queen"),
)
_NO_DATES = ("1990-02-31", "12/31/90", "1990", "0001-01-01", "99999999", "unknown")
_IDS = ("customer-17", "Customer 17", "ABC", "a b c", "17", "İd", "用户")

_FORMS_OF_DATES = (
    *("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d"),
    *("%d %b %Y", "%B %d, %Y", "%Y-%m-%dT00:00:00Z"),
)
_BORN = st.dates(date(1900, 1, 1), date(2020, 12, 31))


@st.composite
def _written(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """One of `texts` in another case, or with space around it."""
    text = draw(st.sampled_from([str, str, str.upper, str.lower]))(draw(texts))
    before, after = draw(st.tuples(*[st.sampled_from(["", "", " ", "\t"])] * 2))
    return before + text + after


@st.composite
def _mistyped(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """One of `texts`, maybe with a character added or removed."""
    text = draw(texts)
    place = draw(st.integers(0, 3 * len(text)))
    if place >= len(text):
        return text
    more = draw(st.sampled_from(["", " ", "-", ".", "1", "é"]))
    return text[:place] + more + text[place + (not more) :]


def _dates() -> st.SearchStrategy[str]:
    formatted = st.builds(date.strftime, _BORN, st.sampled_from(_FORMS_OF_DATES))
    return formatted | st.sampled_from(_NO_DATES)


TEXTS = {
    "em": _written(st.sampled_from(_EMAILS)),
    "ph": _written(st.sampled_from(_PHONES)),
    "fn": _written(_mistyped(st.sampled_from(_NAMES))),
    "ln": _written(_mistyped(st.sampled_from(_NAMES))),
    "ct": _written(_mistyped(st.sampled_from(_CITIES))),
    "st": _written(st.sampled_from(_REGIONS)),
    "zp": _written(_mistyped(st.sampled_from(_POSTAL_CODES))),
    "country": _written(st.sampled_from(_COUNTRIES)),
    "ge": _written(st.sampled_from(_GENDERS)),
    "db": _written(_dates()),
    "external_id": _written(_mistyped(st.sampled_from(_IDS))),
}
