"""Names of the cookies of other tools that the gateway reads. A new one only needs an entry here:
how it is read, which consent it needs, and what is removed without it, follow from that.

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
"""The cookie in which our own snippet keeps the client id."""

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
"""Cookies with a click in Google's form, and the parameter of the click; server-set ones first."""

GOOGLE_BROWSER = ("FPAU", "_gcl_au")
"""Cookies with Google Ads' id of the browser; the server-set one first."""

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
"""Cookies with a plain click id, and the parameter of the click."""

PLAIN_BROWSERS = {
    "_ttp": "ttp",
    "_scid": "scid",
    "_rdt_uuid": "_rdt_uuid",
    "_uetvid": "_uetvid",
    "uet_vid": "_uetvid",
    "__obref": "obref",
}
"""Cookies with the ids of the browser at TikTok, Snapchat, Reddit, Microsoft and OpenAI, and the
event's fields for them; cookies of the vendors before those of Stape's tags."""

ADVERTISING_COOKIES = (
    *(FBP, FBC, *GOOGLE_BROWSER, *GOOGLE_CLICKS, *PLAIN_CLICKS, *PLAIN_BROWSERS),
)
"""Those of advertising platforms, which need `ad_storage`."""

ADVERTISING_BROWSERS = tuple(dict.fromkeys(["fbp", "fbc", "gcl_au", *PLAIN_BROWSERS.values()]))
"""The event's fields for what these cookies contain, except click ids."""

VENDOR_COOKIES = frozenset([FPID, GA, SNIPPET, *ADVERTISING_COOKIES])
