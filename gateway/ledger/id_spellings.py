"""The canonical spelling of an id, from which the ledger makes its digest."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import unquote

from destinations.normal_form import normal_form
from destinations.normalise import digests_of, email, google_email, hash_in_base64

GMAIL = ("gmail.com", "googlemail.com")
"""Domains that share their mailboxes."""

_HEX_DIGITS = 64
_SHORTEST_HASH = 43
"""Length of a SHA-256 digest in Base64, without padding."""

has_at = re.compile("@|%40|\uff20").search
"""Whether a text may be an e-mail address, also with an encoded or a wide ``@``."""

TEL = "tel:"
_PHONE = " tel:"
"""The prefix of the digits of a phone number. It begins with a blank, unlike any other spelling."""

_LONGEST_PHONE = 100
"""Maximum length of a phone number, with everything that people write into it."""


def spelling(text: str) -> str:
    """For an e-mail address its SHA-256 digest; for a SHA-256 digest its hex digits in lower case;
    any other id without surrounding blanks, in Unicode's form NFC."""
    if has_at(text):
        return _address_spelling(text)
    if len(text) >= _SHORTEST_HASH and (known := sha256_in(text)):
        return known
    text = text.strip()
    return text if text.isascii() else normal_form("NFC", text)


def earlier_spelling(text: str) -> str:
    """The spelling of earlier versions, which had one digest for ids of all kinds."""
    if "@" in text:
        return _address_spelling(text)
    if len(text) >= _HEX_DIGITS and (known := digests_of(text.strip(), ())):
        return known[0]
    return text


def _address_spelling(text: str) -> str:
    return sha256_of(email(text) or text.strip().lower())


def phone_spelling(text: str) -> str:
    """For a phone number its digits, such as `` tel:4930901820``; for a SHA-256 digest its hex
    digits; "" for a text without digits, or one that is too long."""
    if len(text) >= _SHORTEST_HASH and (known := sha256_in(text)):
        return known
    text = text.strip()
    if len(text) > _LONGEST_PHONE:
        return ""
    if text[:4].lower() == TEL:
        text = unquote(text[4:]).partition(";")[0]
    digits = "".join([str(int(each)) for each in text if each.isdecimal()])
    return f"{_PHONE}{digits}" if digits else ""


def gmail_spelling(text: str) -> str:
    """For an address at Gmail the spelling of its mailbox, which ignores dots and what follows a
    ``+``, with ``gmail.com`` for ``googlemail.com``; "" for any other address."""
    if "mail.com" not in text.lower():
        return ""
    name, _, domain = google_email(text).rpartition("@")
    return sha256_of(f"{name}@gmail.com") if name and domain in GMAIL else ""


def sha256_in(text: str) -> str:
    """The SHA-256 digest that `text` is, in hex or Base64, in lower-case hex; "" if it is none."""
    text = text.strip()
    known = digests_of(text, ())
    return known[0] if known else hash_in_base64(text)


def sha256_of(text: str) -> str:
    """In hex."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
