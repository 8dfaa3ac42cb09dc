"""Names of the cookies that other tools set and we read. A new one needs an entry here alone: what
reads it, whose consent it needs, and what is without it, follow.

Sources: business.safety.google/adscookies and the tags of the vendors themselves.
"""

FPID = "FPID"
GA = "_ga"
GA_SESSION = "_ga_"
"""The beginning of a name; the stream follows."""

GA_SESSIONS = rf"{GA_SESSION}(?:[^=;]*[^=;\s])?"
"""An expression for all such names."""

FBP = "_fbp"
FBC = "_fbc"
SNIPPET = "gateway_client_id"
"""Of our own script, which keeps the client id there."""

GOOGLE_CLICKS = {
    "FPGCLAW": "gclid",
    "_gcl_aw": "gclid",
    "FPGCLDC": "dclid",
    "_gcl_dc": "dclid",
    "FPGCLGB": "wbraid",
    "_gcl_gb": "wbraid",
    "FPGCLAG": "gbraid",
    "_gcl_ag": "gbraid",
    "_gcl_gs": "gad_source",
}
"""Cookies of Google's form of a click, and the parameter that brought it; server-set first."""

GOOGLE_BROWSER = ("FPAU", "_gcl_au")
"""The browser to Google Ads; server-set first."""

PLAIN_CLICKS = {
    "ttclid": "ttclid",
    "_epik": "epik",
    "_scclid": "ScCid",
    "li_fat_id": "li_fat_id",
    "_rdt_cid": "rdt_cid",
    "twclid": "twclid",
    "_twclid": "twclid",
    "_uetmsclkid": "msclkid",
    "uet_msclkid": "msclkid",
    "__oppref": "oppref",
}
"""Cookies that hold a click id as it came, and the parameter that brought it."""

PLAIN_BROWSERS = {
    "_ttp": "ttp",
    "_scid": "scid",
    "_rdt_uuid": "_rdt_uuid",
    "_uetvid": "_uetvid",
    "uet_vid": "_uetvid",
    "__obref": "obref",
}
"""Cookies that hold the browser as TikTok, Snapchat, Reddit, Microsoft and OpenAI know it, and the
fields of the event; those of the vendors before those of Stape's tags."""

ADVERTISING_COOKIES = (
    *(FBP, FBC, *GOOGLE_BROWSER, *GOOGLE_CLICKS, *PLAIN_CLICKS, *PLAIN_BROWSERS),
)
"""Those of advertising platforms, which need `ad_storage`."""

ADVERTISING_BROWSERS = tuple(dict.fromkeys(["fbp", "fbc", "gcl_au", *PLAIN_BROWSERS.values()]))
"""Fields of an event with what is read of them, but for click ids."""

VENDOR_COOKIES = frozenset([FPID, GA, SNIPPET, *ADVERTISING_COOKIES])
