"""Says in words what a setting with a pattern should be."""

from __future__ import annotations

_IN_WORDS = {
    "^/": "begin with a slash",
    r"^\d+$": "have digits only",
    r"^[0-9]{1,3}$": "have 1 to 3 digits",
    r"^[0-9]{1,19}$": "have 1 to 19 digits",
    r"^[0-9]{1,20}$": "have 1 to 20 digits",
    r"^\d{1,20}$": "have 1 to 20 digits",
    r"^[A-Za-z0-9]{1,32}$": "have 1 to 32 letters (a to z) and digits",
    r"^[A-Za-z0-9_]{1,32}$": "have 1 to 32 letters (a to z), digits and _",
    r"^[A-Za-z0-9_-]{1,64}$": "have 1 to 64 letters (a to z), digits, - and _",
    r"^[A-Za-z0-9_.-]{1,100}$": "have 1 to 100 letters (a to z), digits, dots, - and _",
    r"^[A-Za-z0-9._@+-]{1,64}$": "have 1 to 64 letters (a to z), digits and . _ @ + -",
    r"^[A-Za-z]{3}$": "be the three letters of a currency, such as EUR",
    r"^20[0-9]{4}$": "be a year and a month, such as 202601",
    r"^v\d+\.\d+$": "be a version with v and a dot, such as v25.0",
    r"^G-[A-Z0-9]+$": "begin with G-, in capitals, such as G-AB12CD34EF",
    r"^[0-9a-z]+(:[0-9a-z]+)+$": "be the ID of a Firebase app, such as 1:1234567890:ios:321abc456d",
    r"^[a-z0-9:.-]{1,100}$": "be the ID of a Google Cloud project: small letters, digits and : . -",
    r"^[at]2_[a-z0-9]{1,32}$": "begin with a2_ or t2_, with small letters and digits after it",
    r"^ss-[A-Za-z0-9._-]{1,60}$": "begin with ss-",
    r"^[^.*]+$": "be the name of an outermost field, without dots and *",
    r"^[^.*\s][^.*]*$": "be the name of a column, without dots and *",
    r"^[^\s?&#;=%+]{1,128}$": "be the name of a URL parameter, without spaces and ? & # ; = % +",
    r"^[!#-\[\]-~]+$": "be the name of a scope, without spaces, quotes and backslashes",
    r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$": "be the name of a cookie, such as CookieConsent",
    r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$": "be the name of a header, such as CF-Connecting-IP",
    r"^([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+$": "be a domain such as paypal.com, without scheme and path",
    r"^(rediss?|unix|sentinels?)://.+$": (
        "be a URL that begins with redis://, rediss://, unix:// or sentinel://"
    ),
    r"^(embedded|(rediss?|unix|sentinels?|clusters?)://.+)$": (
        "be `embedded`, or a URL that begins with redis://, rediss://, unix://, sentinel:// or "
        "cluster://"
    ),
}


def pattern_in_words(pattern: str) -> str:
    """What a text must be to match `pattern`: ``should begin with a slash``. An unknown pattern,
    such as a plug-in's, is repeated."""
    words = _IN_WORDS.get(pattern)
    return f"should {words}" if words else f"should match pattern '{pattern}'"
